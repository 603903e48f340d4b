#include "broker/webhook/endpoint.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "broker/http/response.h"
#include "broker/private_file.h"
#include "broker/webhook/judge.h"
#include "broker/webhook/signature.h"
#include "broker/webhook/store_body.h"
#include "proto/errors.h"

namespace playhead::broker::webhook {
namespace {

constexpr absl::string_view kPath = "/webhook";

// Meta sends a body again after any answer but 200. 503 is for what is not the body's fault.
http::Response ErrorResponse(const absl::Status& error) {
  constexpr int kServiceUnavailable = 503;
  const bool is_ours = IsRetryable(error) || HasReason(error, Reason::kWebhookSecretMissing) ||
                       HasReason(error, Reason::kWebhookSecretsSealed);
  return is_ours ? http::JsonError(error, kServiceUnavailable) : http::JsonError(error);
}

}  // namespace

absl::StatusOr<SecretHash> LoadVerifyToken(const std::string& path) {
  const auto content = ReadPrivateFile(path, kVerifyTokenBytesMax + 1);
  if (!content.ok()) return content.status();
  absl::string_view token = *content;
  absl::ConsumeSuffix(&token, "\n");
  const bool is_visible = std::all_of(token.begin(), token.end(),
                                      [](char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)); });
  if (!is_visible || token.empty() || token.size() > kVerifyTokenBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " must hold one line of 1 to ", kVerifyTokenBytesMax, " visible ASCII characters"));
  }
  return SecretHash::Of(token);
}

Endpoint::Endpoint(const Core& core, const SecretStore& secrets, EndpointOptions options)
    : core_(core),
      secrets_(secrets),
      options_(std::move(options)),
      unverified_(options_.keep_unverified ? std::make_unique<UnverifiedStore>(core, options_.unverified_bytes_per_hour)
                                           : nullptr) {}

void Endpoint::AddRoutes(http::Router& router) const {
  router.Add(http::Verb::get, kPath, {.server_to_server = true},
             [this](http::Request request, http::Responder responder) { Handshake(request, std::move(responder)); });
  router.Add(
      http::Verb::post, kPath, {.body_bytes_max = kBodyBytesMax, .server_to_server = true},
      [this](http::Request request, http::Responder responder) { Receive(std::move(request), std::move(responder)); });
}

void Endpoint::Handshake(const http::Request& request, http::Responder responder) const {
  // Compared as hashes, which takes the same time for each answer.
  const bool is_right = options_.verify_token.has_value() && request.Query("hub.mode") == "subscribe" &&
                        options_.verify_token->Equals(SecretHash::Of(request.Query("hub.verify_token").value_or("")));
  const auto challenge = request.Query("hub.challenge");
  if (!is_right || !challenge.has_value()) {
    return std::move(responder).Refuse(
        MakeError(Reason::kVerifyTokenMismatch,
                  options_.verify_token.has_value()
                      ? "hub.mode=subscribe, a hub.challenge, and the hub.verify_token of this broker are needed"
                      : "this broker has no verify token: start it with --webhook_verify_token_file"));
  }
  std::move(responder).Send(http::TextResponse(200, std::string(*challenge)));
}

absl::Status Endpoint::CheckReady() const {
  if (absl::Status status = core_.streams.CheckServing(); !status.ok()) return status;
  return secrets_.ready();
}

void Endpoint::Receive(http::Request request, http::Responder responder) const {
  if (absl::Status status = CheckReady(); !status.ok()) return std::move(responder).Send(ErrorResponse(status));
  const std::shared_ptr<const SecretTable> secrets = secrets_.table();
  const std::string signature(request.Header(kSignatureHeader).value_or(""));
  auto body = std::make_unique<const std::string>(std::move(request.body));
  auto judgement = Judge(*secrets, signature, *body, absl::Now());
  if (!judgement.ok()) return std::move(responder).Send(ErrorResponse(judgement.status()));
  auto answer = [responder = std::move(responder)](absl::StatusOr<size_t> stored) mutable {
    std::move(responder).Send(stored.ok() ? http::TextResponse(200, "ok\n") : ErrorResponse(stored.status()));
  };
  if (judgement->verdict == Verdict::kVerified) {
    return StoreBody(core_,
                     {.bytes = std::move(body),
                      .events = std::move(judgement->events),
                      .attributes = {{"dialect", "whatsapp"}, {"verified", "true"}}},
                     std::move(answer));
  }
  if (unverified_ != nullptr) {
    return unverified_->Keep(std::move(body), judgement->events, signature, std::move(answer));
  }
  answer(secrets->empty() ? MakeError(Reason::kWebhookSecretMissing,
                                      "no app secret is set on this broker: set one with `playhead webhook secret`")
                          : MakeError(Reason::kSignatureInvalid, "no app secret is set for what the body names"));
}

}  // namespace playhead::broker::webhook

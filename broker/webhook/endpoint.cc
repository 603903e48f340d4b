#include "broker/webhook/endpoint.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "broker/http/response.h"
#include "broker/log.h"
#include "broker/private_file.h"
#include "broker/webhook/judge.h"
#include "broker/webhook/signature.h"
#include "broker/webhook/store_body.h"
#include "proto/errors.h"

namespace playhead::broker::webhook {
namespace {

constexpr absl::string_view kPath = "/webhook";

// Meta sends a body again after any answer but 200. 503 is for problems that are not the body's.
void Refuse(const absl::Status& error, http::Responder responder) {
  constexpr int kServiceUnavailable = 503;
  LogRefusal("webhook", error);
  const bool is_ours = IsRetryable(error) || HasReason(error, Reason::kWebhookSecretMissing) ||
                       HasReason(error, Reason::kWebhookSecretsSealed);
  std::move(responder).Send(is_ours ? http::JsonError(error, kServiceUnavailable) : http::JsonError(error));
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

absl::StatusOr<std::unique_ptr<Endpoint>> Endpoint::Make(const Core& core, const SecretStore& secrets,
                                                         const Options& options) {
  std::optional<SecretHash> verify_token;
  if (!options.verify_token_file.empty()) {
    const auto loaded = LoadVerifyToken(options.verify_token_file);
    if (!loaded.ok()) return loaded.status();
    verify_token = *loaded;
  }
  std::unique_ptr<UnverifiedStore> unverified;
  if (options.keep_unverified) unverified = std::make_unique<UnverifiedStore>(core, options.unverified_bytes_per_hour);
  return std::unique_ptr<Endpoint>(new Endpoint(core, secrets, verify_token, std::move(unverified)));
}

Endpoint::Endpoint(const Core& core, const SecretStore& secrets, std::optional<SecretHash> verify_token,
                   std::unique_ptr<UnverifiedStore> unverified)
    : core_(core), secrets_(secrets), verify_token_(verify_token), unverified_(std::move(unverified)) {}

void Endpoint::AddRoutes(http::Router& router) const {
  router.Add(http::Verb::get, kPath, {.server_to_server = true},
             [this](http::Request request, http::Responder responder) { Handshake(request, std::move(responder)); });
  router.Add(
      http::Verb::post, kPath, {.body_bytes_max = kBodyBytesMax, .server_to_server = true},
      [this](http::Request request, http::Responder responder) { Receive(std::move(request), std::move(responder)); });
}

void Endpoint::Handshake(const http::Request& request, http::Responder responder) const {
  // Compares hashes, so that the time does not depend on the token.
  const bool is_right = verify_token_.has_value() && request.Query("hub.mode") == "subscribe" &&
                        verify_token_->Equals(SecretHash::Of(request.Query("hub.verify_token").value_or("")));
  const auto challenge = request.Query("hub.challenge");
  if (!is_right || !challenge.has_value()) {
    return std::move(responder).Refuse(
        MakeError(Reason::kVerifyTokenMismatch,
                  verify_token_.has_value()
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
  if (absl::Status status = CheckReady(); !status.ok()) return Refuse(status, std::move(responder));
  const std::shared_ptr<const SecretTable> secrets = secrets_.table();
  const std::string signature(request.Header(kSignatureHeader).value_or(""));
  auto body = std::make_unique<const std::string>(std::move(request.body));
  auto answer = [&metrics = core_.metrics, responder = std::move(responder)](absl::StatusOr<size_t> stored) mutable {
    if (stored.ok()) metrics.webhook_events.Increment(static_cast<double>(*stored));
    if (HasReason(stored.status(), Reason::kSignatureInvalid)) metrics.webhook_unsigned_bodies.Increment();
    if (!stored.ok()) return Refuse(stored.status(), std::move(responder));
    std::move(responder).Send(http::TextResponse(200, "ok\n"));
  };
  auto judgement = Judge(*secrets, signature, *body, absl::Now());
  if (!judgement.ok()) return answer(judgement.status());
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

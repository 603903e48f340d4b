#include "broker/http_api/access.h"

#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "broker/auth/call_access.h"
#include "broker/http/response.h"
#include "broker/http_api/event_stream_text.h"
#include "broker/late_refusal.h"
#include "broker/log.h"
#include "proto/errors.h"

namespace playhead::broker::http_api {
namespace {

absl::string_view SecretOf(const http::Request& request) {
  const absl::string_view bearer = request.BearerSecret();
  return bearer.empty() ? request.Header("x-api-key").value_or("") : bearer;
}

CallAccess Judge(const Services& services, const http::Request& request, Credentials credentials) {
  const absl::string_view secret = SecretOf(request);
  const auto token = request.Query(kAccessTokenParameter);
  if (secret.empty() && token && credentials == Credentials::kSecretOrToken && !services.core.auth.open()) {
    return JudgeCaller(services.core, services.tokens.Redeem(*token), *token, request.body.size());
  }
  return JudgeAccess(services.core, secret, request.body.size());
}

// Where the client resumes; empty if nowhere, or if it says something that is no position.
absl::string_view ResumedId(const http::Request& request) {
  const absl::string_view id = request.Header("Last-Event-ID").value_or("");
  return absl::c_all_of(id, absl::ascii_isgraph) ? id : "";
}

}  // namespace

std::shared_ptr<Caller> Admit(const Services& services, const http::Request& request, Credentials credentials,
                              http::Responder& responder) {
  CallAccess access = Judge(services, request, credentials);
  if (access.caller != nullptr) return std::move(access.caller);
  if (access.refusal_delay == absl::ZeroDuration()) {
    Refuse(request, access.refusal, std::move(responder));
  } else {
    RefuseAfter(services.core.timers, access.refusal_delay,
                [responder = std::move(responder), refusal = std::move(access.refusal)]() mutable {
                  std::move(responder).Refuse(refusal);
                });
  }
  return nullptr;
}

bool WantsEventStream(const http::Request& request) {
  return absl::StrContains(request.Header("Accept").value_or(""), kEventStreamType);
}

void Refuse(const http::Request& request, const absl::Status& error, http::Responder responder) {
  if (!IsRetryable(error) || !WantsEventStream(request)) return std::move(responder).Refuse(error);
  LogRefusal("http", error);
  http::Response response = EventStreamHead();
  // An event without an id, first on its stream, would make the client forget where it was.
  AppendErrorEvent(error, ResumedId(request), response.body);
  std::move(responder).Send(std::move(response));
}

}  // namespace playhead::broker::http_api

#include "broker/http_api/token_route.h"

#include <simdjson.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "broker/auth/access_token.h"
#include "broker/auth/caller.h"
#include "broker/http/response.h"
#include "broker/http_api/access.h"
#include "broker/http_api/parameters.h"
#include "proto/errors.h"
#include "proto/event_json.h"
#include "proto/json_document.h"

namespace playhead::broker::http_api {
namespace {

struct TokenRequest {
  std::string instances;
  absl::Duration lifetime = kAccessTokenLifetimeDefault;
};

absl::Status Malformed(absl::string_view message) { return MakeError(Reason::kMalformedRequest, message); }

absl::StatusOr<TokenRequest> ReadRequest(const http::Request& request) {
  if (absl::Status status = CheckParameters(request, {}); !status.ok()) return status;
  JsonDocument document;
  simdjson::ondemand::object object;
  if (!document.Load(request.body) || document.root().get_object().get(object) != 0) {
    return Malformed(R"(the body is {"instances":"NAME or PREFIX*"}, and maybe "lifetime_seconds")");
  }
  TokenRequest out;
  for (auto field : object) {
    std::string_view name;
    if (field.unescaped_key().get(name) != 0) return Malformed("a field's name is not good UTF-8");
    if (name == "instances") {
      std::string_view instances;
      if (field.value().get_string().get(instances) != 0) return Malformed("instances is not a string");
      out.instances = std::string(instances);
    } else if (name == "lifetime_seconds") {
      uint64_t seconds = 0;
      if (field.value().get_uint64().get(seconds) != 0) return Malformed("lifetime_seconds is not a whole number");
      constexpr uint64_t kAnyTooLarge = uint64_t{1} << 32;
      out.lifetime = absl::Seconds(static_cast<int64_t>(std::min(seconds, kAnyTooLarge)));
    } else {
      return Malformed(absl::StrCat("unknown field ", std::string(name)));
    }
  }
  return out;
}

}  // namespace

void MintAccessToken(const Services& services, http::Request request, http::Responder responder) {
  const std::shared_ptr<Caller> caller = Admit(services, request, Credentials::kSecret, responder);
  if (caller == nullptr) return;
  const auto wanted = ReadRequest(request);
  if (!wanted.ok()) return std::move(responder).Refuse(wanted.status());
  const auto minted = services.tokens.Mint(*caller, wanted->instances, wanted->lifetime);
  if (!minted.ok()) return std::move(responder).Refuse(minted.status());
  std::move(responder).Send(
      {.content_type = "application/json",
       .body = absl::StrCat(R"({"access_token":")", minted->token, R"(","instances":)", JsonString(wanted->instances),
                            R"(,"expires_at":")", FormatMicros(absl::ToUnixMicros(minted->expires_at)), "\"}")});
}

}  // namespace playhead::broker::http_api

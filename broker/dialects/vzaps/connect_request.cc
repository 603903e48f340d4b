#include "broker/dialects/vzaps/connect_request.h"

#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/errors.h"

namespace playhead::broker::vzaps {
namespace {

// The user agent of the PHP SDK's library.
constexpr absl::string_view kPhpUserAgent = "websocket-client-php";

// A credential from its two places; empty if it is in neither.
absl::StatusOr<std::string> Credential(absl::string_view name, absl::string_view in_header,
                                       std::optional<absl::string_view> in_query) {
  const absl::string_view query = in_query.value_or("");
  if (!in_header.empty() && !query.empty() && in_header != query) {
    return MakeError(Reason::kUnauthenticated,
                     absl::StrCat("the headers name another ", name, " than the query: send one of them"));
  }
  return std::string(in_header.empty() ? query : in_header);
}

absl::Status Missing(absl::string_view what) {
  return MakeError(Reason::kUnauthenticated, absl::StrCat(what, " is missing"));
}

}  // namespace

absl::StatusOr<ConnectRequest> ReadConnectRequest(const http::Request& request) {
  ConnectRequest connect;
  const auto take = [&request](absl::string_view name, absl::string_view header, std::string& out) -> absl::Status {
    auto value = Credential(name, header, request.Query(name));
    if (!value.ok()) return value.status();
    out = *std::move(value);
    return absl::OkStatus();
  };
  absl::Status status = take("access_token", request.BearerSecret(), connect.access_token);
  if (status.ok()) status = take("client_token", request.Header("X-Client-Token").value_or(""), connect.client_token);
  if (status.ok()) {
    status = take("instance_token", request.Header("X-Instance-Token").value_or(""), connect.instance_token);
  }
  if (!status.ok()) return status;
  if (connect.access_token.empty()) return Missing("the access token (POST /token gives one)");
  if (connect.instance_token.empty()) return Missing("the instance token, which is the secret of a key,");
  connect.instance = std::string(request.Query("instance_id").value_or(""));
  if (connect.instance.empty()) return MakeError(Reason::kMalformedRequest, "`instance_id` is missing");
  for (const http::Parameter& parameter : request.query) {
    if (parameter.name != "events") continue;
    for (const absl::string_view name : absl::StrSplit(parameter.value, ',')) {
      const absl::string_view stripped = absl::StripAsciiWhitespace(name);
      if (!stripped.empty()) connect.events.emplace_back(stripped);
    }
  }
  if (connect.events.size() > kEventNamesMax) {
    return MakeError(Reason::kMalformedRequest, absl::StrCat("`events` names up to ", kEventNamesMax, " types"));
  }
  connect.last_event_id = std::string(request.Query("last_event_id").value_or(""));
  connect.reads_within_5s = absl::StrContains(request.Header("User-Agent").value_or(""), kPhpUserAgent);
  return connect;
}

}  // namespace playhead::broker::vzaps

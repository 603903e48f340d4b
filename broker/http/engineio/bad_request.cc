#include "broker/http/engineio/bad_request.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace playhead::broker::http::engineio {
namespace {

absl::string_view Text(BadRequest error) {
  switch (error) {
    case BadRequest::kTransportUnknown:
      return "Transport unknown";
    case BadRequest::kSessionUnknown:
      return "Session ID unknown";
    case BadRequest::kBadHandshakeMethod:
      return "Bad handshake method";
    case BadRequest::kBadRequest:
      return "Bad request";
    case BadRequest::kUnsupportedVersion:
      return "Unsupported protocol version";
  }
  return "";
}

}  // namespace

Response BadRequestResponse(BadRequest error) {
  return {.status = 400,
          .content_type = "application/json",
          .body = absl::StrCat(R"({"code":)", static_cast<int>(error), R"(,"message":")", Text(error), R"("})")};
}

}  // namespace playhead::broker::http::engineio

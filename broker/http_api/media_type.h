// Media types in headers.
#ifndef PLAYHEAD_BROKER_HTTP_API_MEDIA_TYPE_H_
#define PLAYHEAD_BROKER_HTTP_API_MEDIA_TYPE_H_

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"

namespace playhead::broker::http_api {

// The media type of a Content-Type, in lower case and without parameters: "application/json" for "Application/JSON;
// charset=utf-8".
inline std::string MediaTypeOf(absl::string_view content_type) {
  return absl::AsciiStrToLower(absl::StripAsciiWhitespace(content_type.substr(0, content_type.find(';'))));
}

}  // namespace playhead::broker::http_api

#endif  // PLAYHEAD_BROKER_HTTP_API_MEDIA_TYPE_H_

// Parses and decodes the target of a request line.
#ifndef PLAYHEAD_BROKER_HTTP_TARGET_H_
#define PLAYHEAD_BROKER_HTTP_TARGET_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace playhead::broker::http {

struct Parameter {
  std::string name;
  std::string value;

  friend bool operator==(const Parameter&, const Parameter&) = default;
};

struct Target {
  std::string path;                   // Decoded as a whole.
  std::vector<std::string> segments;  // The parts between the slashes of the path, each decoded by itself: a decoded
                                      // slash does not split. "/" has one empty segment, "/a/" ends with one.
  std::vector<Parameter> query;       // Decoded, with `+` as a space; a parameter without `=` has an empty value.
};

// Accepts the two forms that a server must accept (RFC 9112, 3.2): `/path?query` and `http://host/path?query`, whose
// host is ignored. Nothing is normalised: `.` and `..` are segments like others.
//   InvalidArgument  MALFORMED_REQUEST: another form, a character that RFC 3986 does not allow, or a bad %-code.
absl::StatusOr<Target> ParseTarget(absl::string_view text);

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_TARGET_H_

#include "broker/http/target.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "absl/strings/match.h"
#include "proto/errors.h"

namespace playhead::broker::http {
namespace {

namespace urls = boost::urls;

absl::Status Malformed() {
  return MakeError(Reason::kMalformedRequest,
                   "the request's target is not a path with a query as RFC 3986 writes them: encode other characters "
                   "with %");
}

}  // namespace

absl::StatusOr<Target> ParseTarget(absl::string_view text) {
  const bool origin_form = absl::StartsWith(text, "/");
  if (!origin_form && !absl::StartsWithIgnoreCase(text, "http://") && !absl::StartsWithIgnoreCase(text, "https://")) {
    return Malformed();
  }
  const boost::core::string_view view(text.data(), text.size());
  const auto url = origin_form ? urls::parse_origin_form(view) : urls::parse_absolute_uri(view);
  if (!url) return Malformed();

  Target target;
  target.path = url->path();
  for (const auto segment : url->encoded_segments()) target.segments.push_back(segment.decode());
  // `/` has no segment, and `http://host` has no path, in RFC 3986's terms.
  if (target.segments.empty()) target.segments.emplace_back();
  if (target.path.empty()) target.path.push_back('/');
  const urls::encoding_opts plus_is_a_blank(/*space_as_plus=*/true);
  for (const auto parameter : url->encoded_params()) {
    target.query.push_back({parameter.key.decode(plus_is_a_blank), parameter.value.decode(plus_is_a_blank)});
  }
  return target;
}

}  // namespace playhead::broker::http

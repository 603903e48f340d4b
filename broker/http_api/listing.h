// The parameters of requests for a page of a list: `prefix`, `page_size` and `page_token`.
#ifndef PLAYHEAD_BROKER_HTTP_API_LISTING_H_
#define PLAYHEAD_BROKER_HTTP_API_LISTING_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "broker/http/request.h"

namespace playhead::broker::http_api {

struct Listing {
  std::string prefix;
  std::string after_name;
  size_t page_size = 0;
};

// The request may also have the parameters `others`.
//   InvalidArgument  MALFORMED_REQUEST, LIMIT_INVALID, PAGE_TOKEN_INVALID.
absl::StatusOr<Listing> ReadListing(const http::Request& request, absl::Span<const absl::string_view> others);

}  // namespace playhead::broker::http_api

#endif  // PLAYHEAD_BROKER_HTTP_API_LISTING_H_

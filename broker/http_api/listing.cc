#include "broker/http_api/listing.h"

#include <utility>
#include <vector>

#include "broker/http_api/parameters.h"
#include "broker/listing/page_size.h"
#include "broker/listing/page_token.h"

namespace playhead::broker::http_api {

absl::StatusOr<Listing> ReadListing(const http::Request& request, absl::Span<const absl::string_view> others) {
  std::vector<absl::string_view> names = {"prefix", "page_size", "page_token"};
  names.insert(names.end(), others.begin(), others.end());
  if (absl::Status named = CheckParameters(request, names); !named.ok()) return named;
  Listing listing;
  const auto page_size = NumberParameter(request, "page_size");
  if (!page_size.ok()) return page_size.status();
  const auto checked = CheckPageSize(page_size->value_or(0));
  if (!checked.ok()) return checked.status();
  listing.page_size = *checked;
  listing.prefix = std::string(request.Query("prefix").value_or(""));
  auto after = DecodePageToken(request.Query("page_token").value_or(""), listing.prefix);
  if (!after.ok()) return after.status();
  listing.after_name = *std::move(after);
  return listing;
}

}  // namespace playhead::broker::http_api

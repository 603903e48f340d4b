// Tokens that say where the next page of a listing starts. Opaque to clients.
#ifndef PLAYHEAD_BROKER_LISTING_PAGE_TOKEN_H_
#define PLAYHEAD_BROKER_LISTING_PAGE_TOKEN_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace playhead::broker {

// Encodes the token of the page after the instance `last_name`.
std::string EncodePageToken(absl::string_view last_name);

// Returns the name after which the page starts; empty for the first page, whose token is empty.
//  InvalidArgument (PAGE_TOKEN_INVALID)  the token is not one of ours, or its name does not start with `prefix`.
absl::StatusOr<std::string> DecodePageToken(absl::string_view token, absl::string_view prefix);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_LISTING_PAGE_TOKEN_H_

// Tokens that say where the next page of a listing starts. Opaque to clients; made for one listing and bound to it.
#ifndef PLAYHEAD_BROKER_GRPC_PAGE_TOKEN_H_
#define PLAYHEAD_BROKER_GRPC_PAGE_TOKEN_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace playhead::broker {

// The page behind the instance `last_name`.
std::string EncodePageToken(absl::string_view last_name);

// The name behind which the page starts; empty for the first page, whose token is empty.
//   InvalidArgument (PAGE_TOKEN_INVALID)  the token is not one of ours, or of a listing with another prefix.
absl::StatusOr<std::string> DecodePageToken(absl::string_view token, absl::string_view prefix);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_PAGE_TOKEN_H_

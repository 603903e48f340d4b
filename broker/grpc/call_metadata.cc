#include "broker/grpc/call_metadata.h"

#include <grpcpp/support/string_ref.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace playhead::broker {

absl::string_view MetadataValue(const grpc::CallbackServerContext& context, absl::string_view key) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find(grpc::string_ref(key.data(), key.size()));
  return found == metadata.end() ? absl::string_view() : absl::string_view(found->second.data(), found->second.size());
}

absl::string_view BearerSecret(const grpc::CallbackServerContext& context) {
  constexpr absl::string_view kScheme = "bearer ";
  const absl::string_view value = MetadataValue(context, "authorization");
  return absl::StartsWithIgnoreCase(value, kScheme) ? absl::StripLeadingAsciiWhitespace(value.substr(kScheme.size()))
                                                    : value;
}

}  // namespace playhead::broker

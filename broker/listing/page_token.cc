#include "broker/listing/page_token.h"

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/errors.h"
#include "storage/event_log.h"

namespace playhead::broker {
namespace {

// Distinguishes our tokens from other text, and names their format.
constexpr absl::string_view kForm = "n1:";

}  // namespace

std::string EncodePageToken(absl::string_view last_name) {
  return absl::WebSafeBase64Escape(absl::StrCat(kForm, last_name));
}

absl::StatusOr<std::string> DecodePageToken(absl::string_view token, absl::string_view prefix) {
  if (token.empty()) return std::string();
  std::string decoded;
  absl::string_view name;
  if (absl::WebSafeBase64Unescape(token, &decoded)) name = decoded;
  if (!absl::ConsumePrefix(&name, kForm) || !storage::CheckInstanceName(name).ok() || !absl::StartsWith(name, prefix)) {
    return MakeError(Reason::kPageTokenInvalid,
                     "`page_token` must be empty, or the next_page_token of a page with the same prefix");
  }
  return std::string(name);
}

}  // namespace playhead::broker

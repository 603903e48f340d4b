// The signature of a webhook: HMAC-SHA256 with the app's secret, over the exact bytes of the body.
#ifndef PLAYHEAD_BROKER_WEBHOOK_SIGNATURE_H_
#define PLAYHEAD_BROKER_WEBHOOK_SIGNATURE_H_

#include <array>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace playhead::broker::webhook {

inline constexpr absl::string_view kSignatureHeader = "X-Hub-Signature-256";

using Signature = std::array<unsigned char, 32>;

// Parses `X-Hub-Signature-256`: `sha256=` and 64 hexadecimal digits. nullopt for any other text.
std::optional<Signature> ParseSignature(absl::string_view header);

// The header's value for `body`, as Meta sends it.
std::string SignatureHeader(absl::string_view body, absl::string_view app_secret);

// Whether `signature` is that of `body` under `app_secret`; the comparison takes constant time. A pure function; any
// thread; takes time proportional to the size of `body`.
bool SignatureHolds(const Signature& signature, absl::string_view body, absl::string_view app_secret);

}  // namespace playhead::broker::webhook

#endif  // PLAYHEAD_BROKER_WEBHOOK_SIGNATURE_H_

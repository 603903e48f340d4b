// SigningKey: random bytes of the store with which the broker signs what it hands out, to know it again.
#ifndef PLAYHEAD_BROKER_AUTH_SIGNING_KEY_H_
#define PLAYHEAD_BROKER_AUTH_SIGNING_KEY_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/record_store.h"

namespace playhead::broker {

// HMAC-SHA-256. Whoever has a copy of the store can sign too. Immutable; thread-safe. Blocking: Load only.
class SigningKey {
 public:
  static constexpr size_t kBytes = 32;

  // Reads the key that is the row `row` of RecordSpace::kKeys (docs/on-disk-format.md), or makes it. Waits for the
  // store.
  //   DataLoss  the row is damaged.   Others as RecordStore::Scan and Write.
  static absl::StatusOr<SigningKey> Load(storage::RecordStore& records, absl::string_view row);
  // REQUIRES: `bytes` are kBytes.
  explicit SigningKey(std::string bytes) : bytes_(std::move(bytes)) {}

  std::string Sign(absl::string_view text) const;
  // Whether `signature` is the one of `text`. In constant time.
  bool Signed(absl::string_view text, absl::string_view signature) const;

 private:
  std::string bytes_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AUTH_SIGNING_KEY_H_

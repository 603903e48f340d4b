// SigningKey: a random key, kept in the store, with which the broker signs what it issues, to recognise it later.
#ifndef PLAYHEAD_BROKER_AUTH_SIGNING_KEY_H_
#define PLAYHEAD_BROKER_AUTH_SIGNING_KEY_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/record_store.h"

namespace playhead::broker {

// HMAC-SHA-256. Anybody with a copy of the store can sign too. Immutable; thread-safe. Blocking: Load only.
class SigningKey {
 public:
  static constexpr size_t kBytes = 32;

  // Reads the key from the row `row` of RecordSpace::kKeys (docs/on-disk-format.md), or creates it. Waits for the
  // store.
  //   DataLoss  the row is damaged.   Others as RecordStore::Scan and Write.
  static absl::StatusOr<SigningKey> Load(storage::RecordStore& records, absl::string_view row);
  // REQUIRES: `bytes` has kBytes bytes.
  explicit SigningKey(std::string bytes) : bytes_(std::move(bytes)) {}

  std::string Sign(absl::string_view text) const;
  // Whether `signature` is that of `text`. In constant time.
  bool Signed(absl::string_view text, absl::string_view signature) const;

 private:
  std::string bytes_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AUTH_SIGNING_KEY_H_

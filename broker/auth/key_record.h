// Checks requests for keys, and converts the stored form of a key to the form that the authenticator takes.
#ifndef PLAYHEAD_BROKER_AUTH_KEY_RECORD_H_
#define PLAYHEAD_BROKER_AUTH_KEY_RECORD_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "broker/auth/authenticator.h"
#include "playhead/store/v1/key_record.pb.h"
#include "playhead/v1/keys.pb.h"

namespace playhead::broker {

inline constexpr size_t kKeyNameBytesMax = 100;
inline constexpr absl::Duration kGraceDefault = absl::Hours(24);
inline constexpr absl::Duration kGraceMax = absl::Hours(24 * 30);

// Checks the rules of CreateKeyRequest. InvalidArgument (KEY_INVALID).
absl::Status CheckCreate(const v1::CreateKeyRequest& request, absl::Time now);

// InvalidArgument (KEY_INVALID) unless `expires_at` is 0 or after `now`.
absl::Status CheckExpiry(int64_t expires_at, absl::Time now);

// DataLoss for a record that no CreateKeyRequest can produce.
absl::StatusOr<KeyEntry> ToEntry(const store::v1::KeyRecord& record);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AUTH_KEY_RECORD_H_

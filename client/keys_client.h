// KeysClient: creates, lists, revokes and rotates keys, for administrators. docs/security.md explains the model.
#ifndef PLAYHEAD_CLIENT_KEYS_CLIENT_H_
#define PLAYHEAD_CLIENT_KEYS_CLIENT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/options.h"
#include "client/paged_range.h"
#include "playhead/v1/keys.pb.h"

namespace playhead {

namespace v1 {
class Keys;
}  // namespace v1
namespace internal {
template <typename Service>
class ServiceClient;
}  // namespace internal

// Thread safety: all methods may be called from any thread. Copies share one connection.
// Blocking: until the reply or ClientOptions::request_timeout. Each call is one attempt: after UNAVAILABLE or
// DEADLINE_EXCEEDED, a key may have been created or rotated whose secret nobody has seen; list the keys, and revoke it.
// Errors: as keys.proto says; statuses carry the broker's reason (proto/errors.h).
class KeysClient {
 public:
  // Does not connect yet.   InvalidArgument  an option is out of range; the message says which.
  static absl::StatusOr<KeysClient> Create(const ClientOptions& options);

  // Only this response contains the key's secret.
  absl::StatusOr<v1::CreateKeyResponse> CreateKey(const v1::CreateKeyRequest& request);

  // All keys in the order of their ids, revoked and expired ones included.
  PagedRange<v1::Key> ListKeys();

  absl::StatusOr<v1::Key> RevokeKey(absl::string_view id);

  // Only this response contains the new secret.
  absl::StatusOr<v1::RotateKeyResponse> RotateKey(const v1::RotateKeyRequest& request);

 private:
  using Service = internal::ServiceClient<v1::Keys>;
  explicit KeysClient(std::shared_ptr<Service> service);

  std::shared_ptr<Service> service_;
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_KEYS_CLIENT_H_

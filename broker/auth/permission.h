// What a key may do with an instance.
#ifndef PLAYHEAD_BROKER_AUTH_PERMISSION_H_
#define PLAYHEAD_BROKER_AUTH_PERMISSION_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace playhead::broker {

enum class Permission : uint8_t { kAppend, kSubscribe, kManage };

// As users write it: `append`, `subscribe`, `manage`.
inline absl::string_view PermissionName(Permission permission) {
  switch (permission) {
    case Permission::kAppend:
      return "append";
    case Permission::kSubscribe:
      return "subscribe";
    case Permission::kManage:
      break;
  }
  return "manage";
}

class PermissionSet {
 public:
  constexpr PermissionSet() = default;
  static constexpr PermissionSet All() {
    PermissionSet all;
    all.Add(Permission::kAppend);
    all.Add(Permission::kSubscribe);
    all.Add(Permission::kManage);
    return all;
  }

  constexpr void Add(Permission permission) { bits_ = static_cast<uint8_t>(bits_ | Bit(permission)); }
  constexpr bool Has(Permission permission) const { return (bits_ & Bit(permission)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }

 private:
  static constexpr uint8_t Bit(Permission permission) {
    return static_cast<uint8_t>(1 << static_cast<int>(permission));
  }

  uint8_t bits_ = 0;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AUTH_PERMISSION_H_

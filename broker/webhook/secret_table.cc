#include "broker/webhook/secret_table.h"

namespace playhead::broker::webhook {

bool AppSecret::Holds(const Signature& signature, absl::string_view body, absl::Time now) const {
  return SignatureHolds(signature, body, current) || (HasPrevious(now) && SignatureHolds(signature, body, previous));
}

const AppSecret* SecretTable::Find(absl::string_view instance) const {
  for (const absl::string_view name : {instance, kAllInstances}) {
    if (const auto found = secrets.find(std::string(name)); found != secrets.end()) return &found->second;
  }
  return nullptr;
}

}  // namespace playhead::broker::webhook

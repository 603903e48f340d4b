#include "broker/webhook/stored_app_secrets.h"

#include "absl/time/clock.h"
#include "broker/auth/secret.h"
#include "broker/webhook/body.h"
#include "broker/webhook/secret_table.h"
#include "broker/webhook/unverified.h"

namespace playhead::broker::webhook {

bool StoredAppSecrets::MayBeOf(absl::string_view instance, absl::string_view app_secret) const {
  const auto table = secrets_.table();
  const AppSecret* const known = table->Find(instance);
  if (known == nullptr) return true;
  // Hashes have a fixed length, so the comparison does not reveal the secret's length.
  const SecretHash given = SecretHash::Of(app_secret);
  const bool is_current = given.Equals(SecretHash::Of(known->current));
  const bool is_previous = known->HasPrevious(absl::Now()) && given.Equals(SecretHash::Of(known->previous));
  return is_current || is_previous;
}

absl::string_view StoredAppSecrets::unverified_type() const { return kUnverifiedType; }

std::vector<AppSecrets::Part> StoredAppSecrets::Verify(const EventView& event, absl::string_view instance,
                                                       absl::string_view app_secret) {
  std::vector<Part> parts;
  if (!cache_.Holds(event, app_secret)) return parts;
  for (const BodyEvent& part : PartsOfUnverified(event.data, instance)) {
    parts.push_back({part.type, part.data()});
  }
  return parts;
}

}  // namespace playhead::broker::webhook

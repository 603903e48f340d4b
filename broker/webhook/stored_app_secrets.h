// Answers what dialects ask about the app secrets that sign webhooks.
#ifndef PLAYHEAD_BROKER_WEBHOOK_STORED_APP_SECRETS_H_
#define PLAYHEAD_BROKER_WEBHOOK_STORED_APP_SECRETS_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "broker/dialects/app_secrets.h"
#include "broker/webhook/secret_store.h"
#include "broker/webhook/verification_cache.h"
#include "proto/event_wire.h"

namespace playhead::broker::webhook {

// Thread safety: all methods may be called from any thread.   Ownership: borrows `secrets`.
class StoredAppSecrets final : public AppSecrets {
 public:
  explicit StoredAppSecrets(const SecretStore& secrets) : secrets_(secrets) {}

  bool MayBeOf(absl::string_view instance, absl::string_view app_secret) const override;
  absl::string_view unverified_type() const override;
  std::vector<Part> Verify(const EventView& event, absl::string_view instance, absl::string_view app_secret) override;

 private:
  const SecretStore& secrets_;
  VerificationCache cache_;
};

}  // namespace playhead::broker::webhook

#endif  // PLAYHEAD_BROKER_WEBHOOK_STORED_APP_SECRETS_H_

// Binds the Photon dialect's questions about app secrets to the webhooks' part of the broker.
#ifndef PLAYHEAD_BROKER_PHOTON_APP_SECRETS_H_
#define PLAYHEAD_BROKER_PHOTON_APP_SECRETS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "broker/dialects/photon/app_secrets.h"
#include "broker/webhook/secret_store.h"
#include "broker/webhook/verification_cache.h"
#include "proto/event_wire.h"

namespace playhead::broker {

// Thread safety: all methods may be called from any thread.   Ownership: borrows `secrets`.
class PhotonAppSecrets final : public photon::AppSecrets {
 public:
  explicit PhotonAppSecrets(const webhook::SecretStore& secrets) : secrets_(secrets) {}

  bool MayBeOf(absl::string_view instance, absl::string_view app_secret) const override;
  absl::string_view unverified_type() const override;
  std::vector<Part> Verify(const EventView& event, absl::string_view instance, absl::string_view app_secret) override;

 private:
  const webhook::SecretStore& secrets_;
  webhook::VerificationCache cache_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_PHOTON_APP_SECRETS_H_

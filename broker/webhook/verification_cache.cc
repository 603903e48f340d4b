#include "broker/webhook/verification_cache.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/auth/secret.h"
#include "broker/webhook/signature.h"
#include "broker/webhook/unverified.h"

namespace playhead::broker::webhook {

bool VerificationCache::Holds(const EventView& event, absl::string_view app_secret) {
  if (event.type != kUnverifiedType || app_secret.empty()) return false;
  const std::string key = absl::StrCat(event.id, SecretHash::Of(app_secret).bytes());
  {
    absl::MutexLock lock(&mu_);
    for (const Answers* answers : {&recent_, &older_}) {
      if (const auto found = answers->find(key); found != answers->end()) return found->second;
    }
  }
  absl::string_view header;
  for (const auto& [name, value] : event.attributes) {
    if (name == kSignatureAttribute) header = value;
  }
  const std::optional<Signature> signature = ParseSignature(header);
  const bool holds = signature.has_value() && SignatureHolds(*signature, event.data, app_secret);
  absl::MutexLock lock(&mu_);
  if (recent_.size() >= entries_max_ / 2) older_ = std::exchange(recent_, Answers());
  recent_[key] = holds;
  return holds;
}

std::vector<BodyEvent> PartsOfUnverified(absl::string_view body, absl::string_view instance) {
  auto events = SplitBody(body);
  if (!events.ok()) return {};
  events->erase(std::remove_if(events->begin(), events->end(),
                               [instance](const BodyEvent& event) { return event.instance != instance; }),
                events->end());
  return *std::move(events);
}

}  // namespace playhead::broker::webhook

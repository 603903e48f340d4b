#include "broker/webhook/judge.h"

#include <optional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"

namespace playhead::broker::webhook {
namespace {

absl::Status DoesNotHold() {
  return MakeError(Reason::kSignatureInvalid,
                   absl::StrCat("the signature must hold under the app secret of every instance that the body names"));
}

// Nothing signed is lost: a body that cannot be split is kept whole.
std::vector<BodyEvent> EventsOf(absl::StatusOr<std::vector<BodyEvent>> split, absl::string_view body) {
  return split.ok() ? *std::move(split) : std::vector<BodyEvent>{WholeBodyEvent(body)};
}

}  // namespace

absl::StatusOr<Judgement> Judge(const SecretTable& secrets, absl::string_view signature, absl::string_view body,
                                absl::Time now) {
  const std::optional<Signature> parsed = ParseSignature(signature);
  if (!parsed.has_value()) {
    return MakeError(Reason::kSignatureInvalid,
                     absl::StrCat(kSignatureHeader, " must be `sha256=` and 64 hexadecimal digits"));
  }
  if (secrets.is_one_for_all()) {
    if (!secrets.secrets.begin()->second.Holds(*parsed, body, now)) return DoesNotHold();
    return Judgement{Verdict::kVerified, EventsOf(SplitBody(body), body)};
  }
  auto split = SplitBody(body);
  std::vector<absl::string_view> instances;
  if (split.ok()) {
    instances = InstancesOf(*split);
  } else if (secrets.Find(kAllInstances) != nullptr) {
    instances.push_back(kAllInstances);
  } else {
    return split.status();
  }
  absl::flat_hash_set<const AppSecret*> held;  // Secrets already verified: many instances may share one.
  size_t without_secret = 0;
  for (const absl::string_view instance : instances) {
    const AppSecret* const secret = secrets.Find(instance);
    if (secret == nullptr) {
      ++without_secret;
    } else if (held.insert(secret).second && !secret->Holds(*parsed, body, now)) {
      return DoesNotHold();
    }
  }
  if (without_secret == instances.size()) return Judgement{Verdict::kUnverified, *std::move(split)};
  if (without_secret > 0) return DoesNotHold();
  return Judgement{Verdict::kVerified, EventsOf(std::move(split), body)};
}

}  // namespace playhead::broker::webhook

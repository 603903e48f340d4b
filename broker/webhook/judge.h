// Decides whether a webhook is authentic, and extracts its events.
#ifndef PLAYHEAD_BROKER_WEBHOOK_JUDGE_H_
#define PLAYHEAD_BROKER_WEBHOOK_JUDGE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/webhook/body.h"
#include "broker/webhook/secret_table.h"

namespace playhead::broker::webhook {

enum class Verdict {
  kVerified,    // Verified under the secret of every instance that it names. All of it must be stored, whatever it is.
  kUnverified,  // No instance that it names has a secret, and no secret is set for all.
};

struct Judgement {
  Verdict verdict;
  std::vector<BodyEvent> events;  // They point into the body.
};

// Judges `body` by `signature`, the value of kSignatureHeader, which is empty if there was none. With one secret for
// all, nothing is parsed before the signature is verified; otherwise, before that, the body is only searched for the
// names of its instances. Pure; any thread; takes time proportional to the size of the body.
//   Unauthenticated     SIGNATURE_INVALID: the signature is not valid for an instance that has a secret, or is missing.
//   InvalidArgument     WEBHOOK_BODY_INVALID: it names no instance, and no secret is set for all.
absl::StatusOr<Judgement> Judge(const SecretTable& secrets, absl::string_view signature, absl::string_view body,
                                absl::Time now);

}  // namespace playhead::broker::webhook

#endif  // PLAYHEAD_BROKER_WEBHOOK_JUDGE_H_

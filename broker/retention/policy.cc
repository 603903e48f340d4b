#include "broker/retention/policy.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "proto/errors.h"
#include "storage/limits.h"
#include "storage/own_instances.h"

namespace playhead::broker::retention {
namespace {

absl::Status CheckSeconds(absl::string_view what, uint64_t seconds) {
  if (seconds <= kSecondsMax) return absl::OkStatus();
  return MakeError(Reason::kLimitInvalid, absl::StrCat(what, " is ", seconds, "; up to ", kSecondsMax,
                                                       " (100 years) is allowed, and 0 for no bound"));
}

absl::Status CheckTypeLife(const v1::TypeLife& life) {
  const absl::string_view type = absl::StripSuffix(life.type(), "*");
  if (life.type().empty() || type.size() > storage::kTypeBytesMax) {
    return MakeError(Reason::kFilterInvalid,
                     absl::StrCat("a type has ", type.size(), " bytes; 1 to ", storage::kTypeBytesMax,
                                  " are allowed, with `*` at the end for a prefix"));
  }
  if (absl::StartsWith(type, storage::kOwnInstancesPrefix)) {
    return MakeError(Reason::kFilterInvalid,
                     "types that begin with `playhead.` are the broker's own: they live as long "
                     "as the log keeps them");
  }
  if (life.seconds() == 0) {
    return MakeError(Reason::kLimitInvalid, absl::StrCat("the life of ", life.type(), " is 0: 1 second is the least"));
  }
  return CheckSeconds(absl::StrCat("the life of ", life.type()), life.seconds());
}

}  // namespace

absl::Status CheckPolicy(const Policy& policy) {
  absl::Status status = CheckSeconds("`age_seconds`", policy.age_seconds());
  if (status.ok()) status = CheckSeconds("`consumers_seconds`", policy.consumers_seconds());
  if (status.ok() && policy.type_lives_size() > static_cast<int>(kTypeLivesMax)) {
    status = MakeError(
        Reason::kLimitInvalid,
        absl::StrCat(policy.type_lives_size(), " types have a life of their own; ", kTypeLivesMax, " are allowed"));
  }
  if (status.ok() && policy.events() != 0 && policy.events_min() > policy.events()) {
    status = MakeError(Reason::kLimitInvalid, absl::StrCat("`events` is ", policy.events(), ", which is less than ",
                                                           policy.events_min(), ", the least that `events_min` keeps"));
  }
  for (const v1::TypeLife& life : policy.type_lives()) {
    if (status.ok()) status = CheckTypeLife(life);
  }
  return status;
}

bool Trims(const Policy& policy) {
  return policy.age_seconds() != 0 || policy.bytes() != 0 || policy.events() != 0 || policy.consumers_seconds() != 0;
}

std::shared_ptr<const storage::TypeLives> LivesOf(const Policy& policy) {
  if (policy.type_lives().empty()) return nullptr;
  std::vector<storage::TypeLife> lives;
  for (const v1::TypeLife& life : policy.type_lives()) {
    lives.push_back({life.type(), absl::Seconds(static_cast<int64_t>(life.seconds()))});
  }
  return std::make_shared<storage::TypeLives>(std::move(lives));
}

absl::StatusOr<uint64_t> LastToGo(const Policy& policy, const storage::LogBounds& bounds, const LogQuestions& log) {
  const uint64_t head = bounds.head.sequence();
  const uint64_t gone = bounds.BeforeFirst().sequence();
  uint64_t last = gone;
  const auto raise = [&last](const absl::StatusOr<uint64_t>& to) {
    if (to.ok()) last = std::max(last, *to);
    return to.status();
  };
  if (policy.events() != 0) last = std::max(last, head - std::min(head, policy.events()));
  if (policy.bytes() != 0) {
    if (absl::Status status = raise(log.last_beyond_bytes(policy.bytes())); !status.ok()) return status;
  }
  const auto seconds = [](uint64_t count) { return absl::Seconds(static_cast<int64_t>(count)); };
  if (policy.age_seconds() != 0) {
    if (absl::Status status = raise(log.last_older_than(seconds(policy.age_seconds()))); !status.ok()) return status;
  }
  if (policy.consumers_seconds() != 0) {
    const auto settled = log.last_settled_by_all();
    if (!settled.ok()) return settled.status();
    const bool is_alone = policy.age_seconds() == 0 && policy.bytes() == 0 && policy.events() == 0;
    if (*settled) last = is_alone ? **settled : std::min(last, **settled);
    const auto too_old = log.last_older_than(seconds(policy.consumers_seconds()));
    if (absl::Status status = raise(too_old); !status.ok()) return status;
  }
  last = std::min(last, head - std::min(head, policy.events_min()));
  return std::max(last, gone);
}

}  // namespace playhead::broker::retention

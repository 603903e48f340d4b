#include "broker/webhook/unverified.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "broker/webhook/store_body.h"
#include "proto/errors.h"
#include "storage/event_log.h"
#include "storage/own_instances.h"

namespace playhead::broker::webhook {

using storage::Instance;
using storage::OpenMode;

// Looks the instances up one after the other, then stores.
class UnverifiedStore::Keeping : public std::enable_shared_from_this<Keeping> {
 public:
  Keeping(UnverifiedStore& store, std::unique_ptr<const std::string> body, std::vector<std::string> names,
          std::string signature, storage::Callback<size_t> done)
      : store_(store),
        body_(std::move(body)),
        names_(std::move(names)),
        signature_(std::move(signature)),
        done_(std::move(done)) {}

  void LookUpNext() {
    if (absl::Status status = store_.core_.streams.CheckServing(); !status.ok()) return std::move(done_)(status);
    if (next_ == names_.size()) return Store();
    store_.core_.log.OpenInstance(names_[next_], OpenMode::kExisting,
                                  [self = shared_from_this()](absl::StatusOr<std::shared_ptr<Instance>> instance) {
                                    self->OnLookedUp(instance.status());
                                  });
  }

 private:
  void OnLookedUp(const absl::Status& status) {
    if (status.ok()) {
      existing_.push_back(names_[next_]);
    } else if (!absl::IsNotFound(status)) {
      return std::move(done_)(status);
    }
    ++next_;
    LookUpNext();
  }

  void Store() {
    if (existing_.empty()) {
      return std::move(done_)(
          MakeError(Reason::kSignatureInvalid, "no app secret is set for what the body names, nor is it an instance"));
    }
    if (absl::Status status = store_.Charge(existing_, body_->size()); !status.ok()) return std::move(done_)(status);
    const std::string id = absl::StrCat("unverified:", ContentId({*body_, signature_}).substr(sizeof("sha256:") - 1));
    StorableBody storable;
    for (const std::string& instance : existing_) {
      storable.events.push_back(
          {.instance = instance, .type = std::string(kUnverifiedType), .id = id, .members = {{"", *body_}}});
    }
    storable.bytes = std::move(body_);
    storable.attributes = {{"dialect", "whatsapp"}, {"verified", "false"}, {kSignatureAttribute, signature_}};
    // `self` keeps alive what the attributes point to.
    StoreBody(store_.core_, std::move(storable), [self = shared_from_this()](absl::StatusOr<size_t> stored) {
      std::move(self->done_)(std::move(stored));
    });
  }

  UnverifiedStore& store_;
  std::unique_ptr<const std::string> body_;
  const std::vector<std::string> names_;
  const std::string signature_;
  storage::Callback<size_t> done_;
  size_t next_ = 0;
  std::vector<std::string> existing_;
};

UnverifiedStore::UnverifiedStore(const Core& core, size_t bytes_per_hour, Clock clock)
    : core_(core), bytes_per_hour_(bytes_per_hour), clock_(std::move(clock)) {}

void UnverifiedStore::Keep(std::unique_ptr<const std::string> body, const std::vector<BodyEvent>& events,
                           std::string signature, storage::Callback<size_t> done) {
  std::vector<std::string> names;
  for (const absl::string_view name : InstancesOf(events)) {
    if (!storage::IsOwnInstance(name)) names.emplace_back(name);
  }
  if (names.size() > kUnverifiedInstancesMax) {
    return std::move(done)(MakeError(
        Reason::kSignatureInvalid,
        absl::StrCat("a body that cannot be verified may name ", kUnverifiedInstancesMax, " instances at most")));
  }
  std::make_shared<Keeping>(*this, std::move(body), std::move(names), std::move(signature), std::move(done))
      ->LookUpNext();
}

absl::Status UnverifiedStore::Charge(const std::vector<std::string>& instances, size_t bytes) {
  constexpr uint64_t kSecondsPerHour = 3600;
  const absl::Time now = clock_();
  absl::MutexLock lock(&mu_);
  if (buckets_.size() >= prune_at_) {
    absl::erase_if(buckets_, [now](auto& bucket) { return bucket.second.IsFull(now); });
    prune_at_ = std::max(kPruneMin, 2 * buckets_.size());
  }
  for (const std::string& instance : instances) {
    const auto [bucket, is_new] =
        buckets_.try_emplace(instance, std::max<uint64_t>(bytes_per_hour_ / kSecondsPerHour, 1), bytes_per_hour_);
    if (const absl::Duration wait = bucket->second.Wait(now); wait > absl::ZeroDuration()) {
      return MakeQuotaError("webhook.unverified_bytes_per_hour",
                            absl::StrCat("instance ", instance, " has had its ", bytes_per_hour_,
                                         " bytes an hour of webhooks that cannot be verified"),
                            wait);
    }
  }
  for (const std::string& instance : instances) buckets_.at(instance).Draw(bytes);
  return absl::OkStatus();
}

}  // namespace playhead::broker::webhook

// A reader of many instances (tests/broker/read/simulation/reader.h).
#ifndef PLAYHEAD_TESTS_BROKER_READ_SIMULATION_STORE_READER_H_
#define PLAYHEAD_TESTS_BROKER_READ_SIMULATION_STORE_READER_H_

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "broker/read/many_delivery.h"
#include "broker/read/many_subscription.h"
#include "storage/instance_selector.h"
#include "storage/store_position.h"
#include "tests/broker/read/simulation/reader.h"
#include "tests/broker/read/simulation/reader_view.h"
#include "tests/simulation/rules.h"

namespace playhead::broker {

class StoreReader final : public SubscriptionReader<ManySubscription, ManySubscriptionRequest, ManyDelivery> {
 public:
  enum class From { kBeforeEverything, kBeginning };

  StoreReader(storage::Oracle& oracle, std::shared_ptr<const storage::InstanceSelector> selector, From from,
              ReaderOptions options, uint64_t seed);

  void CheckNoneMissing() override ABSL_LOCKS_EXCLUDED(mu_);
  uint64_t given() const override ABSL_LOCKS_EXCLUDED(mu_);
  // The order of all events that it was given.
  storage::GivenOrder order() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  std::optional<ManySubscriptionRequest> MakeRequest() override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Then Take(const ManyDelivery& delivery) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool MayBeEndedBy(const absl::Status& status) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool IsAtEnd(const Ends& ends) const override ABSL_SHARED_LOCKS_REQUIRED(mu_);
  void CheckAllCame() override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::string Where() const override ABSL_SHARED_LOCKS_REQUIRED(mu_);

  void OnEvents(const ManyEvents& events) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnGap(const ManyGap& gap) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Commits of unknown instances are forgotten.
  void OnForgotten() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void MoveTo(storage::StorePosition position) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void CheckAllCame(const storage::Moment& moment) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // nullptr while the instance is being deleted.
  ReaderView* ViewOf(const std::string& instance) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // nullptr if the life of `instance` is over.
  ReaderView* ViewOf(const storage::Instance& instance) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::shared_ptr<const storage::InstanceSelector> selector_;
  const From from_;
  storage::StorePosition position_ ABSL_GUARDED_BY(mu_);
  bool allow_gap_ ABSL_GUARDED_BY(mu_) = false;    // Of the connection.
  bool was_trimmed_ ABSL_GUARDED_BY(mu_) = false;  // Events after its position were trimmed.
  std::map<std::string, ReaderView> views_ ABSL_GUARDED_BY(mu_);
  storage::StoreOrder store_order_ ABSL_GUARDED_BY(mu_);
  storage::GivenOrder order_ ABSL_GUARDED_BY(mu_);
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_TESTS_BROKER_READ_SIMULATION_STORE_READER_H_

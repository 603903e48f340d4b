// A reader of one instance (tests/broker/read/simulation/reader.h).
#ifndef PLAYHEAD_TESTS_BROKER_READ_SIMULATION_INSTANCE_READER_H_
#define PLAYHEAD_TESTS_BROKER_READ_SIMULATION_INSTANCE_READER_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "broker/read/delivery.h"
#include "broker/read/subscription.h"
#include "tests/broker/read/simulation/reader.h"
#include "tests/broker/read/simulation/reader_view.h"

namespace playhead::broker {

class InstanceReader final : public SubscriptionReader<Subscription, SubscriptionRequest, Delivery> {
 public:
  // Where it starts reading each life of the instance.
  enum class From { kBeforeEverything, kBeginning, kNow };

  // `tamper_with_resume`, if any, changes where it resumes.
  InstanceReader(storage::Oracle& oracle, std::string instance, From from, ReaderOptions options,
                 std::function<void(storage::Cursor& after)> tamper_with_resume, uint64_t seed);

  void CheckNoneMissing() override ABSL_LOCKS_EXCLUDED(mu_);
  uint64_t given() const override ABSL_LOCKS_EXCLUDED(mu_);

 private:
  std::optional<SubscriptionRequest> MakeRequest() override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Then Take(const Delivery& delivery) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool MayBeEndedBy(const absl::Status& status) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool IsAtEnd(const Ends& ends) const override ABSL_SHARED_LOCKS_REQUIRED(mu_);
  void CheckAllCame() override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::string Where() const override ABSL_SHARED_LOCKS_REQUIRED(mu_);

  StartPosition MakeStart() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Then Begin(const Started& started) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Whether the life that it reads has ended, or is about to end.
  bool IsOver() const ABSL_SHARED_LOCKS_REQUIRED(mu_) { return oracle_.LifeOf(view_.instance()) != view_.life(); }
  // Reports a head that it was told of to the oracle: that event must stay.
  void OnHead(storage::Cursor head) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const From from_;
  const std::function<void(storage::Cursor&)> tamper_with_resume_;
  ReaderView view_ ABSL_GUARDED_BY(mu_);
  StartPosition start_ ABSL_GUARDED_BY(mu_);       // Of the connection.
  bool allow_gap_ ABSL_GUARDED_BY(mu_) = false;    // Of the connection.
  bool begun_ ABSL_GUARDED_BY(mu_) = false;        // It has a position in this life.
  bool was_trimmed_ ABSL_GUARDED_BY(mu_) = false;  // Events after its position were trimmed.
  bool is_stale_ ABSL_GUARDED_BY(mu_) = false;     // It asks for a position in a life that is over: must be refused.
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_TESTS_BROKER_READ_SIMULATION_INSTANCE_READER_H_

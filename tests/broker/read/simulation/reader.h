// Reader: a simulated client with a subscription to one instance or many. It connects and disconnects, may be slow, and
// resumes from its position whatever happens to the connection and the store. The oracle checks what it is given.
#ifndef PLAYHEAD_TESTS_BROKER_READ_SIMULATION_READER_H_
#define PLAYHEAD_TESTS_BROKER_READ_SIMULATION_READER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "broker/core.h"
#include "broker/read/delivery.h"
#include "proto/errors.h"
#include "storage/event_filter.h"
#include "storage/store_position.h"
#include "tests/broker/read/simulation/watched_log.h"
#include "tests/simulation/oracle.h"
#include "tests/support/seed.h"

namespace playhead::broker {

// What the disk may do to a store while it is open.
enum class DiskPlan {
  kSound,
  kRecovers,  // It may fail, and the store recovers by itself.
  kDies,      // It may fail for good.
};

// Where all logs end. Valid while nothing is changed.
struct Ends {
  struct Log {
    uint64_t life = 0;
    storage::Cursor head;
  };
  std::map<std::string, Log> logs;
  storage::StorePosition store;
};

struct ReaderOptions {
  std::shared_ptr<const storage::EventFilter> filter;  // nullptr: it wants all events.
  bool allow_gap = false;
  // It pauses after one in this many deliveries, at random, until GoOn(); 0: never.
  uint64_t rests_every = 0;
  absl::Duration heartbeat_interval;
  absl::Duration patience;  // If an event does not come for so long, it counts as lost.
};

// Thread safety: all methods must be called from one thread. Subscriptions call it on theirs.
class Reader {
 public:
  virtual ~Reader() = default;
  // Subscribes. Does nothing if it is subscribed already, or cannot subscribe now.
  virtual void Connect(const Core& core, DiskPlan plan) = 0;
  // Disconnects. What it has not taken yet is delivered again later.
  virtual void Disconnect() = 0;
  // Makes the broker end the stream.
  virtual void EndByBroker() = 0;
  // Ends a pause.
  virtual void GoOn() = 0;
  // Turns pauses off, or on again.
  virtual void SetHurries(bool hurries) = 0;
  // Waits until it has reached the end of its logs, and checks that it got everything. Reconnects when `log` takes
  // appends again. REQUIRES: pauses are off for all readers, since a paused one holds memory that another may wait for.
  virtual void AwaitEnd(const Core& core, const WatchedLog& log, const Ends& ends, DiskPlan plan) = 0;
  // For a reader with a filter: checks that no event before its position is missing.
  virtual void CheckNoneMissing() = 0;
  virtual uint64_t given() const = 0;    // Events.
  virtual uint64_t resumes() const = 0;  // Connections after the first.
};

// What readers of both kinds of subscription share.
template <typename Subscription, typename Request, typename Delivery>
class SubscriptionReader : public Reader {
 public:
  SubscriptionReader(storage::Oracle& oracle, std::string name, ReaderOptions options, uint64_t seed)
      : oracle_(oracle), name_(std::move(name)), options_(std::move(options)), random_(seed) {}

  void Connect(const Core& core, DiskPlan plan) final ABSL_LOCKS_EXCLUDED(mu_) {
    uint64_t connection = 0;
    std::optional<Request> request;
    {
      absl::MutexLock lock(&mu_);
      if (subscription_ != nullptr) return;
      connected_at_ = oracle_.Now();
      request = MakeRequest();
      if (!request) return;
      connection = ++connection_;
      plan_ = plan;
      resting_ = ended_by_broker_ = caught_up_ = false;
    }
    auto subscription = Subscription::Start(core, *std::move(request));
    {
      absl::MutexLock lock(&mu_);
      subscription_ = std::move(subscription);
      ++connections_;
    }
    Ask(connection);
  }

  void Disconnect() final ABSL_LOCKS_EXCLUDED(mu_) {
    std::shared_ptr<Subscription> subscription;
    {
      absl::MutexLock lock(&mu_);
      ++connection_;
      subscription.swap(subscription_);
    }
    if (subscription != nullptr) subscription->Cancel();
  }

  void EndByBroker() final ABSL_LOCKS_EXCLUDED(mu_) {
    std::shared_ptr<Subscription> subscription;
    {
      absl::MutexLock lock(&mu_);
      subscription = subscription_;
      ended_by_broker_ = true;
    }
    if (subscription != nullptr) subscription->Close(MakeError(Reason::kShuttingDown, "the simulation ends it"));
  }

  void GoOn() final ABSL_LOCKS_EXCLUDED(mu_) {
    uint64_t connection = 0;
    {
      absl::MutexLock lock(&mu_);
      if (subscription_ == nullptr || !resting_) return;
      connection = connection_;
    }
    Ask(connection);
  }

  void SetHurries(bool hurries) final ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    hurries_ = hurries;
  }

  void AwaitEnd(const Core& core, const WatchedLog& log, const Ends& ends, DiskPlan plan) final
      ABSL_LOCKS_EXCLUDED(mu_) {
    const absl::Time patience = absl::Now() + options_.patience;
    for (;;) {
      Connect(core, plan);
      GoOn();
      {
        absl::MutexLock lock(&mu_);
        const auto stirs = [&]() ABSL_SHARED_LOCKS_REQUIRED(mu_) {
          return subscription_ == nullptr || resting_ || IsAtEnd(ends);
        };
        mu_.AwaitWithDeadline(absl::Condition(&stirs), patience);
        if (subscription_ != nullptr && IsAtEnd(ends)) return CheckAllCame();
        if (absl::Now() > patience) return Violation(absl::StrCat("hears nothing more at ", Where()));
        if (subscription_ != nullptr) continue;
      }
      if (plan == DiskPlan::kDies) return;  // It may be gone.
      if (!log.AwaitTakesAppends()) return oracle_.Violation("the store is not opened again");
    }
  }

  uint64_t resumes() const final ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return connections_ > 0 ? connections_ - 1 : 0;
  }

 protected:
  enum class Then { kGoOn, kLeave };

  // A request that resumes at its position; nullopt if it cannot subscribe now.
  virtual std::optional<Request> MakeRequest() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) = 0;
  // Handles a delivery other than Closed.
  virtual Then Take(const Delivery& delivery) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) = 0;
  // Whether the broker may end the stream with this status. Not called for errors of the disk, or after EndByBroker().
  virtual bool MayBeEndedBy(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) = 0;
  virtual bool IsAtEnd(const Ends& ends) const ABSL_SHARED_LOCKS_REQUIRED(mu_) = 0;
  virtual void CheckAllCame() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) = 0;
  virtual std::string Where() const ABSL_SHARED_LOCKS_REQUIRED(mu_) = 0;

  void Violation(absl::string_view what) { oracle_.Violation(absl::StrCat(name_, ": ", what)); }
  // Checks that CaughtUp comes at most once per connection.
  void OnCaughtUp() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (std::exchange(caught_up_, true)) Violation("was told twice that it has caught up");
  }

  storage::Oracle& oracle_;
  const std::string name_;
  const ReaderOptions options_;
  mutable absl::Mutex mu_;  // Guards the members below it, and those of derived classes that are not const.
  testing::Random random_ ABSL_GUARDED_BY(mu_);
  storage::Moment connected_at_ ABSL_GUARDED_BY(mu_);
  storage::Moment asked_at_ ABSL_GUARDED_BY(mu_);  // When it asked for the next delivery.

 private:
  void Ask(uint64_t connection) ABSL_LOCKS_EXCLUDED(mu_) {
    std::shared_ptr<Subscription> subscription;
    {
      absl::MutexLock lock(&mu_);
      if (connection != connection_ || subscription_ == nullptr) return;
      subscription = subscription_;
      resting_ = false;
      asked_at_ = oracle_.Now();
    }
    // If it was cancelled meanwhile, there is no delivery.
    (void)subscription->Next([this, connection](Delivery delivery) { OnDelivery(connection, std::move(delivery)); });
  }

  void OnDelivery(uint64_t connection, const Delivery& delivery) ABSL_LOCKS_EXCLUDED(mu_) {
    std::shared_ptr<Subscription> left;
    {
      absl::MutexLock lock(&mu_);
      if (connection != connection_) return;  // It has disconnected.
      if (const auto* closed = std::get_if<Closed>(&delivery)) {
        ++connection_;
        subscription_ = nullptr;
        return OnClosed(closed->status);
      }
      if (Take(delivery) == Then::kLeave) {
        ++connection_;
        left.swap(subscription_);
      } else if (options_.rests_every != 0 && !hurries_ && random_.OneIn(options_.rests_every)) {
        resting_ = true;
        return;
      }
    }
    if (left != nullptr) {
      left->Cancel();
    } else {
      Ask(connection);
    }
  }

  void OnClosed(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    const bool disk = HasReason(status, Reason::kStoreUnavailable) || HasReason(status, Reason::kAppendUncertain);
    if (disk && plan_ != DiskPlan::kSound) return;
    if (HasReason(status, Reason::kShuttingDown) && ended_by_broker_) return;
    if (!MayBeEndedBy(status)) Violation(absl::StrCat("was ended at ", Where(), ": ", status.ToString()));
  }

  std::shared_ptr<Subscription> subscription_ ABSL_GUARDED_BY(mu_);  // nullptr: not connected.
  uint64_t connection_ ABSL_GUARDED_BY(mu_) = 0;                     // Deliveries of earlier ones are ignored.
  uint64_t connections_ ABSL_GUARDED_BY(mu_) = 0;
  DiskPlan plan_ ABSL_GUARDED_BY(mu_) = DiskPlan::kSound;
  bool resting_ ABSL_GUARDED_BY(mu_) = false;
  bool hurries_ ABSL_GUARDED_BY(mu_) = false;
  bool ended_by_broker_ ABSL_GUARDED_BY(mu_) = false;
  bool caught_up_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_TESTS_BROKER_READ_SIMULATION_READER_H_

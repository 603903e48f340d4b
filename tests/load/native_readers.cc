#include "tests/load/native_readers.h"

#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "client/client.h"
#include "tests/load/numbered_messages.h"

namespace playhead::testing {
namespace {

// One in so many events is nacked at its first delivery.
constexpr uint64_t kNackedOneIn = 50;

// The events whose settlement was confirmed to a consumer. Thread-safe.
class Confirmed {
 public:
  void Add(const std::string& instance, uint64_t cursor) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    events_.emplace(instance, cursor);
  }
  bool Has(const std::string& instance, uint64_t cursor) const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return events_.count({instance, cursor}) != 0;
  }
  size_t count() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return events_.size();
  }

 private:
  mutable absl::Mutex mu_;
  std::set<std::pair<std::string, uint64_t>> events_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

void ReadBySubscribe(const Place& place, Progress& progress) {
  SubscribeOptions options;
  options.on_reconnect = [&progress](int, const absl::Status&) { progress.NoteReturn(); };
  Subscription subscription = *place.NewClient().Subscribe(kWebhookInstance, Start::Beginning(), options);
  progress.NoteReady();
  while (!progress.done()) {
    const auto event = subscription.Next(absl::Now() + kLoadPatience);
    if (!event.ok()) return progress.Fail(event.status().ToString());
    const uint64_t number = NumberIn(event->data());
    if (event->cursor() != number) progress.Fail(absl::StrCat(number, " has the cursor ", event->cursor()));
    progress.Note(kWebhookInstance, number);
  }
}

void ReadBySubscribeMany(const Place& place, Progress& progress) {
  SubscribeManyOptions options{.start = Start::Beginning().proto()};
  options.on_reconnect = [&progress](int, const absl::Status&) { progress.NoteReturn(); };
  ManySubscription subscription = *place.NewClient().SubscribeMany(ManySources::Prefix(kLoadPrefix), options);
  progress.NoteReady();
  ManyBatch batch;
  while (!progress.done()) {
    const absl::Status status = subscription.NextBatch(batch, absl::Now() + kLoadPatience);
    if (!status.ok()) return progress.Fail(status.ToString());
    for (const EventView& event : batch.events) progress.Note(batch.instance, NumberIn(event.data));
  }
}

void ReadByConsume(const Place& place, Progress& progress) {
  Confirmed confirmed;
  ConsumeOptions options;
  options.acknowledge = Acknowledge::kManually;
  options.create.emplace();
  options.create->mutable_config()->mutable_source()->set_prefix(std::string(kLoadPrefix));
  options.create->mutable_config()->set_attempts_max(0);  // Nothing is parked.
  options.create->mutable_start()->mutable_beginning();
  options.on_reconnect = [&progress](int, const absl::Status&) { progress.NoteReturn(); };
  Consumer consumer = *place.NewClient().Consume("load", options);
  progress.NoteReady();
  while (!progress.done()) {
    const auto delivery = consumer.Next(absl::Now() + kLoadPatience);
    if (!delivery.ok()) return progress.Fail(delivery.status().ToString());
    const std::string instance = delivery->instance();
    const uint64_t number = NumberIn(delivery->event().data());
    if (confirmed.Has(instance, number)) {
      return progress.Fail(absl::StrCat(number, " of ", instance, " was confirmed, and comes again"));
    }
    progress.Note(instance, number);
    if (delivery->attempt() == 1 && number % kNackedOneIn == 0) {
      consumer.Nack(*delivery, absl::ZeroDuration(), "not now");
      continue;
    }
    consumer.Ack(*delivery, [&confirmed, instance, number](const absl::Status& settled) {
      if (settled.ok()) confirmed.Add(instance, number);
    });
  }
  progress.Remark(absl::StrCat(confirmed.count(), " settlements confirmed"));
}

}  // namespace playhead::testing

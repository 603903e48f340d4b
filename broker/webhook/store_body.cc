#include "broker/webhook/store_body.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "broker/byte_budget.h"
#include "proto/errors.h"
#include "proto/event_wire.h"
#include "storage/append_builder.h"
#include "storage/event_log.h"

namespace playhead::broker::webhook {
namespace {

using storage::AppendBatch;
using storage::AppendResult;

// An upper bound on an encoded event besides its data and id.
constexpr size_t kEventOverheadBytes = 512;

// Runs one append at a time, so that it needs the memory of one batch. The append in progress keeps it alive.
class BodyStoring : public std::enable_shared_from_this<BodyStoring> {
 public:
  BodyStoring(const Core& core, StorableBody body, storage::Callback<size_t> done)
      : core_(core), body_(std::move(body)), done_(std::move(done)) {}

  void Start() {
    auto grant = core_.append_budget.TryAcquire(std::min(2 * body_.bytes->size(), storage::kBatchBytesMax));
    if (!grant.has_value()) {
      return End(MakeError(Reason::kAppendQueueFull, "too many appends are in flight: try again shortly"));
    }
    grant_ = *std::move(grant);
    GroupByInstance();
    AppendNext();
  }

 private:
  void GroupByInstance() {
    const std::vector<absl::string_view> instances = InstancesOf(body_.events);
    if (instances.size() == 1) return;
    absl::flat_hash_map<std::string, size_t> rank;
    for (const absl::string_view instance : instances) rank.try_emplace(instance, rank.size());
    std::stable_sort(body_.events.begin(), body_.events.end(),
                     [&rank](const BodyEvent& a, const BodyEvent& b) { return rank[a.instance] < rank[b.instance]; });
  }

  // The next events of one instance that fit into one batch.
  absl::Span<BodyEvent> NextEvents() {
    size_t count = 0;
    size_t bytes = 0;
    for (size_t i = next_; i < body_.events.size() && count < events_max_; ++i, ++count) {
      const BodyEvent& event = body_.events[i];
      bytes += event.data_bytes() + event.id.size() + kEventOverheadBytes;
      if (count > 0 && (event.instance != body_.events[next_].instance || bytes > storage::kBatchBytesMax)) break;
    }
    return absl::MakeSpan(body_.events).subspan(next_, count);
  }

  absl::StatusOr<AppendBatch> MakeBatch(absl::Span<const BodyEvent> events) const {
    std::string data;
    size_t data_bytes = 0;
    for (const BodyEvent& event : events) data_bytes += event.data_bytes();
    data.reserve(data_bytes);  // So that views of it stay valid.
    std::vector<NewEvent> out;
    out.reserve(events.size());
    for (const BodyEvent& event : events) {
      const size_t start = data.size();
      event.AppendData(data);
      NewEvent& added = out.emplace_back(NewEvent{.type = event.type,
                                                  .data = absl::string_view(data).substr(start),
                                                  .id = event.id,
                                                  .created_at = event.created_at});
      added.attributes.assign(body_.attributes.begin(), body_.attributes.end());
    }
    // Meta decides their size, so the limit for publishers does not apply.
    auto batch = storage::BuildAppendBatch(events[0].instance, out,
                                           {.event_bytes_max = storage::kEventBytesCeiling, .own_types = true});
    if (batch.ok()) batch->dedup_window = kDedupWindow;
    return batch;
  }

  void AppendNext() {
    // The log may be closing by the time the executor runs this; Meta sends the body again.
    if (absl::Status status = core_.streams.CheckServing(); !status.ok()) return End(status);
    size_t bytes = 0;
    const absl::Span<BodyEvent> events = NextEvents();
    for (const BodyEvent& event : events) bytes += event.data_bytes() + event.id.size();
    const std::string instance(events[0].instance);
    if (absl::Status status = core_.instance_limits.Charge(instance, events.size(), bytes); !status.ok()) {
      return End(std::move(status));
    }
    core_.instance_limits.CheckRoom(instance, bytes, [self = shared_from_this(), events](absl::Status room) {
      self->Append(events, std::move(room));
    });
  }

  // `room`: OK, or why no new event may be stored.
  void Append(absl::Span<BodyEvent> events, absl::Status room) {
    auto batch = MakeBatch(events);
    if (!batch.ok()) return End(batch.status());
    batch->refuse_new = std::move(room);
    // A new session each time: the log refuses the rest of a session after a conflict. One append at a time keeps the
    // order.
    session_ = core_.log.NewAppendSession();
    session_->Append(*std::move(batch), [self = shared_from_this(), count = events.size()](
                                            absl::StatusOr<AppendResult> result) { self->OnAppended(count, result); });
  }

  void OnAppended(size_t count, const absl::StatusOr<AppendResult>& result) {
    if (result.ok()) {
      for (uint32_t i = 0; i < count; ++i) new_events_ += !result->is_duplicate(i);
      next_ += count;
      // After a conflict the batches grow again.
      events_max_ = std::min(2 * std::max(events_max_, size_t{1}), storage::kBatchEventsMax);
    } else if (!HasReason(result.status(), Reason::kIdConflict)) {
      return End(result.status());
    } else if (count > 1) {
      // One of them has an id that is stored with other content: halve the batch until it is alone.
      events_max_ = count / 2;
    } else {
      BodyEvent& event = body_.events[next_];
      // The new id can only conflict if somebody gave this very id to other content, which Meta never does.
      if (conflict_at_ == next_) return End(result.status());
      conflict_at_ = next_;
      event.id = ConflictId(event.id, event.data());
    }
    if (next_ == body_.events.size()) return End(new_events_);
    // Build the next batch on the executor, where it does not delay the answers of other appends.
    core_.executor.Post([self = shared_from_this()] { self->AppendNext(); });
  }

  void End(absl::StatusOr<size_t> result) {
    grant_.Release();
    std::move(done_)(std::move(result));
  }

  const Core core_;
  StorableBody body_;
  storage::Callback<size_t> done_;
  ByteBudget::Grant grant_;
  std::unique_ptr<storage::AppendSession> session_;
  size_t next_ = 0;  // The first event that is not stored.
  size_t events_max_ = storage::kBatchEventsMax;
  std::optional<size_t> conflict_at_;
  size_t new_events_ = 0;
};

}  // namespace

void StoreBody(const Core& core, StorableBody body, storage::Callback<size_t> done) {
  std::make_shared<BodyStoring>(core, std::move(body), std::move(done))->Start();
}

}  // namespace playhead::broker::webhook

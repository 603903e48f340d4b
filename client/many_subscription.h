// ManySubscription: reads many instances in one live, endless stream: a list, a prefix, or all that the key covers;
// each instance in the order of its cursors. It reconnects by itself after the last *handled* event, as a Subscription
// does (client/subscriber.h). One position, an opaque text, says how far it has come in all instances.
//
// Pull:
//   ManyBatch batch;
//   while (subscription.NextBatch(batch).ok()) Handle(batch.instance, batch.events);   // Then: its terminal status.
// A batch counts as handled when the next one is asked for, or by NoteHandled(). To resume in another process, save
// position() after that.
//
// Handlers, on the caller's own thread:
//   subscription.On("message", [](absl::string_view instance, const Event& event) { ... });
//   subscription.Run();                                                                // Until Close() or an error.
//
// It reconnects while NextBatch waits, delayed by ClientOptions::backoff. These errors are terminal: CURSOR_DIVERGED
// (the broker was restored, or is another one), CURSOR_TRIMMED without allow_gap, and every refusal that the broker
// marks as not retryable.
//
// Thread safety: Close() and position() from any thread, also from handlers; everything else from one thread at a time.
// Memory: at most SubscribeManyOptions::buffered_bytes_max and one message received ahead of handling.
#ifndef PLAYHEAD_CLIENT_MANY_SUBSCRIPTION_H_
#define PLAYHEAD_CLIENT_MANY_SUBSCRIPTION_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/event.h"
#include "client/options.h"
#include "playhead/v1/event_log.pb.h"

namespace playhead {

class Connection;

// Which instances to read. A value.
class ManySources {
 public:
  static ManySources Names(const std::vector<std::string>& names) {
    ManySources sources;
    for (const std::string& name : names) sources.proto_.mutable_names()->add_names(name);
    return sources;
  }
  static ManySources Prefix(absl::string_view prefix) {
    ManySources sources;
    sources.proto_.set_prefix(std::string(prefix));
    return sources;
  }
  // All that the key covers, except the broker's own.
  static ManySources All() {
    ManySources sources;
    sources.proto_.mutable_all();
    return sources;
  }
  const v1::InstanceSources& proto() const { return proto_; }

 private:
  v1::InstanceSources proto_;
};

struct SubscribeManyOptions {
  // Start after this position, as position() returned it. If empty, `start` applies; it must not be After.
  std::string position;
  v1::Start start;
  std::vector<std::string> types;  // Exact names, or `prefix*`; up to 64; empty for all.
  std::string id_prefix;
  bool allow_gap = false;  // Trimmed history is reported to OnGap, instead of ending the subscription.
  size_t buffered_bytes_max = size_t{1} << 20;
  // Called when a stream has ended and the next attempt, with this number, is due; on the thread that waits for events.
  std::function<void(int attempt, const absl::Status& cause)> on_reconnect;
};

// Events of one instance.
struct ManyBatch {
  std::string instance;
  EventBatch events;
  std::string position;  // After them.
};

class ManySubscription {
 public:
  ~ManySubscription();
  ManySubscription(ManySubscription&&) noexcept;
  ManySubscription& operator=(ManySubscription&&) noexcept;

  // Blocks for the next run of events of one instance.
  //   DeadlineExceeded  none came until `deadline`; ask again.
  //   Cancelled         the subscription was closed.
  //   Others            terminal; see above. The same from then on.
  absl::Status NextBatch(ManyBatch& batch, absl::Time deadline = absl::InfiniteFuture());

  // Counts the batch handed out last as handled.
  void NoteHandled();

  // Adds a handler for events of `type`, or of every type if it is "*". An event goes to the handlers of its type, then
  // to those of "*", in the order in which they were added.
  ManySubscription& On(absl::string_view type, std::function<void(absl::string_view instance, const Event&)> handler);
  // Notices, for handlers and for pull: called in their place among the events. A gap without an instance means that
  // events are missing, but not of which instance. Upstream gaps (v1::Gap::UPSTREAM) are reported whatever types were
  // asked for, unless those are 64 types.
  ManySubscription& OnCaughtUp(std::function<void()> handler);
  ManySubscription& OnGap(std::function<void(absl::string_view instance, const v1::Gap&)> handler);
  // Calls handlers until Close(), then returns OK; or until the terminal error, which it returns.
  absl::Status Run();

  // Ends the subscription: NextBatch returns, and no handler is called after the one that is running.
  void Close();

  // The position up to which everything was handled or filtered out; empty until known.
  std::string position() const;

 private:
  friend class Client;
  class Impl;

  explicit ManySubscription(std::shared_ptr<Impl> impl);
  static absl::StatusOr<ManySubscription> Create(std::shared_ptr<Connection> connection,
                                                 const ClientOptions& client_options, const ManySources& sources,
                                                 SubscribeManyOptions options);

  std::shared_ptr<Impl> impl_;  // nullptr when moved from.
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_MANY_SUBSCRIPTION_H_

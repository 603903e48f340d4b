// Client: the entry to a Playhead broker.
//
//   absl::StatusOr<Client> client = Client::Create({.target = "localhost:50051"});
//   const NewEvent event = {.type = "message", .data = R"({"text":"hello"})"};
//   absl::StatusOr<AppendResult> appended = client->Append("bot-7", {event});
//   absl::StatusOr<Subscription> subscription = client->Subscribe("bot-7", Start::After(saved_cursor));
//   for (const Event& e : *subscription) Handle(e);
//
// Thread safety: all methods may be called from any thread. Copies share one connection.
// Ownership: publishers and subscriptions share the connection and may outlive the Client.
// Blocking: single calls block until the reply or ClientOptions::request_timeout; ranges block when they fetch a page.
// Errors: statuses carry the broker's reason and cursors (proto/errors.h: HasReason, IsRetryable, ToProto). A call is
// retried, with backoff and within its timeout, when that is safe: reads and deletions always; an append if the broker
// reported that nothing was stored, or if it carries an identity. When the timeout passes, the last error is returned.
#ifndef PLAYHEAD_CLIENT_CLIENT_H_
#define PLAYHEAD_CLIENT_CLIENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "client/connection.h"
#include "client/consume_options.h"
#include "client/consumer.h"
#include "client/event.h"
#include "client/many_subscription.h"
#include "client/options.h"
#include "client/paged_range.h"
#include "client/publisher.h"
#include "client/start.h"
#include "client/subscriber.h"
#include "playhead/v1/event_log.pb.h"
#include "proto/upstream_gap.h"

namespace playhead {

struct AppendOptions {
  // The append happens only if this is the head (0: the log is empty); else FailedPrecondition (CURSOR_MISMATCH).
  std::optional<uint64_t> expected_cursor;
  // An identity that the caller keeps track of: `sequence` is that of the first event, and the others follow without
  // holes. For more than an occasional batch, use a Publisher, which numbers events by itself.
  std::optional<v1::Producer> producer;
};

struct AppendResult {
  std::vector<Receipt> receipts;  // One for each event, in order.
  uint64_t head_cursor = 0;       // Right after this append.
  v1::Durability durability = v1::DURABILITY_UNSPECIFIED;
};

struct FetchRequest {
  std::string instance;
  Start start;
  uint64_t until_cursor = 0;  // The last cursor to return, inclusive; 0 is the head.
  // The maximum number of events. For FetchMissedPage, in the page: up to 10,000; 0 is the broker's default (100). For
  // FetchMissed, in the whole range; 0 is no limit.
  uint64_t limit = 0;
  bool reverse = false;            // Newest first, from until_cursor down to `start`.
  std::vector<std::string> types;  // Exact names, or `prefix*`; up to 64; empty for all.
  std::string id_prefix = {};      // Only events whose id starts with this; up to 256 bytes.
  bool allow_gap = false;          // Trimmed history at the start is answered with FetchPage::gap, not CURSOR_TRIMMED.
};

struct FetchPage {
  EventBatch events;
  uint64_t next_cursor = 0;   // Forwards: the start of the next page. In reverse: its until_cursor.
  uint64_t first_cursor = 0;  // The oldest kept event and the newest, as of this read.
  uint64_t head_cursor = 0;
  bool end_reached = false;  // The range has no events after this page.
  std::optional<v1::Gap> gap;
};

class Client {
 public:
  // Does not connect yet.
  //   InvalidArgument  an option is out of range; the message says which.
  static absl::StatusOr<Client> Create(ClientOptions options);

  // Uses a connection that the caller supplies, usually a mock. Of `options`, backoff, timeouts and timers apply.
  explicit Client(std::shared_ptr<Connection> connection, ClientOptions options = {});

  // Appends a batch as a whole or not at all; when the call returns OK, it is as durable as AppendResult::durability
  // says. At most 10,000 events and 3.5 MiB.
  //   Errors are those of AppendRequest in event_log.proto. UNKNOWN, UNAVAILABLE and DEADLINE_EXCEEDED mean "may have
  //   been stored": retry only with the same identity.
  absl::StatusOr<AppendResult> Append(absl::string_view instance, absl::Span<const NewEvent> events,
                                      const AppendOptions& options = {});

  // Records, in its place among the instance's events, that their source was down: see proto/upstream_gap.h. Errors as
  // for Append. A gap that is reported twice is recorded twice.
  absl::StatusOr<Receipt> ReportUpstreamGap(absl::string_view instance, const UpstreamGap& gap);

  // Returns one page of the range.
  absl::StatusOr<FetchPage> FetchMissedPage(const FetchRequest& request);

  // Returns the whole range, fetched page by page, up to the head as of the last page. With `allow_gap`, `on_gap` (if
  // given) is called if history is missing at the start.
  PagedRange<Event> FetchMissed(FetchRequest request, std::function<void(const v1::Gap&)> on_gap = nullptr);

  // NotFound (INSTANCE_NOT_FOUND) if no instance has that name.
  absl::StatusOr<v1::Instance> GetInstance(absl::string_view name);

  // Lists all instances whose names start with `prefix`, in the byte order of their names. An instance whose log cannot
  // be read has `unreadable` set, and no cursors.
  PagedRange<v1::Instance> ListInstances(absl::string_view prefix = "");

  // Deletes the instance with all its events. NotFound if it does not exist; this can also mean that an earlier
  // attempt, whose reply was lost, has deleted it.
  absl::Status DeleteInstance(absl::string_view name);

  // See publisher.h.   InvalidArgument  an option is out of range.
  absl::StatusOr<Publisher> NewPublisher(PublisherOptions options = {});

  // See subscriber.h. Starts at once and does not wait for the broker.
  //   InvalidArgument  an option is out of range.
  //   Others           the cursor store could not be read.
  absl::StatusOr<Subscription> Subscribe(absl::string_view instance, Start start, SubscribeOptions options = {});

  // Holds the consumer of this name; see consumer.h. Starts at once and does not wait for the broker.
  //   InvalidArgument  an option is out of range.
  absl::StatusOr<Consumer> Consume(absl::string_view name, ConsumeOptions options = {});

  // See many_subscription.h. Starts at the first wait for events.   InvalidArgument  an option is out of range.
  absl::StatusOr<ManySubscription> SubscribeMany(const ManySources& sources, SubscribeManyOptions options);

 private:
  std::shared_ptr<Connection> connection_;
  ClientOptions options_;  // `timers` is set.
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_CLIENT_H_

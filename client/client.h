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
// repeated, with backoff and within its timeout, when that is safe: reads and deletions always; an append when the
// broker said that nothing was stored, or when it carries an identity. When the timeout passes the last error is
// returned.
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
  // An identity of the caller's own keeping: the sequence is the first event's, the others follow without holes. For
  // more than an occasional batch a Publisher does this by itself.
  std::optional<v1::Producer> producer;
};

struct AppendResult {
  std::vector<Receipt> receipts;  // Of each event, in order.
  uint64_t head_cursor = 0;       // Right after this append.
  v1::Durability durability = v1::DURABILITY_UNSPECIFIED;
};

struct FetchRequest {
  std::string instance;
  Start start;
  uint64_t until_cursor = 0;  // The last cursor to return, inclusive; 0 is the head.
  // For FetchMissedPage: of the page; 0 is the broker's default (100), at most 10,000. For FetchMissed: of the whole
  // range; 0 is no limit.
  uint64_t limit = 0;
  bool reverse = false;            // Newest first, from until_cursor down to `start`.
  std::vector<std::string> types;  // Exact names, or `prefix*`; up to 64; empty for all.
  std::string id_prefix = {};      // Only events whose id starts with this; up to 256 bytes.
  bool allow_gap = false;          // Trimmed history at the start is answered with FetchPage::gap, not CURSOR_TRIMMED.
};

struct FetchPage {
  EventBatch events;
  uint64_t next_cursor = 0;   // Forwards the start of the next page, in reverse its until_cursor.
  uint64_t first_cursor = 0;  // The oldest kept event and the newest, when the page was read.
  uint64_t head_cursor = 0;
  bool end_reached = false;  // Nothing is left in the range behind this page.
  std::optional<v1::Gap> gap;
};

class Client {
 public:
  // Does not connect yet.
  //   InvalidArgument  an option is out of range; the message says which.
  static absl::StatusOr<Client> Create(ClientOptions options);

  // Over a connection of the caller's, usually a mock. `options` gives backoff, timeouts and timers.
  explicit Client(std::shared_ptr<Connection> connection, ClientOptions options = {});

  // Appends a batch: all of it or nothing, on stable storage when it returns. At most 10,000 events and 3.5 MiB.
  //   As AppendRequest in event_log.proto says. UNKNOWN, UNAVAILABLE and DEADLINE_EXCEEDED mean "may have been stored":
  //   repeat with the same identity only.
  absl::StatusOr<AppendResult> Append(absl::string_view instance, absl::Span<const NewEvent> events,
                                      const AppendOptions& options = {});

  // Records that the source of the instance's events was down, in its place among them: see proto/upstream_gap.h.
  // Errors as Append; reported twice it is there twice.
  absl::StatusOr<Receipt> ReportUpstreamGap(absl::string_view instance, const UpstreamGap& gap);

  // One page of what was missed.
  absl::StatusOr<FetchPage> FetchMissedPage(const FetchRequest& request);

  // All of it, page by page, up to the head as it is when the last page is read. With `allow_gap`, `on_gap` (if given)
  // is told of history that is missing at the start.
  PagedRange<Event> FetchMissed(FetchRequest request, std::function<void(const v1::Gap&)> on_gap = nullptr);

  // NotFound (INSTANCE_NOT_FOUND) if there is none of that name.
  absl::StatusOr<v1::Instance> GetInstance(absl::string_view name);

  // All instances whose names start with `prefix`, in the byte order of their names; one whose log cannot be read has
  // `unreadable`, and no cursors.
  PagedRange<v1::Instance> ListInstances(absl::string_view prefix = "");

  // Deletes the instance with all its events. NotFound if there is none; also possible when an attempt whose reply was
  // lost has deleted it.
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

  // See many_subscription.h. Begins when it is first waited for.   InvalidArgument  an option is out of range.
  absl::StatusOr<ManySubscription> SubscribeMany(const ManySources& sources, SubscribeManyOptions options);

 private:
  std::shared_ptr<Connection> connection_;
  ClientOptions options_;  // `timers` is set.
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_CLIENT_H_

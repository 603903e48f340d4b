// The options of the client. Each struct is plain data with defaults that suit most; the factories that take them
// refuse a value that is out of range with INVALID_ARGUMENT.
#ifndef PLAYHEAD_CLIENT_OPTIONS_H_
#define PLAYHEAD_CLIENT_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cursor_store.h"
#include "client/timers.h"

namespace playhead {

// How long to wait before the next attempt: a random time between 0 and a bound that starts at `initial_delay`, grows
// by `multiplier` with each failed attempt and stops at `max_delay` ("full jitter": clients that lost the same broker
// do not all return at once). A message from the broker resets the count.
struct BackoffOptions {
  absl::Duration initial_delay = absl::Seconds(1);
  double multiplier = 2;  // At least 1.
  absl::Duration max_delay = absl::Seconds(30);
  // How many attempts in a row may fail, beyond the first; 0 is unlimited.
  int max_attempts = 0;
};

// How the connection is encrypted and which servers are trusted. Files are in PEM, and are read when the client is
// created.
struct TlsOptions {
  std::string ca_file;    // The authorities to trust; empty: the system's.
  std::string cert_file;  // The client's own certificate and its key, if the broker asks for one.
  std::string key_file;
};

struct ClientOptions {
  // The broker's address as gRPC names it: HOST:PORT, dns:///HOST:PORT, unix:PATH. Required.
  std::string target;

  // Encrypts the connection; without it everything goes in plain text.
  std::optional<TlsOptions> tls;

  // The secret of a key (`playhead keys create`), sent with every call. The factory refuses to send it in plain text,
  // except to this machine (unix:, localhost or a loopback address) or if allow_key_in_plain_text is set.
  std::string key;
  bool allow_key_in_plain_text = false;

  // The delays between attempts. Subscriptions and publishers have no time limit, single calls have request_timeout.
  BackoffOptions backoff;

  // For a single call (Append, one page of FetchMissed, GetInstance, ...), including all its attempts.
  absl::Duration request_timeout = absl::Seconds(30);

  // How long a stream may take from its start to its first message before the attempt counts as failed.
  absl::Duration open_timeout = absl::Seconds(20);

  // A connection with calls in progress is probed with a ping after it has been silent for the interval, and is given
  // up if the answer takes longer than the timeout.
  absl::Duration keepalive_interval = absl::Seconds(20);
  absl::Duration keepalive_timeout = absl::Seconds(10);

  // Clock and timers; nullptr uses the system's. For tests.
  std::shared_ptr<Timers> timers;
};

// When the handled position is saved to the cursor store: as soon as either condition holds. Events that were handled
// after the last save are handled again after a crash; nothing is ever skipped.
struct CursorSaving {
  // After this many handled events. 1: at most one event is handled twice after a crash, at the price of one save (for
  // FileCursorStore: two fsyncs) per event. 0: never by count.
  uint32_t events = 1;
  // This long after the last save, if the position has moved (progress past events that the filter skipped counts).
  absl::Duration interval = absl::Seconds(1);
};

struct SubscribeOptions {
  // Only events of these types: exact names, or `prefix*`. Up to 64; empty for all.
  std::vector<std::string> types;
  // Only events whose id starts with this; up to 256 bytes; empty for all.
  std::string id_prefix;

  // Continues after trimmed history, which is reported (Subscription::OnGap) and counted (missed_events). Without it,
  // trimmed history ends the subscription with CURSOR_TRIMMED.
  bool allow_gap = false;

  // If set, the subscription starts after the cursor that the store has for the instance (at `start` only if it has
  // none), and saves the position after handling. At most one subscription per instance and store at a time.
  std::shared_ptr<CursorStore> cursor_store;
  CursorSaving cursor_saving;

  // Bytes received and not yet handed out. When the bound is reached, the stream is not read until some of them are
  // handled. One message (up to 4 MiB) may exceed it. At least 1.
  size_t buffered_bytes_max = size_t{4} << 20;

  // Called when an attempt failed (or the stream broke) and another was scheduled: `attempt` counts from 1 since the
  // last message. Runs on a thread of the client, possibly while an event is handled; must be quick; may call Close().
  std::function<void(int attempt, const absl::Status& cause)> on_reconnect;
};

struct PublisherOptions {
  // The identity under which events are numbered, so that a retry stores nothing twice: 1 to 64 bytes of
  // [A-Za-z0-9._:@+-], unique to one writer. Empty: a random one.
  std::string producer_id;

  // The sequence of the first event that this publisher appends to an instance. If a producer_id is reused, an event
  // whose sequence is already stored is answered as a duplicate and not stored again. At least 1.
  uint64_t first_sequence = 1;

  // A batch is sent when it reaches either bound: up to 10,000 events and 3.5 MiB.
  uint32_t batch_events_max = 512;
  size_t batch_bytes_max = size_t{256} << 10;

  // A batch that is not full is sent at once while fewer than `eager_batches` are in flight; otherwise it collects
  // events until replies make room. With a `linger`, it collects for that long in any case.
  uint32_t eager_batches = 4;
  absl::Duration linger = absl::ZeroDuration();

  // The window: events accepted and not yet acknowledged. When it is full, Append blocks and TryAppend refuses.
  uint32_t window_events_max = 65'536;
  size_t window_bytes_max = size_t{32} << 20;

  // How long the destructor waits for events that are not acknowledged yet before it fails them.
  absl::Duration close_timeout = absl::Seconds(10);

  // Called when the stream broke and another attempt was scheduled; like SubscribeOptions::on_reconnect.
  std::function<void(int attempt, const absl::Status& cause)> on_reconnect;
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_OPTIONS_H_

#include "tools/cli/serve_flags.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/dialects/all.h"
#include "broker/dialects/flags.h"
#include "storage/limits.h"

namespace playhead::tools {
namespace {

constexpr uint64_t kKiB = uint64_t{1} << 10;
constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kTiB = uint64_t{1} << 40;
constexpr absl::Duration kYear = absl::Hours(24 * 366);

// The dialects' options as flags.
class FlagsOfDialects final : public broker::DialectFlags {
 public:
  explicit FlagsOfDialects(FlagSet& flags) : flags_(flags) {}

  void Section(absl::string_view title) override { flags_.Section(title); }
  void Duration(absl::string_view name, absl::Duration* target, absl::Duration min, absl::Duration max,
                absl::string_view help) override {
    flags_.Duration(name, target, min, max, help);
  }

 protected:
  void Words(absl::string_view name, const std::vector<std::string>& words, absl::string_view now,
             absl::string_view help, std::function<void(size_t)> set) override {
    flags_.Words(name, words, now, help, std::move(set));
  }

 private:
  FlagSet& flags_;
};

}  // namespace

void AddServeFlags(FlagSet& flags, ServeOptions& options) {
  broker::ServerOptions& server = options.server;
  storage::StoreOptions& store = server.store;
  broker::Limits& limits = server.limits;

  flags.Section("Store");
  flags.Text("data_dir", &store.data_dir, "DIR", "The store's folder; made if absent. Required.");
  flags.Choice<storage::Durability>(
      "durability", &store.durability, {{"disk", storage::Durability::kDisk}, {"os", storage::Durability::kOs}},
      "What acknowledged appends survive: with `disk` they are synced and survive a power failure; with `os` they "
      "survive only a crash of the broker, and are synced every --sync_interval.");
  flags.Duration("sync_interval", &store.sync_interval, absl::Milliseconds(1), absl::Hours(1),
                 "With --durability=os: how long an acknowledged append may stay unsynced.");
  flags.Bool("accept_truncation", &store.accept_truncation,
             "Open a store whose write-ahead log is damaged, without everything after the damage: acknowledged events "
             "are lost, and cursors get a new epoch.");
  flags.Bool("create_instances", &store.create_instances,
             "Create an instance when its name is first used; if false, unknown names get INSTANCE_NOT_FOUND.");
  flags.Number<uint64_t>("instances_max", &store.instances_max, 1, uint64_t{1} << 40,
                         "How many instances there may be.");
  flags.Duration(
      "dedup_window", &store.dedup_window, absl::ZeroDuration(), kYear,
      "How long the ids of events are remembered, to recognise duplicates, unless their append says otherwise.");
  flags.Number<uint64_t>("dedup_entries_max", &store.dedup_entries_max, 0, uint64_t{1} << 40,
                         "The most ids to remember; beyond that, the window gets shorter.");
  flags.Bytes<uint64_t>("disk_free_bytes_min", &store.disk_free_bytes_min, 0, kTiB,
                        "Refuse appends (DISK_LOW) while less than this is free on the disk.");
  flags.Bytes<uint64_t>("wal_bytes_max", &store.wal_bytes_max, kMiB, kTiB,
                        "The write-ahead log stays below about this, which bounds the time of a restart.");

  flags.Texts("backup_dir", &server.backup_dirs, "DIR",
              "Backups may be written in this folder, or in folders below it (playhead backup); may be given several "
              "times. Without it the broker writes no backups.");

  flags.Section("Serving");
  flags.Text("grpc_listen", &server.grpc_listen, "HOST:PORT",
             "Where to serve gRPC: port 0 chooses a free port, fd:N is an inherited listening socket.");
  flags.Text("http_listen", &server.http_listen, "HOST:PORT",
             "The same for HTTP: the API for everybody (/v1), health, metrics, webhooks. Not served unless this is "
             "given.");
  flags.Number<size_t>("streams_max", &limits.streams_max, 1, 1'000'000,
                       "Streams open at once; beyond that, STREAMS_LIMIT.");
  flags.Number<size_t>("consumers_max", &limits.consumers_max, 1, 1'000'000, "How many named consumers there may be.");
  flags.Number<int>("grpc_connection_calls_max", &limits.grpc_connection_calls_max, 1, 1'000'000,
                    "Calls and streams open at once on one gRPC connection; clients delay further ones.");
  flags.Bytes<size_t>("event_bytes_max", &limits.event_bytes_max, 1, storage::kEventBytesCeiling,
                      "The largest event, encoded.");
  flags.Duration("heartbeat_interval", &limits.heartbeat_interval, absl::Milliseconds(100), absl::Hours(1),
                 "A subscription on which nothing was sent for this long gets a heartbeat.");
  flags.Duration("shutdown_timeout", &limits.shutdown_timeout, absl::ZeroDuration(), absl::Seconds(9),
                 "How long a stop waits for calls to end by themselves.");

  flags.Section("Security");
  flags.Text(
      "admin_secret_file", &server.admin_secret_file, "FILE",
      "The administrator's secret: one line of at least 32 visible characters, in a file that only its owner "
      "may read. It makes the first key (playhead keys create). A broker without it and without keys runs open.");
  flags.Text("tls_cert", &server.tls.cert, "FILE",
             "Serve TLS with this certificate (PEM, with its intermediate certificates). Replaced files take effect "
             "within seconds, without a restart.");
  flags.Text("tls_key", &server.tls.key, "FILE", "The certificate's private key (PEM, not encrypted).");
  flags.Text("tls_client_ca", &server.tls.client_ca, "FILE",
             "Clients must present a certificate that one of these authorities (PEM) signed.");
  flags.Bool("insecure_allow_anyone_on_the_network", &server.allow_anyone_on_the_network,
             "Listen on an address that others can reach even without TLS and keys: anyone who reaches it can read, "
             "write and delete everything.");

  flags.Bool("core_dumps", &options.core_dumps,
             "Let a crash write a core dump, if the system is set up for that: it contains events and secrets.");

  flags.Section("HTTP");
  flags.Texts("http_cors_origins", &server.http_cors_origins, "ORIGIN",
              "Web pages of this origin (https://app.example) may use the HTTP API (/v1) and the dialects over HTTP "
              "(/socket.io, /token, /events/ws, /ws); may be given several times. `*` is every page. None by default.");
  flags.Number<size_t>("http_connections_max", &limits.http_connections_max, 1, 1'000'000,
                       "Connections open at once; beyond that, CONNECTIONS_LIMIT.");
  flags.Bytes<size_t>("http_header_bytes_max", &limits.http_header_bytes_max, kKiB, kMiB,
                      "The largest request line with its headers.");
  flags.Bytes<size_t>("http_body_budget_bytes", &limits.http_body_budget_bytes, 4 * kMiB, kTiB,
                      "Memory for bodies over 64 KiB, over all connections; beyond that, such bodies wait.");
  flags.Duration("http_header_timeout", &limits.http_header_timeout, absl::Milliseconds(10), absl::Hours(1),
                 "How long a client may take to send a request's line and headers.");
  flags.Duration("http_body_timeout", &limits.http_body_timeout, absl::Milliseconds(10), absl::Hours(1),
                 "How long a client may take to send the body.");
  flags.Duration("http_write_timeout", &limits.http_write_timeout, absl::Milliseconds(10), absl::Hours(1),
                 "How long a client may take to read the response.");
  flags.Duration("http_idle_timeout", &limits.http_idle_timeout, absl::Milliseconds(10), absl::Hours(24),
                 "How long a connection may stay open between requests.");

  flags.Section("Webhooks");
  flags.Text("webhook_verify_token_file", &server.webhook.verify_token_file, "FILE",
             "A file with the verify token that was entered at Meta; without it the handshake is refused. Only its "
             "owner may read it.");
  flags.Text("seal_key_file", &server.webhook.seal_key_file, "FILE",
             "The key that seals the stored app secrets; made when it is first needed. Default: the data directory's "
             "name with .seal.");
  flags.Bool("webhook_unverified", &server.webhook.keep_unverified,
             "Keep webhooks of existing instances that have no app secret, hidden, for readers who bring one; if "
             "false, they are refused.");
  flags.Bytes<size_t>("webhook_unverified_bytes_per_hour", &server.webhook.unverified_bytes_per_hour, kMiB, kTiB,
                      "How many bytes of unverified webhooks each instance accepts per hour.");

  FlagsOfDialects of_dialects(flags);
  broker::AddDialectFlags(server.dialects, of_dialects);

  flags.Section("Replays");
  flags.Texts("replay_endpoints", &server.replay_endpoints, "URL",
              "Replays may post events to URLs that begin with this (same scheme, host and port; the path by "
              "whole segments). May be given several times. None by default, except those of this machine on a "
              "broker that runs open and that only this machine can reach.");
  flags.Text("replay_ca", &server.replay_ca_file, "FILE",
             "Authorities (PEM) to trust for such servers, in addition to the system's.");

  flags.Section("Memory and threads");
  flags.Number<int>("http_threads", &limits.http_threads, 1, 256, "Threads that serve HTTP.");
  flags.Bytes<size_t>("tail_bytes_max", &limits.tail_bytes_max, 0, kTiB,
                      "Recent events kept in memory for subscribers near the head, over all instances.");
  flags.Bytes<size_t>("delivery_bytes_max", &limits.delivery_bytes_max, 4 * kKiB, 3 * kMiB,
                      "The largest message of events to a subscriber, unless one event is larger.");
  flags.Bytes<size_t>("delivery_budget_bytes", &limits.delivery_budget_bytes, kMiB, kTiB,
                      "Undelivered events in memory, over all subscribers.");
  flags.Bytes<size_t>("append_queue_bytes_max", &store.append_queue_bytes_max, 4 * kMiB, kTiB,
                      "Appends queued for the store; beyond that, APPEND_QUEUE_FULL.");
  flags.Bytes<size_t>("append_budget_bytes", &limits.append_budget_bytes, 4 * kMiB, kTiB,
                      "Appends read from clients and not yet stored; streams slow down beyond that. Keep it below "
                      "--append_queue_bytes_max.");
  flags.Bytes<size_t>("append_reply_budget_bytes", &limits.append_reply_budget_bytes, 0, kTiB,
                      "Replies that appending clients have not read; beyond that, their streams accept one request at "
                      "a time.");
  flags.Bytes<size_t>("grpc_buffer_bytes_max", &limits.grpc_buffer_bytes_max, 64 * kMiB, kTiB,
                      "gRPC's memory for all its connections and calls; beyond that it ends some.");
  flags.Bytes<size_t>("block_cache_bytes", &store.block_cache_bytes, 0, kTiB, "RocksDB's cache for reads.");
  flags.Bytes<size_t>("write_buffer_bytes", &store.write_buffer_bytes, kMiB, kTiB,
                      "RocksDB's memory for data that is not yet in its files.");
  flags.Number<int>("reader_threads", &store.reader_threads, 1, 256, "Threads that read for subscribers and fetches.");
}

}  // namespace playhead::tools

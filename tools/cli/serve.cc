#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "broker/log.h"
#include "broker/server.h"
#include "storage/descriptors.h"
#include "tools/cli/commands.h"
#include "tools/cli/core_dumps.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/library_log.h"
#include "tools/cli/memory_limit.h"
#include "tools/version.h"

namespace playhead::tools {
namespace {

constexpr uint64_t kKiB = uint64_t{1} << 10;
constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kTiB = uint64_t{1} << 40;
constexpr absl::Duration kYear = absl::Hours(24 * 366);

std::string ReadyLine(const broker::Server& server) {
  const std::string http = server.http_address();
  return absl::StrCat("ready grpc=", server.grpc_address(), http.empty() ? "" : " http=", http, "\n");
}

class ServeCommand : public Command {
 public:
  Info info() const override {
    return {.name = "serve",
            .arguments = "",
            .summary = "Run a broker.",
            .description =
                R"(Serves the store in --data_dir until SIGTERM or Ctrl-C; then it finishes what it accepted, ends its
streams so that clients reconnect, and exits 0 within 10 s. When it serves it prints one line on stdout:
  ready grpc=127.0.0.1:50051 http=127.0.0.1:8080
Everything else is on stderr, one line an event. Sizes are written 64MiB, times 10s.
)"};
  }

  void AddFlags(FlagSet& flags) override {
    storage::StoreOptions& store = options_.store;
    broker::Limits& limits = options_.limits;

    flags.Section("Store");
    flags.Text("data_dir", &store.data_dir, "DIR", "The store's folder; made if absent. Required.");
    flags.Choice<storage::Durability>(
        "durability", &store.durability, {{"disk", storage::Durability::kDisk}, {"os", storage::Durability::kOs}},
        "What an acknowledged append has survived: `disk` is synced and survives loss of power; `os` survives a crash "
        "of the broker only, and is synced every --sync_interval.");
    flags.Duration("sync_interval", &store.sync_interval, absl::Milliseconds(1), absl::Hours(1),
                   "With --durability=os: how long an acknowledged append may stay unsynced.");
    flags.Bool(
        "accept_truncation", &store.accept_truncation,
        "Open a store whose write-ahead log is damaged, without what lies behind the damage: acknowledged events "
        "are lost, and cursors get a new epoch.");
    flags.Bool("create_instances", &store.create_instances,
               "Make an instance when its name is first used; if false, an unknown name is INSTANCE_NOT_FOUND.");
    flags.Number<uint64_t>("instances_max", &store.instances_max, 1, uint64_t{1} << 40,
                           "How many instances there may be.");
    flags.Duration(
        "dedup_window", &store.dedup_window, absl::ZeroDuration(), kYear,
        "How long the ids of events are remembered, to recognise duplicates, unless their append says otherwise.");
    flags.Number<uint64_t>("dedup_entries_max", &store.dedup_entries_max, 0, uint64_t{1} << 40,
                           "How many ids are remembered at most; beyond that the window gets shorter.");
    flags.Bytes<uint64_t>("disk_free_bytes_min", &store.disk_free_bytes_min, 0, kTiB,
                          "Refuse appends (DISK_LOW) while less than this is free on the disk.");
    flags.Bytes<uint64_t>("wal_bytes_max", &store.wal_bytes_max, kMiB, kTiB,
                          "The write-ahead log stays below about this, which bounds the time of a restart.");

    flags.Texts("backup_dir", &options_.backup_dirs, "DIR",
                "Backups may be written in this folder, or in folders below it (playhead backup); may be given several "
                "times. Without it nobody can have the broker write one.");

    flags.Section("Serving");
    flags.Text("grpc_listen", &options_.grpc_listen, "HOST:PORT",
               "Where to serve gRPC: port 0 takes a free one, fd:N is a listening socket that was handed in.");
    flags.Text("http_listen", &options_.http_listen, "HOST:PORT",
               "The same for HTTP: the API for everybody (/v1), health, metrics, webhooks. Not served unless this is "
               "given.");
    flags.Number<size_t>("streams_max", &limits.streams_max, 1, 1'000'000,
                         "Streams open at once; beyond that, STREAMS_LIMIT.");
    flags.Number<size_t>("consumers_max", &limits.consumers_max, 1, 1'000'000,
                         "How many named consumers there may be.");
    flags.Number<int>("grpc_connection_calls_max", &limits.grpc_connection_calls_max, 1, 1'000'000,
                      "Calls and streams open at once on one gRPC connection; clients wait with further ones.");
    flags.Bytes<size_t>("event_bytes_max", &limits.event_bytes_max, 1, storage::kEventBytesCeiling,
                        "The largest event, encoded.");
    flags.Duration("heartbeat_interval", &limits.heartbeat_interval, absl::Milliseconds(100), absl::Hours(1),
                   "A subscription on which nothing was sent for this long gets a heartbeat.");
    flags.Duration("shutdown_timeout", &limits.shutdown_timeout, absl::ZeroDuration(), absl::Seconds(9),
                   "How long a stop waits for calls to end by themselves.");

    flags.Section("Security");
    flags.Text(
        "admin_secret_file", &options_.admin_secret_file, "FILE",
        "The administrator's secret: one line of at least 32 visible characters, in a file that only its owner "
        "may read. It makes the first key (playhead keys create). A broker without it and without keys runs open.");
    flags.Text("tls_cert", &options_.tls.cert, "FILE",
               "Serve TLS with this certificate (PEM, with those that lead to its authority). Replaced files are taken "
               "over within seconds, without a restart.");
    flags.Text("tls_key", &options_.tls.key, "FILE", "The certificate's private key (PEM, not encrypted).");
    flags.Text("tls_client_ca", &options_.tls.client_ca, "FILE",
               "Clients must show a certificate that one of these authorities (PEM) signed.");
    flags.Bool("insecure_allow_anyone_on_the_network", &options_.allow_anyone_on_the_network,
               "Listen on an address that others can reach even without TLS and keys: whoever reaches it can read, "
               "write and delete everything.");

    flags.Bool("core_dumps", &core_dumps_,
               "Let a crash write a core dump, if the system does: events and secrets are in it.");

    flags.Section("HTTP");
    flags.Texts(
        "http_cors_origins", &options_.http_cors_origins, "ORIGIN",
        "Web pages of this origin (https://app.example) may use the HTTP API (/v1) and the dialects over HTTP "
        "(/socket.io, /token, /events/ws, /ws); may be given several times. `*` is every page. None by default.");
    flags.Number<size_t>("http_connections_max", &limits.http_connections_max, 1, 1'000'000,
                         "Connections open at once; beyond that, CONNECTIONS_LIMIT.");
    flags.Bytes<size_t>("http_header_bytes_max", &limits.http_header_bytes_max, kKiB, kMiB,
                        "The largest request line with its headers.");
    flags.Bytes<size_t>("http_body_budget_bytes", &limits.http_body_budget_bytes, 4 * kMiB, kTiB,
                        "Bodies over 64 KiB in memory, over all connections; longer ones wait for others beyond that.");
    flags.Duration("http_header_timeout", &limits.http_header_timeout, absl::Milliseconds(10), absl::Hours(1),
                   "How long a client may take to send a request's line and headers.");
    flags.Duration("http_body_timeout", &limits.http_body_timeout, absl::Milliseconds(10), absl::Hours(1),
                   "How long it may take to send the body.");
    flags.Duration("http_write_timeout", &limits.http_write_timeout, absl::Milliseconds(10), absl::Hours(1),
                   "How long it may take to read the response.");
    flags.Duration("http_idle_timeout", &limits.http_idle_timeout, absl::Milliseconds(10), absl::Hours(24),
                   "How long a connection may stay open between requests.");

    flags.Section("Webhooks");
    flags.Text("webhook_verify_token_file", &options_.webhook.verify_token_file, "FILE",
               "A file with the verify token that was typed in at Meta; without it the handshake is refused. Readable "
               "by its owner alone.");
    flags.Text("seal_key_file", &options_.webhook.seal_key_file, "FILE",
               "The key that seals the stored app secrets; made when it is first needed. Default: the data directory's "
               "name with .seal.");
    flags.Bool("webhook_unverified", &options_.webhook.keep_unverified,
               "Keep webhooks of existing instances that have no app secret, hidden, for readers who bring one; if "
               "false, they are refused.");
    flags.Bytes<size_t>("webhook_unverified_bytes_per_hour", &options_.webhook.unverified_bytes_per_hour, kMiB, kTiB,
                        "How much of that each instance takes.");

    flags.Section("Photon");
    flags.Choice<broker::photon::FirstSubscribe>(
        "photon_first_subscribe", &options_.photon.first_subscribe,
        {{"bounce", broker::photon::FirstSubscribe::kBounce}, {"live", broker::photon::FirstSubscribe::kLive}},
        "A Photon client's first SubscribeEvents: `bounce` ends it at once, so that the client fetches what is behind "
        "the cursor that it saved and subscribes again; `live` starts at the end of the log.");

    flags.Section("VZaps");
    flags.Duration("vzaps_first_frame_delay", &options_.vzaps.first_frame_delay, absl::ZeroDuration(),
                   absl::Seconds(10),
                   "How long a connection waits with its first event, so that the application has its handlers in "
                   "place.");

    flags.Section("MultiWA");
    flags.Choice<broker::multiwa::ResumeMode>(
        "multiwa_resume", &options_.multiwa.resume,
        {{"grace", broker::multiwa::ResumeMode::kGrace}, {"off", broker::multiwa::ResumeMode::kOff}},
        "What a MultiWA client gets that lost its connection and subscribes again as before: `grace`: what came since "
        "the last event that it is known to have read, if it is back in time; `off`: what comes from then on.");
    flags.Duration("multiwa_grace", &options_.multiwa.grace, absl::Milliseconds(1), absl::Hours(24),
                   "How long such a client may be away.");

    flags.Section("Replays");
    flags.Texts("replay_endpoints", &options_.replay_endpoints, "URL",
                "Replays may post events to URLs that begin with this (same scheme, host and port; the path by "
                "whole segments). May be given several times. None by default, but for those of this machine on a "
                "broker that runs open and that only this machine reaches.");
    flags.Text("replay_ca", &options_.replay_ca_file, "FILE",
               "Authorities (PEM) that vouch for such servers, beside the system's.");

    flags.Section("Memory and threads");
    flags.Number<int>("http_threads", &limits.http_threads, 1, 256, "Threads that serve HTTP.");
    flags.Bytes<size_t>("tail_bytes_max", &limits.tail_bytes_max, 0, kTiB,
                        "Recent events kept for subscribers near the head, over all instances.");
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
                        "Replies that appending clients have not taken; beyond that their streams take one request at "
                        "a time.");
    flags.Bytes<size_t>("grpc_buffer_bytes_max", &limits.grpc_buffer_bytes_max, 64 * kMiB, kTiB,
                        "What gRPC holds for all its connections and calls; beyond that it ends some.");
    flags.Bytes<size_t>("block_cache_bytes", &store.block_cache_bytes, 0, kTiB, "RocksDB's cache of what was read.");
    flags.Bytes<size_t>("write_buffer_bytes", &store.write_buffer_bytes, kMiB, kTiB,
                        "RocksDB's memory for what is not yet in its files.");
    flags.Number<int>("reader_threads", &store.reader_threads, 1, 256,
                      "Threads that read for subscribers and fetches.");
  }

  absl::Status Run(absl::Span<const std::string> /*arguments*/) override {
    if (options_.store.data_dir.empty()) return UsageError("give --data_dir=DIR; see playhead serve --help");
    if (absl::Status status = CheckAddressSpace(); !status.ok()) return status;
    if (absl::Status status = storage::RaiseDescriptorsMax(); !status.ok()) return status;
    if (!core_dumps_) {
      if (absl::Status status = ForbidCoreDumps(); !status.ok()) return status;
    }
    ForwardLibraryLogs();
    Interrupt interrupt;
    interrupt.OnInterrupt([] { broker::Log().info("event=stop_asked"); });
    if (options_.store.durability != storage::Durability::kDisk) {
      broker::Log().warn(
          "event=weak_durability durability=os sync_interval={}: acknowledged appends may be lost when "
          "the machine fails",
          absl::FormatDuration(options_.store.sync_interval));
    }
    broker::Log().info("event=version playhead={} store_format={}", kVersion, kStoreFormat);
    const absl::StatusOr<std::unique_ptr<broker::Server>> server = broker::Server::Start(options_);
    if (!server.ok()) return server.status();
    if (absl::Status status = WriteOut(ReadyLine(**server)); !status.ok()) {
      // Whoever waits for the line is gone; serving goes on.
      broker::Log().warn("event=ready_line_not_written");
    }
    interrupt.WaitUntil(absl::InfiniteFuture());
    (*server)->FlushBeforeShutdown();
    (*server)->Shutdown(options_.limits.shutdown_timeout);
    return absl::OkStatus();
  }

 private:
  broker::ServerOptions options_;
  bool core_dumps_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeServeCommand() { return std::make_unique<ServeCommand>(); }

}  // namespace playhead::tools

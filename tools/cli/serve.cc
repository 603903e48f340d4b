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
#include "tools/cli/serve_flags.h"
#include "tools/version.h"

namespace playhead::tools {
namespace {

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
streams so that clients reconnect, and exits with 0 within 10 s. Once it serves, it prints one line on stdout:
  ready grpc=127.0.0.1:50051 http=127.0.0.1:8080
Its log is on stderr, one event a line. Sizes are written like 64MiB, times like 10s.
)"};
  }

  void AddFlags(FlagSet& flags) override { AddServeFlags(flags, options_); }

  absl::Status Run(absl::Span<const std::string> /*arguments*/) override {
    if (options_.server.store.data_dir.empty()) return UsageError("give --data_dir=DIR; see playhead serve --help");
    if (absl::Status status = CheckAddressSpace(); !status.ok()) return status;
    if (absl::Status status = storage::RaiseDescriptorsMax(); !status.ok()) return status;
    if (!options_.core_dumps) {
      if (absl::Status status = ForbidCoreDumps(); !status.ok()) return status;
    }
    ForwardLibraryLogs();
    Interrupt interrupt;
    interrupt.OnInterrupt([] { broker::Log().info("event=stop_asked"); });
    if (options_.server.store.durability != storage::Durability::kDisk) {
      broker::Log().warn(
          "event=weak_durability durability=os sync_interval={}: acknowledged appends may be lost when "
          "the machine fails",
          absl::FormatDuration(options_.server.store.sync_interval));
    }
    broker::Log().info("event=version playhead={} store_format={}", kVersion, kStoreFormat);
    const absl::StatusOr<std::unique_ptr<broker::Server>> server = broker::Server::Start(options_.server);
    if (!server.ok()) return server.status();
    if (absl::Status status = WriteOut(ReadyLine(**server)); !status.ok()) {
      // The process waiting for the line is gone; go on serving.
      broker::Log().warn("event=ready_line_not_written");
    }
    interrupt.WaitUntil(absl::InfiniteFuture());
    (*server)->FlushBeforeShutdown();
    (*server)->Shutdown(options_.server.limits.shutdown_timeout);
    return absl::OkStatus();
  }

 private:
  ServeOptions options_;
};

}  // namespace

std::unique_ptr<Command> MakeServeCommand() { return std::make_unique<ServeCommand>(); }

}  // namespace playhead::tools

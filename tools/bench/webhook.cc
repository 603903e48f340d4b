#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "broker/server.h"
#include "client/webhooks_client.h"
#include "tools/bench/bench_flags.h"
#include "tools/bench/commands.h"
#include "tools/bench/http_load.h"
#include "tools/bench/report.h"
#include "tools/bench/webhook_bodies.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/secret_file.h"

namespace playhead::tools {
namespace {

// The benchmark's own broker, in a temporary folder.
class OwnBroker {
 public:
  static absl::StatusOr<std::unique_ptr<OwnBroker>> Start(const std::string& parent, const std::string& app_secret) {
    std::string folder = (std::filesystem::path(parent) / "playhead-bench-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) return UsageError(absl::StrCat("cannot make a folder in ", parent));
    std::unique_ptr<OwnBroker> own(new OwnBroker(folder));
    broker::ServerOptions options;
    options.store.data_dir = folder + "/data";
    options.grpc_listen = "127.0.0.1:0";
    options.http_listen = "127.0.0.1:0";
    auto server = broker::Server::Start(options);
    if (!server.ok()) return server.status();
    own->server_ = *std::move(server);
    ClientOptions client_options;
    client_options.target = own->server_->grpc_address();
    auto client = WebhooksClient::Create(client_options);
    if (!client.ok()) return client.status();
    v1::SetWebhookSecretRequest request;
    request.set_instance("*");
    request.set_secret(app_secret);
    if (const auto set = client->SetSecret(request); !set.ok()) return set.status();
    return own;
  }

  ~OwnBroker() {
    server_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  std::string http_address() const { return server_->http_address(); }

 private:
  explicit OwnBroker(std::string folder) : folder_(std::move(folder)) {}

  const std::string folder_;
  std::unique_ptr<broker::Server> server_;
};

class BenchWebhookCommand : public Command {
 public:
  Info info() const override {
    return {
        .name = "bench webhook",
        .arguments = "",
        .summary = "Measure how many signed webhooks a broker takes.",
        .description =
            R"(Sends webhook bodies as Meta does, signed and with message ids of their own, over connections that stay
open; each connection sends its next body when the one before was answered, and that is when all of it is on disk. The
bodies are made and signed before the measurement. Without --http_target it starts a broker in this process, which
then has half of the processor at best.
)"};
  }

  void AddFlags(FlagSet& flags) override {
    flags.Section("Load");
    flags.Number<uint64_t>("bodies", &bodies_, 1, 100'000'000, "Webhooks to send; about 1 KB of memory each.");
    flags.Number<uint64_t>("warmup_bodies", &warmup_bodies_, 0, 100'000'000, "Before that, not counted.");
    flags.Number<uint32_t>("connections", &connections_, 1, 10'000, "Connections at once.");
    flags.Section("Broker");
    flags.Text("http_target", &http_target_, "HOST:PORT", "A broker that runs, over plain HTTP; none starts one.");
    flags.Text("app_secret_file", &app_secret_file_, "FILE", "The app secret that is set there for all instances.");
    flags.Text("work_dir", &work_dir_, "DIR", "Where a broker that is started keeps its data.");
    bench_.Add(flags);
  }

  absl::Status Run(absl::Span<const std::string> /*arguments*/) override {
    const absl::StatusOr<Corpus> corpus = bench_.LoadCorpus();
    if (!corpus.ok()) return corpus.status();
    std::string app_secret = "the-benchmarks-own-app-secret";
    std::unique_ptr<OwnBroker> own;
    if (!http_target_.empty()) {
      if (app_secret_file_.empty()) return UsageError("--http_target needs --app_secret_file=FILE");
      auto read = ReadSecretFile(app_secret_file_);
      if (!read.ok()) return read.status();
      app_secret = *std::move(read);
    } else {
      auto started = OwnBroker::Start(work_dir_, app_secret);
      if (!started.ok()) return started.status();
      own = *std::move(started);
    }
    const std::string target = own == nullptr ? http_target_ : own->http_address();
    const std::vector<WebhookRequest> requests =
        MakeWebhookRequests(*corpus, warmup_bodies_ + bodies_, target, app_secret);
    const auto warmup = RunHttpLoad(target, connections_, warmup_bodies_,
                                    [&](uint64_t i) -> absl::string_view { return requests[i].bytes; });
    if (!warmup.ok()) return warmup.status();
    const auto result = RunHttpLoad(target, connections_, bodies_, [&](uint64_t i) -> absl::string_view {
      return requests[warmup_bodies_ + i].bytes;
    });
    if (!result.ok()) return result.status();
    return Print(*result, requests);
  }

 private:
  absl::Status Print(const HttpLoadResult& result, const std::vector<WebhookRequest>& requests) const {
    uint64_t events = 0;
    for (uint64_t i = warmup_bodies_; i < requests.size(); ++i) events += requests[i].events;
    const double seconds = absl::ToDoubleSeconds(result.elapsed);
    Report report;
    report.Row(absl::StrCat("webhook, ", connections_, " connections"))
        .Figure("bodies_per_second", "bodies/s", static_cast<double>(result.answered) / seconds)
        .Figure("events_per_second", "events/s", static_cast<double>(events) / seconds)
        .Figure("failures", "failures", static_cast<double>(result.failed))
        .Latencies("answer_", result.latencies);
    if (absl::Status status = WriteOut(report.Format(bench_.client.json)); !status.ok()) return status;
    if (result.failed == 0) return absl::OkStatus();
    return FailedError(absl::StrCat(
        result.failed, " webhooks were not answered 200; the first: ", result.first_failure.substr(0, 300)));
  }

  uint64_t bodies_ = 100'000;
  uint64_t warmup_bodies_ = 10'000;
  uint32_t connections_ = 64;
  std::string http_target_;
  std::string app_secret_file_;
  std::string work_dir_ = std::filesystem::temp_directory_path();
  BenchFlags bench_;
};

}  // namespace

std::unique_ptr<Command> MakeBenchWebhookCommand() { return std::make_unique<BenchWebhookCommand>(); }

}  // namespace playhead::tools

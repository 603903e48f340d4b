#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/maintenance_client.h"
#include "proto/errors.h"
#include "proto/event_json.h"
#include "storage/verify/verify_files.h"
#include "tools/cli/client_flags.h"
#include "tools/cli/commands.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/job_progress.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

constexpr uint64_t kTiB = uint64_t{1} << 40;

// "bot-7 5-9"; "bot-7 from 5"; "bot-7"; "-".
std::string Where(const v1::VerifyResponse::Finding& finding) {
  std::string where = finding.instance().empty() ? "-" : Printable(finding.instance());
  if (finding.first_cursor() == 0) return where;
  if (finding.last_cursor() == 0) return absl::StrCat(where, " from ", finding.first_cursor());
  return absl::StrCat(where, " ", finding.first_cursor(), "-", finding.last_cursor());
}

v1::VerifyResponse::Finding ToProto(const storage::Finding& finding) {
  v1::VerifyResponse::Finding out;
  out.set_kind(std::string(storage::FindingName(finding.kind)));
  out.set_instance(finding.instance);
  out.set_first_cursor(finding.first.value());
  out.set_last_cursor(finding.last.value());
  out.set_what(finding.what);
  return out;
}

v1::VerifyResponse::Progress ToProto(const storage::VerifyProgress& progress) {
  v1::VerifyResponse::Progress out;
  out.set_read_bytes(progress.read_bytes);
  out.set_total_bytes(progress.total_bytes);
  out.set_instances(progress.instances);
  out.set_blocks(progress.blocks);
  out.set_events(progress.events);
  out.set_commits(progress.commits);
  out.set_identities(progress.identities);
  out.set_findings(progress.findings);
  return out;
}

class VerifyCommand : public Command {
 public:
  Info info() const override {
    return {
        .name = "verify",
        .arguments = "[BACKUP]",
        .summary = "Check that a broker's store, a stopped store or a backup is intact.",
        .description =
            R"(Reads every block and checks its checksum, the order of cursors and times, that none is missing, and that
the indexes, commits, identities and the catalogue agree with the events; then it checks every table file as a whole.
Without arguments a running broker does this; with --data_dir it reads a store whose broker is stopped; with BACKUP the
files of all points of a backup, and everything in one of them, without restoring it. It changes nothing. Each finding
is a line on stdout with its kind, instance, cursors and description; the exit code is then 7.
  playhead verify --rate=200MiB
  playhead verify /mnt/backup/nightly
)",
        .arguments_min = 0,
        .arguments_max = 1};
  }

  void AddFlags(FlagSet& flags) override {
    flags.Section("Verification");
    flags.Text("data_dir", &data_dir_, "DIR", "Verify the store in this folder; its broker must be stopped.");
    flags.Number<uint32_t>("point", &point_, 0, UINT32_MAX,
                           "The point of a backup whose content to read; 0 is the newest.");
    flags.Bytes<uint64_t>("rate", &rate_, 0, kTiB, "The most bytes to read per second; 0 is no limit.");
    client_.Add(flags, /*streams=*/false);
  }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    if (!arguments.empty() && !data_dir_.empty()) return UsageError("give BACKUP or --data_dir, not both");
    Interrupt interrupt;
    JobProgress bar("read");
    absl::Status written;
    const auto finding = [&](const v1::VerifyResponse::Finding& found) {
      bar.Clear();
      if (written.ok()) written = WriteOut(FormatFinding(found));
    };
    const auto progress = [&](const v1::VerifyResponse::Progress& now) {
      bar.Set(now.read_bytes(), now.total_bytes());
    };
    const auto result = arguments.empty() && data_dir_.empty()
                            ? OfBroker(interrupt, finding, progress)
                            : OfFiles(interrupt, arguments.empty() ? "" : arguments[0], finding, progress);
    bar.Clear();
    if (interrupt.interrupted()) return InterruptedError("the verification was called off: not everything was checked");
    if (!result.ok()) return result.status();
    if (written.ok()) written = WriteOut(FormatResult(*result));
    if (!written.ok() || result->findings() == 0) return written;
    return MakeError(Reason::kDataLoss, absl::StrCat(WithThousands(result->findings()),
                                                     result->findings() == 1 ? " finding" : " findings"));
  }

 private:
  using OnFinding = std::function<void(const v1::VerifyResponse::Finding&)>;
  using OnProgress = std::function<void(const v1::VerifyResponse::Progress&)>;

  absl::StatusOr<v1::VerifyResponse::Progress> OfBroker(Interrupt& interrupt, const OnFinding& finding,
                                                        const OnProgress& progress) const {
    absl::StatusOr<MaintenanceClient> client = MaintenanceClient::Create(client_.options());
    if (!client.ok()) return client.status();
    interrupt.OnInterrupt([client = *client]() mutable { client.Cancel(); });
    v1::VerifyRequest request;
    request.set_bytes_per_second(rate_);
    return client->Verify(request, finding, progress);
  }

  absl::StatusOr<v1::VerifyResponse::Progress> OfFiles(Interrupt& interrupt, const std::string& backup,
                                                       const OnFinding& finding, const OnProgress& progress) const {
    const auto control = std::make_shared<storage::JobControl>();
    interrupt.OnInterrupt([control] { control->Cancel(); });
    const storage::VerifyListener listener = {
        .progress = [&](const storage::VerifyProgress& now) { progress(ToProto(now)); },
        .finding = [&](const storage::Finding& found) { finding(ToProto(found)); }};
    storage::StoreOptions store;
    store.data_dir = data_dir_;
    const auto result = backup.empty()
                            ? storage::VerifyDataDir(store, {.bytes_per_second = rate_}, *control, listener)
                            : storage::VerifyBackup(backup, point_, {.bytes_per_second = rate_}, *control, listener);
    if (!result.ok()) return result.status();
    return ToProto(*result);
  }

  std::string FormatFinding(const v1::VerifyResponse::Finding& finding) const {
    if (!client_.json) {
      return absl::StrFormat("%-9s  %s  %s\n", finding.kind(), Where(finding), Printable(finding.what()));
    }
    return absl::StrFormat(R"({"finding":"%s","instance":%s,"first_cursor":%d,"last_cursor":%d,"what":%s})"
                           "\n",
                           finding.kind(), JsonString(finding.instance()), finding.first_cursor(),
                           finding.last_cursor(), JsonString(finding.what()));
  }

  std::string FormatResult(const v1::VerifyResponse::Progress& result) const {
    if (client_.json) {
      return absl::StrFormat(
          R"({"findings":%d,"instances":%d,"events":%d,"blocks":%d,"commits":%d,"identities":%d,"read_bytes":%d})"
          "\n",
          result.findings(), result.instances(), result.events(), result.blocks(), result.commits(),
          result.identities(), result.read_bytes());
    }
    return absl::StrCat(result.findings() == 0 ? "Intact: " : "Checked: ", WithThousands(result.instances()),
                        " instances, ", WithThousands(result.events()), " events in ", WithThousands(result.blocks()),
                        " blocks, ", WithThousands(result.commits()), " commits, ", WithThousands(result.identities()),
                        " identities; ", ApproximateBytes(static_cast<double>(result.read_bytes())), " read.\n");
  }

  std::string data_dir_;
  uint32_t point_ = 0;
  uint64_t rate_ = storage::VerifyOptions().bytes_per_second;
  ClientFlags client_;
};

}  // namespace

std::unique_ptr<Command> MakeVerifyCommand() { return std::make_unique<VerifyCommand>(); }

}  // namespace playhead::tools

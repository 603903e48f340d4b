#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "proto/errors.h"
#include "proto/event_json.h"
#include "storage/verify/verify_files.h"
#include "tools/cli/commands.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/job_progress.h"
#include "tools/cli/text.h"
#include "tools/doctor/diagnosis.h"

namespace playhead::tools {
namespace {

class DoctorCommand : public Command {
 public:
  Info info() const override {
    return {
        .name = "doctor",
        .arguments = "",
        .summary = "Look at a machine and a store, and explain what is amiss.",
        .description =
            R"(Looks at the folder of the store, its file system, free space and speed, the limits of this process, the
clock, and the files of secrets; and, if its broker is stopped, reads everything in the store as `verify` does. Each
line is what it looked at, what it found, and what to do about it. It changes nothing but a file of its own, which it
removes. The exit code is 1 if there is a problem, 7 if the store is damaged.
  playhead doctor --data_dir=/var/lib/playhead --admin_secret_file=/etc/playhead/admin
)",
        .arguments_min = 0,
        .arguments_max = 0};
  }

  void AddFlags(FlagSet& flags) override {
    flags.Section("Diagnosis");
    flags.Text("data_dir", &data_dir_, "DIR", "The folder of the store.");
    flags.Text("admin_secret_file", &admin_secret_file_, "FILE", "As of `serve`: looks at it, too.");
    flags.Text("seal_key_file", &seal_key_file_, "FILE", "As of `serve`; by default beside the data folder.");
    flags.Bool("skip_verify", &skip_verify_, "Do not read the store.");
    flags.Bool("json", &json_, "One JSON object a line.");
  }

  absl::Status Run(absl::Span<const std::string> /*arguments*/) override {
    if (data_dir_.empty()) return UsageError("say where the store is: --data_dir=DIR");
    const std::string folder(absl::StripSuffix(data_dir_, "/"));
    if (seal_key_file_.empty()) seal_key_file_ = absl::StrCat(folder, ".seal");
    std::vector<Diagnosis> all = {
        CheckFolder(folder),    CheckFileSystem(folder),
        CheckFreeSpace(folder), CheckDiskSpeed(folder),
        CheckOpenFiles(),       CheckMemory(),
        CheckClock(folder),     CheckSecretFile("seal key", seal_key_file_, /*is_optional=*/true)};
    if (!admin_secret_file_.empty()) {
      all.push_back(CheckSecretFile("administrator's secret", admin_secret_file_, /*is_optional=*/false));
    }
    size_t problems = 0;
    for (const Diagnosis& diagnosis : all) {
      problems += diagnosis.severity == Severity::kProblem;
      if (absl::Status written = WriteOut(Format(diagnosis)); !written.ok()) return written;
    }
    const absl::Status verified = skip_verify_ ? absl::OkStatus() : Verify(folder);
    if (!verified.ok() || problems == 0) return verified;
    return FailedError(absl::StrCat(problems, problems == 1 ? " problem" : " problems"));
  }

 private:
  absl::Status Verify(const std::string& folder) {
    Interrupt interrupt;
    JobProgress bar("read");
    const auto control = std::make_shared<storage::JobControl>();
    interrupt.OnInterrupt([control] { control->Cancel(); });
    std::string first;
    const storage::VerifyListener listener = {
        .progress = [&](const storage::VerifyProgress& now) { bar.Set(now.read_bytes, now.total_bytes); },
        .finding =
            [&](const storage::Finding& found) {
              if (first.empty())
                first = absl::StrCat(found.instance.empty() ? "" : Printable(found.instance) + ": ", found.what);
            }};
    storage::StoreOptions store;
    store.data_dir = folder;
    const auto result = storage::VerifyDataDir(store, {}, *control, listener);
    bar.Clear();
    if (interrupt.interrupted()) return InterruptedError("the store was not read to its end");
    Diagnosis diagnosis{.subject = "store"};
    if (absl::IsNotFound(result.status())) {
      diagnosis = {Severity::kNote, "store", "there is none yet", ""};
    } else if (!result.ok()) {
      diagnosis = {Severity::kNote, "store", std::string(result.status().message()),
                   "if its broker runs, ask that: playhead verify"};
    } else if (result->findings == 0) {
      diagnosis.finding = absl::StrCat("intact: ", WithThousands(result->instances), " instances, ",
                                       WithThousands(result->events), " events");
    } else {
      diagnosis = {
          Severity::kProblem, "store",
          absl::StrCat(WithThousands(result->findings), " findings; the first: ", Printable(first)),
          absl::StrCat("playhead verify --data_dir=", folder, " lists them; restore what is damaged from a backup")};
    }
    if (absl::Status written = WriteOut(Format(diagnosis)); !written.ok()) return written;
    if (diagnosis.severity != Severity::kProblem) return absl::OkStatus();
    return MakeError(Reason::kDataLoss, "the store is damaged");
  }

  std::string Format(const Diagnosis& diagnosis) const {
    if (json_) {
      return absl::StrCat(R"({"severity":")", SeverityName(diagnosis.severity), R"(","subject":)",
                          JsonString(diagnosis.subject), R"(,"finding":)", JsonString(Printable(diagnosis.finding)),
                          R"(,"advice":)", JsonString(Printable(diagnosis.advice)), "}\n");
    }
    std::string line = absl::StrFormat("%-8s %-22s %s\n", SeverityName(diagnosis.severity), diagnosis.subject,
                                       Printable(diagnosis.finding));
    if (!diagnosis.advice.empty()) absl::StrAppendFormat(&line, "%31s-> %s\n", "", Printable(diagnosis.advice));
    return line;
  }

  std::string data_dir_;
  std::string admin_secret_file_;
  std::string seal_key_file_;
  bool skip_verify_ = false;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeDoctorCommand() { return std::make_unique<DoctorCommand>(); }

}  // namespace playhead::tools

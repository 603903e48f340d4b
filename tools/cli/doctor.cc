#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "proto/errors.h"
#include "proto/event_json.h"
#include "storage/verify/verify_files.h"
#include "tools/cli/commands.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/job_progress.h"
#include "tools/cli/memory_limit.h"
#include "tools/cli/serve_flags.h"
#include "tools/cli/text.h"
#include "tools/doctor/clock.h"
#include "tools/doctor/configuration.h"
#include "tools/doctor/data_folder.h"
#include "tools/doctor/diagnosis.h"
#include "tools/doctor/memory.h"
#include "tools/doctor/process_limits.h"
#include "tools/doctor/secret_file.h"

namespace playhead::tools {
namespace {

class DoctorCommand : public Command {
 public:
  Info info() const override {
    return {.name = "doctor",
            .arguments = "",
            .summary = "Check a machine and a store, and explain what is wrong.",
            .description =
                R"(Takes the flags of `serve`, from the command line, environment and --flagfile, and checks what that
broker depends on: the folder of the store, its file system, free space and speed, the limits of the process, memory
against the budgets, the clock, addresses, certificates, secret files and backup folders; and, if the broker is
stopped, everything in the store, as `verify` does. If the broker runs, it checks that process's limits. Each line
shows what was checked, what was found, and what to do about it. It writes only a temporary file, which it removes.
The exit code is 1 if there is a problem, 4 if the store could not be read, 7 if it is damaged.
  playhead doctor --flagfile=/etc/playhead/flags
  playhead doctor --data_dir=/var/lib/playhead --admin_secret_file=/etc/playhead/admin
)",
            .arguments_min = 0,
            .arguments_max = 0};
  }

  void AddFlags(FlagSet& flags) override {
    flags.Section("Diagnosis");
    flags.Bool("skip_verify", &skip_verify_, "Do not read the store.");
    flags.Bool("json", &json_, "Print one JSON object a line.");
    AddServeFlags(flags, options_);
  }

  absl::Status Run(absl::Span<const std::string> /*arguments*/) override {
    if (options_.server.store.data_dir.empty()) return UsageError("say where the store is: --data_dir=DIR");
    const std::string folder(absl::StripSuffix(options_.server.store.data_dir, "/"));
    options_.server.store.data_dir = folder;
    size_t problems = 0;
    for (const Diagnosis& diagnosis : Examine(folder)) {
      problems += diagnosis.severity == Severity::kProblem;
      if (absl::Status written = WriteOut(Format(diagnosis)); !written.ok()) return written;
    }
    const absl::Status verified = skip_verify_ ? absl::OkStatus() : Verify(folder);
    if (!verified.ok() || problems == 0) return verified;
    return FailedError(absl::StrCat(problems, problems == 1 ? " problem" : " problems"));
  }

 private:
  std::vector<Diagnosis> Examine(const std::string& folder) const {
    const broker::ServerOptions& server = options_.server;
    const std::optional<StoreHolder> holder = FindStoreHolder(folder);
    std::vector<Diagnosis> all = {CheckFolder(folder), CheckFileSystem(folder), CheckFreeSpace(server.store),
                                  CheckDiskSpeed(folder), CheckClock(folder)};
    for (Diagnosis& diagnosis : ExamineProcess(holder)) all.push_back(std::move(diagnosis));
    const std::string& seal = server.webhook.seal_key_file;
    all.push_back(
        CheckSecretFile("seal key", seal.empty() ? absl::StrCat(folder, ".seal") : seal, /*is_optional=*/true));
    for (Diagnosis& diagnosis : CheckConfiguration(server, holder.has_value(), absl::Now())) {
      all.push_back(std::move(diagnosis));
    }
    return all;
  }

  // Examines the running broker's process if its limits can be read, otherwise this process, whose limits a broker
  // started from here would have.
  std::vector<Diagnosis> ExamineProcess(const std::optional<StoreHolder>& holder) const {
    std::vector<Diagnosis> all;
    std::string process = "self";
    std::string whose = "this process";
    std::optional<ProcessLimits> limits;
    if (holder.has_value()) {
      const std::string id = absl::StrCat(holder->process);
      if (holder->process != 0) limits = ReadProcessLimits(id);
      all.push_back(
          {Severity::kNote, "BROKER_RUNS", "broker",
           holder->process == 0 ? "one runs on this store, where its process is not to be seen from here"
                                : absl::StrCat("one runs on this store, as process ", id),
           limits.has_value() ? "" : "run the doctor as its user, beside it, to have its own limits looked at"});
      if (limits.has_value()) {
        process = id;
        whose = absl::StrCat("the broker, process ", id, ",");
      }
    }
    const bool is_broker = limits.has_value();
    if (!is_broker) limits = ReadProcessLimits(process);
    if (limits.has_value()) {
      // A starting broker raises its limit to the maximum.
      all.push_back(JudgeOpenFiles(is_broker ? limits->open_files : limits->open_files_max, options_.server,
                                   CountTableFiles(options_.server.store.data_dir), whose));
    }
    all.push_back(JudgeMemory(FindMemoryBound(process), MemoryBudgetsOf(options_.server)));
    if (absl::Status status = CheckAddressSpace(); !is_broker && !status.ok()) {
      all.push_back({Severity::kProblem, "ADDRESS_SPACE_TOO_SMALL", "memory", std::string(status.message()),
                     "ulimit -v unlimited"});
    }
    if (options_.core_dumps || (is_broker && limits->core_bytes != 0)) {
      all.push_back({Severity::kWarning, "CORE_DUMPS_ALLOWED", "core dumps",
                     "a crash of the broker may write one, with events and secrets in it",
                     "take --core_dumps away, and restart the broker"});
    }
    return all;
  }

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
      diagnosis = {Severity::kNote, "STORE_ABSENT", "store", "there is none yet", ""};
    } else if (absl::IsUnavailable(result.status())) {
      diagnosis = {Severity::kProblem, "STORE_UNREADABLE", "store", std::string(result.status().message()),
                   "run the doctor as the broker's user, with as many open files as the broker may have (ulimit -n)"};
    } else if (!result.ok()) {
      diagnosis = {Severity::kNote, "STORE_NOT_READ", "store", std::string(result.status().message()),
                   "if its broker runs, ask that: playhead verify"};
    } else if (result->findings == 0) {
      diagnosis.finding = absl::StrCat("intact: ", WithThousands(result->instances), " instances, ",
                                       WithThousands(result->events), " events");
    } else {
      diagnosis = {
          Severity::kProblem, "STORE_DAMAGED", "store",
          absl::StrCat(WithThousands(result->findings), " findings; the first: ", Printable(first)),
          absl::StrCat("playhead verify --data_dir=", folder, " lists them; restore what is damaged from a backup")};
    }
    if (absl::Status written = WriteOut(Format(diagnosis)); !written.ok()) return written;
    if (diagnosis.severity != Severity::kProblem) return absl::OkStatus();
    if (!result.ok()) return MakeError(Reason::kStoreUnavailable, "the store could not be read");
    return MakeError(Reason::kDataLoss, "the store is damaged");
  }

  std::string Format(const Diagnosis& diagnosis) const {
    if (json_) {
      return absl::StrCat(R"({"severity":")", SeverityName(diagnosis.severity), R"(","code":")", diagnosis.code,
                          R"(","subject":)", JsonString(diagnosis.subject), R"(,"finding":)",
                          JsonString(Printable(diagnosis.finding)), R"(,"advice":)",
                          JsonString(Printable(diagnosis.advice)), "}\n");
    }
    std::string line = absl::StrFormat("%-8s %-22s %s", SeverityName(diagnosis.severity), diagnosis.subject,
                                       Printable(diagnosis.finding));
    if (diagnosis.severity != Severity::kGood) absl::StrAppend(&line, " (", diagnosis.code, ")");
    line += '\n';
    if (!diagnosis.advice.empty()) absl::StrAppendFormat(&line, "%31s-> %s\n", "", Printable(diagnosis.advice));
    return line;
  }

  ServeOptions options_;
  bool skip_verify_ = false;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeDoctorCommand() { return std::make_unique<DoctorCommand>(); }

}  // namespace playhead::tools

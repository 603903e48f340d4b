#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/maintenance_client.h"
#include "proto/event_json.h"
#include "storage/await.h"
#include "storage/engine/rocksdb_event_log.h"
#include "storage/event_log.h"
#include "tools/cli/client_flags.h"
#include "tools/cli/commands.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/job_progress.h"
#include "tools/cli/store_files.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

constexpr uint64_t kTiB = uint64_t{1} << 40;

class BackupCommand : public Command {
 public:
  Info info() const override {
    return {
        .name = "backup",
        .arguments = "DIR",
        .summary = "Copy the store of a running broker, so that it can be restored.",
        .description =
            R"(Adds a restorable point to the backup in DIR, while the broker serves. It contains everything that was
acknowledged before; later points copy only what is new. DIR is on the broker's machine, in or below a folder of the
broker's --backup_dir, and may be relative to the first of these:
  playhead serve --data_dir=/var/lib/playhead --backup_dir=/mnt/backup
  playhead backup nightly --keep=14
With --data_dir it copies a store that no broker has open, to a DIR on this machine. A backup does not contain the key
that seals webhook secrets (--seal_key_file of serve): keep a copy of it elsewhere.
)",
        .arguments_min = 1,
        .arguments_max = 1};
  }

  void AddFlags(FlagSet& flags) override {
    flags.Section("Backup");
    flags.Number<uint32_t>("keep", &keep_, 1, storage::kBackupPointsMax,
                           "How many points to keep, including the new one; the oldest are deleted.");
    flags.Bytes<uint64_t>("rate", &rate_, 0, kTiB, "The most bytes to write per second; 0 is no limit.");
    flags.Text("data_dir", &data_dir_, "DIR", "Back up the store in this folder instead; its broker must be stopped.");
    client_.Add(flags, /*streams=*/false);
  }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    return data_dir_.empty() ? RunOnBroker(arguments[0]) : RunOnFiles(arguments[0]);
  }

 private:
  absl::Status RunOnBroker(const std::string& dir) {
    Interrupt interrupt;
    absl::StatusOr<MaintenanceClient> client = MaintenanceClient::Create(client_.options());
    if (!client.ok()) return client.status();
    interrupt.OnInterrupt([client = *client]() mutable { client.Cancel(); });
    v1::BackupRequest request;
    request.set_dir(dir);
    request.set_keep(keep_);
    request.set_bytes_per_second(rate_);
    JobProgress progress("copied");
    const auto made = client->Backup(
        request, [&](const v1::BackupResponse::Progress& now) { progress.Set(now.copied_bytes(), now.total_bytes()); });
    progress.Clear();
    if (interrupt.interrupted()) return InterruptedError("the backup was called off: there is no new point");
    if (!made.ok()) return made.status();
    return Print(*made);
  }

  absl::Status RunOnFiles(const std::string& dir) {
    if (absl::Status status = CheckStoreExists(data_dir_); !status.ok()) return status;
    Interrupt interrupt;
    storage::StoreOptions options;
    options.data_dir = data_dir_;
    const auto log = storage::OpenRocksDbEventLog(options);
    if (!log.ok()) return log.status();
    const auto control = std::make_shared<storage::JobControl>();
    interrupt.OnInterrupt([control] { control->Cancel(); });
    JobProgress progress("copied");
    const auto report = storage::Await<storage::BackupReport>([&](auto done) {
      (*log)->Backup(
          {.dir = dir, .keep = keep_, .bytes_per_second = rate_}, control,
          [&](const storage::BackupProgress& now) { progress.Set(now.copied_bytes, now.total_bytes); },
          std::move(done));
    });
    progress.Clear();
    if (interrupt.interrupted()) return InterruptedError("the backup was called off: there is no new point");
    if (!report.ok()) return report.status();
    v1::BackupResponse::Made made;
    made.mutable_point()->set_number(report->point.number);
    made.mutable_point()->set_made_at(report->point.made_at.micros());
    made.mutable_point()->set_bytes(report->point.bytes);
    made.mutable_point()->set_files(report->point.files);
    made.set_copied_bytes(report->copied_bytes);
    made.set_points(report->points);
    made.set_dir(dir);
    return Print(made);
  }

  absl::Status Print(const v1::BackupResponse::Made& made) const {
    const v1::BackupPoint& point = made.point();
    if (client_.json) {
      return WriteOut(
          absl::StrFormat(R"({"dir":%s,"point":%d,"made_at":"%s","bytes":%d,"files":%d,"copied_bytes":%d,"points":%d})"
                          "\n",
                          JsonString(made.dir()), point.number(), FormatMicros(point.made_at()), point.bytes(),
                          point.files(), made.copied_bytes(), made.points()));
    }
    return WriteOut(absl::StrCat("Point ", point.number(), " in ", Printable(made.dir()), ": ",
                                 ApproximateBytes(static_cast<double>(point.bytes())), " in ", point.files(),
                                 " files; ", ApproximateBytes(static_cast<double>(made.copied_bytes())),
                                 " were written: what was new of them, and their list. ", made.points(),
                                 made.points() == 1 ? " point" : " points", " can be restored.\n"));
  }

  uint32_t keep_ = storage::BackupOptions().keep;
  uint64_t rate_ = storage::BackupOptions().bytes_per_second;
  std::string data_dir_;
  ClientFlags client_;
};

}  // namespace

std::unique_ptr<Command> MakeBackupCommand() { return std::make_unique<BackupCommand>(); }

}  // namespace playhead::tools

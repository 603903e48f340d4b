#include "storage/backup/restore.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "proto/event_json.h"
#include "storage/cursor.h"
#include "tools/cli/command.h"
#include "tools/cli/commands.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

class RestoreCommand : public Command {
 public:
  Info info() const override {
    return {
        .name = "restore",
        .arguments = "BACKUP DATA_DIR",
        .summary = "Make a data directory from a backup.",
        .description =
            R"(Copies a point of the backup in BACKUP, by default the newest, to DATA_DIR, which must be absent or empty, and
verifies all checksums. All logs continue in a new epoch, so that cursors assigned after the point was made are refused
with CURSOR_DIVERGED, and never refer to other events. If it was interrupted, run it again. It records the epoch in
BACKUP, unless --epoch_floor is given.
  playhead restore /mnt/backup/nightly /var/lib/playhead
)",
        .arguments_min = 2,
        .arguments_max = 2};
  }

  void AddFlags(FlagSet& flags) override {
    flags.Section("Restore");
    flags.Number<uint32_t>("point", &point_, 0, UINT32_MAX, "The point's number; 0 is the newest.");
    flags.OptionalNumber(
        "epoch_floor", &epoch_floor_, "N",
        "The lowest epoch in which logs continue, instead of one above all that the backup knows of: for a copy whose "
        "clients hold no cursors of another store, or for a BACKUP that is read-only.");
    flags.Bool("json", &json_, "Print one JSON object.");
  }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    storage::RestoreOptions options{.backup_dir = arguments[0], .point = point_, .data_dir = arguments[1]};
    if (epoch_floor_ && *epoch_floor_ > storage::Cursor::kEpochMax) {
      return UsageError(absl::StrCat("--epoch_floor is at most ", storage::Cursor::kEpochMax));
    }
    if (epoch_floor_) options.epoch_floor = static_cast<uint32_t>(*epoch_floor_);
    const auto report = storage::Restore(options);
    if (!report.ok()) return report.status();
    const std::string seal = absl::StrCat(absl::StripSuffix(options.data_dir, "/"), ".seal");
    if (json_) {
      return WriteOut(absl::StrFormat(R"({"data_dir":%s,"point":%d,"made_at":"%s","bytes":%d,"epoch_floor":%d})"
                                      "\n",
                                      JsonString(options.data_dir), report->point.number,
                                      FormatMicros(report->point.made_at.micros()), report->point.bytes,
                                      report->epoch_floor));
    }
    std::string out = absl::StrCat(
        "Restored point ", report->point.number, " of ", FormatMicros(report->point.made_at.micros()).substr(0, 19),
        "Z to ", Printable(options.data_dir), ": ", ApproximateBytes(static_cast<double>(report->point.bytes)),
        ". Logs go on in epoch ", report->epoch_floor, ".\n",
        "Keys that were revoked since then are good again: revoke them before others can reach the broker.\n");
    std::error_code error;
    if (!std::filesystem::exists(seal, error)) {
      absl::StrAppend(&out, "If there are webhook secrets, put the key that seals them back to ", Printable(seal),
                      " first: it is not in the backup.\n");
    }
    return WriteOut(out);
  }

 private:
  uint32_t point_ = 0;
  std::optional<uint64_t> epoch_floor_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeRestoreCommand() { return std::make_unique<RestoreCommand>(); }

}  // namespace playhead::tools

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/errors.h"
#include "proto/event_json.h"
#include "storage/backup/restore.h"
#include "tools/cli/commands.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

std::string FormatContent(const storage::BackupContent& content) {
  std::string out = absl::StrFormat("%5s  %-20s  %8s  %6s\n", "POINT", "MADE AT", "SIZE", "FILES");
  for (const storage::BackupPoint& point : content.points) {
    absl::StrAppendFormat(&out, "%5d  %-20s  %8s  %6d\n", point.number,
                          FormatMicros(point.made_at.micros()).substr(0, 19) + "Z",
                          ApproximateBytes(static_cast<double>(point.bytes)), point.files);
  }
  for (const uint32_t number : content.damaged) absl::StrAppendFormat(&out, "%5d  damaged\n", number);
  return out;
}

std::string ContentJson(const storage::BackupContent& content) {
  std::string out;
  for (const storage::BackupPoint& point : content.points) {
    absl::StrAppendFormat(&out,
                          R"({"point":%d,"made_at":"%s","bytes":%d,"files":%d})"
                          "\n",
                          point.number, FormatMicros(point.made_at.micros()), point.bytes, point.files);
  }
  for (const uint32_t number : content.damaged) absl::StrAppend(&out, "{\"point\":", number, ",\"damaged\":true}\n");
  return out;
}

class BackupListCommand : public Command {
 public:
  Info info() const override {
    return {
        .name = "backup list",
        .arguments = "DIR",
        .summary = "List the points of a backup.",
        .description =
            R"(Lists what `playhead restore DIR DATA_DIR --point=N` can restore: the number of each point, when it was made, and
the size of its files, which points share. DIR is on this machine. It checks only the sizes of files; `playhead verify
DIR` checks their content. If a point is damaged, the command lists all points and then fails.
  playhead backup list /mnt/backup/nightly
)",
        .arguments_min = 1,
        .arguments_max = 1};
  }

  void AddFlags(FlagSet& flags) override { flags.Bool("json", &json_, "Print one JSON object a line."); }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    const auto content = storage::ListBackup(arguments[0]);
    if (!content.ok()) return content.status();
    if (absl::Status status = WriteOut(json_ ? ContentJson(*content) : FormatContent(*content)); !status.ok()) {
      return status;
    }
    if (content->damaged.empty()) return absl::OkStatus();
    return MakeError(
        Reason::kDataLoss,
        absl::StrCat("files of point ", content->damaged.front(), " are missing or damaged: playhead verify ",
                     Printable(arguments[0]), " --point=", content->damaged.front(), " says which"));
  }

 private:
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeBackupListCommand() { return std::make_unique<BackupListCommand>(); }

}  // namespace playhead::tools

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/errors.h"
#include "proto/event_json.h"
#include "proto/instance_json.h"
#include "tools/cli/client_flags.h"
#include "tools/cli/commands.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/terminal.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

// How many rows are aligned together, so that they can be printed before later names are known.
constexpr size_t kRowsAligned = 100;
// The width of the columns after the name.
constexpr size_t kFiguresColumns = 64;

std::string FormatRows(const std::vector<v1::Instance>& rows, bool header) {
  size_t name_columns = 8;
  for (const v1::Instance& row : rows) name_columns = std::max(name_columns, row.name().size());
  // On a terminal, long names are cut to make room for the figures.
  if (const auto columns = TerminalColumns(stdout); columns.has_value()) {
    name_columns = std::min(name_columns, std::max(*columns, kFiguresColumns + 8) - kFiguresColumns);
  }
  const auto width = static_cast<int>(name_columns);
  std::string out;
  if (header) {
    const std::string line = absl::StrFormat("%-*s  %10s  %8s  %8s  %8s  %s", width, "INSTANCE", "EVENTS", "FIRST",
                                             "HEAD", "SIZE", "LAST APPEND");
    absl::StrAppend(&out, Painter(stdout)(Colour::kBold, line), "\n");
  }
  for (const v1::Instance& row : rows) {
    const bool fits = row.name().size() <= name_columns;
    absl::StrAppendFormat(&out, "%-*s  ", width, fits ? row.name() : row.name().substr(0, name_columns - 1) + "~");
    if (row.has_unreadable()) {
      absl::StrAppend(&out, "cannot be read: ", row.unreadable().code(), "\n");
      continue;
    }
    absl::StrAppendFormat(&out, "%10s  %8d  %8d  %8s  %s\n", WithThousands(row.event_count()), row.first_cursor(),
                          row.head_cursor(), ApproximateBytes(static_cast<double>(row.appended_bytes())),
                          row.last_appended_at() == 0 ? "-" : FormatMicros(row.last_appended_at()).substr(0, 19) + "Z");
  }
  return out;
}

class InstancesCommand : public Command {
 public:
  Info info() const override {
    return {.name = "instances",
            .arguments = "[PREFIX]",
            .summary = "List instances, by name.",
            .description =
                R"(Lists the instances whose names start with PREFIX, or all. SIZE counts all events ever appended.
If some cannot be read, the command lists all instances and then fails with the reason of the first of these.
)",
            .arguments_min = 0,
            .arguments_max = 1};
  }

  void AddFlags(FlagSet& flags) override { client_.Add(flags, /*streams=*/false); }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    absl::StatusOr<Client> client = client_.Connect();
    if (!client.ok()) return client.status();
    const absl::Status status = Print(*client, arguments.empty() ? "" : arguments[0]);
    return IsOutputClosed(status) ? absl::OkStatus() : status;
  }

 private:
  absl::Status Print(Client& client, absl::string_view prefix) const {
    std::vector<v1::Instance> rows;
    absl::Status unreadable;
    bool header = true;
    const auto flush = [&] {
      std::string out;
      if (client_.json) {
        for (const v1::Instance& row : rows) absl::StrAppend(&out, InstanceJson(row), "\n");
      } else {
        out = FormatRows(rows, header);
      }
      rows.clear();
      header = false;
      return WriteOut(out);
    };
    for (const absl::StatusOr<v1::Instance>& instance : client.ListInstances(prefix)) {
      if (!instance.ok()) return instance.status();
      rows.push_back(*instance);
      if (instance->has_unreadable()) unreadable.Update(FromProto(instance->unreadable()));
      if (rows.size() < kRowsAligned) continue;
      if (absl::Status status = flush(); !status.ok()) return status;
    }
    absl::Status status = rows.empty() && !header ? absl::OkStatus() : flush();
    return status.ok() ? unreadable : status;
  }

  ClientFlags client_;
};

}  // namespace

std::unique_ptr<Command> MakeInstancesCommand() { return std::make_unique<InstancesCommand>(); }

}  // namespace playhead::tools

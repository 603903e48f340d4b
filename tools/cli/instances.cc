#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/event_json.h"
#include "tools/cli/client_flags.h"
#include "tools/cli/commands.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/terminal.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

std::string FormatJson(const v1::Instance& instance) {
  std::string out = absl::StrFormat(
      R"({"name":%s,"first_cursor":%d,"head_cursor":%d,"event_count":%d,"appended_bytes":%d,"created_at":"%s")",
      JsonString(instance.name()), instance.first_cursor(), instance.head_cursor(), instance.event_count(),
      instance.appended_bytes(), FormatMicros(instance.created_at()));
  if (instance.last_appended_at() != 0) {
    absl::StrAppend(&out, ",\"last_appended_at\":\"", FormatMicros(instance.last_appended_at()), "\"");
  }
  return out + "}\n";
}

// Rows of one screenful are aligned together; what follows need not wait for names not yet known.
constexpr size_t kRowsAligned = 100;
// What stands behind the name.
constexpr size_t kFiguresColumns = 64;

std::string FormatRows(const std::vector<v1::Instance>& rows, bool header) {
  size_t name_columns = 8;
  for (const v1::Instance& row : rows) name_columns = std::max(name_columns, row.name().size());
  // On a terminal a long name makes room for the figures.
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
    absl::StrAppendFormat(&out, "%-*s  %10s  %8d  %8d  %8s  %s\n", width,
                          row.name().size() > name_columns ? row.name().substr(0, name_columns - 1) + "~" : row.name(),
                          WithThousands(row.event_count()), row.first_cursor(), row.head_cursor(),
                          ApproximateBytes(static_cast<double>(row.appended_bytes())),
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
                R"(Lists the instances whose names start with PREFIX, or all. SIZE counts every event ever appended.
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
    bool header = true;
    const auto flush = [&] {
      std::string out;
      if (client_.json) {
        for (const v1::Instance& row : rows) out += FormatJson(row);
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
      if (rows.size() < kRowsAligned) continue;
      if (absl::Status status = flush(); !status.ok()) return status;
    }
    return rows.empty() && !header ? absl::OkStatus() : flush();
  }

  ClientFlags client_;
};

}  // namespace

std::unique_ptr<Command> MakeInstancesCommand() { return std::make_unique<InstancesCommand>(); }

}  // namespace playhead::tools

#include "tools/cli/event_printer.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/event_json.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

constexpr absl::string_view kOutputClosed = "playhead.dev/output-closed";

// With fewer columns the payload would be unreadable: it is then not cut, and the terminal wraps the line.
constexpr size_t kDataColumnsMin = 16;
constexpr size_t kWideColumns = 100;

std::string Padded(absl::string_view text, size_t columns) {
  const size_t used = Columns(text);
  return absl::StrCat(text, std::string(used < columns ? columns - used : 0, ' '));
}

}  // namespace

EventPrinter::EventPrinter(const Options& options)
    : options_(options), paint_(stdout), columns_(TerminalColumns(stdout)) {}

void EventPrinter::Format(absl::string_view instance, const EventView& event, std::string& out) const {
  if (options_.json) {
    AppendEventLine(instance, event, out);
    return;
  }
  const std::string cursor = absl::StrFormat("%8d", event.cursor);
  std::string time = FormatMicros(event.appended_at).substr(0, 23) + "Z";
  // On a narrow terminal, leave out the date.
  if (columns_.has_value() && *columns_ < kWideColumns) time = time.substr(11);
  const std::string type = Padded(Printable(event.type), 16);
  const std::string name = options_.show_instance ? absl::StrCat(Padded(instance, 16), "  ") : "";
  // On a terminal the payload is cut to fit, and only about that much of it is made printable.
  const size_t used = Columns(cursor) + Columns(time) + Columns(type) + Columns(name) + 6;
  absl::string_view data = event.data;
  if (columns_.has_value()) data = data.substr(0, 4 * *columns_);
  std::string text = Printable(data);
  if (columns_.has_value() && *columns_ >= used + kDataColumnsMin) text = Fit(text, *columns_ - used);
  absl::StrAppend(&out, paint_(Colour::kBold, cursor), "  ", paint_(Colour::kDim, time), "  ",
                  name.empty() ? "" : paint_(Colour::kGreen, name), paint_(Colour::kCyan, type), "  ", text, "\n");
}

absl::Status WriteOut(absl::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) {
    return absl::OkStatus();
  }
  const int error = errno;
  absl::Status status = FailedError(absl::StrCat("cannot write the output: ", std::strerror(error)));
  if (error == EPIPE) status.SetPayload(kOutputClosed, absl::Cord());
  return status;
}

bool IsOutputClosed(const absl::Status& status) { return status.GetPayload(kOutputClosed).has_value(); }

}  // namespace playhead::tools

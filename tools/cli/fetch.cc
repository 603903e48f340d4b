#include <algorithm>
#include <cstdio>
#include <limits>

#include "absl/strings/str_cat.h"
#include "tools/cli/client_flags.h"
#include "tools/cli/commands.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/notices.h"
#include "tools/cli/start_flags.h"
#include "tools/cli/terminal.h"

namespace playhead::tools {
namespace {

class FetchCommand : public Command {
 public:
  Info info() const override {
    return {.name = "fetch",
            .arguments = "INSTANCE",
            .summary = "Print a range of a log, and end.",
            .description = R"(Prints the events after a cursor, page by page, and ends. For example:
  playhead fetch my-bot --after=41
  playhead fetch my-bot --reverse --limit=10         the newest ten, newest first
  playhead fetch my-bot --json | playhead append other-bot --ndjson
)",
            .arguments_min = 1,
            .arguments_max = 1};
  }

  void AddFlags(FlagSet& flags) override {
    start_.Add(flags, "Or start at the `beginning` (the first kept event), or at a time: 2026-01-31T12:00:00Z.");
    flags.Number<uint64_t>("until", &until_, 0, uint64_t{1} << 53, "The last cursor to print; 0 is the newest.");
    flags.Number<uint64_t>("limit", &limit_, 0, uint64_t{1} << 53, "The most events to print; 0 is all.");
    flags.Bool("reverse", &reverse_, "Newest first, from --until down to the start.");
    client_.Add(flags, /*streams=*/false);
  }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    const absl::StatusOr<Start> start = start_.start(Start::Beginning());
    if (!start.ok()) return start.status();
    absl::StatusOr<Client> client = client_.Connect();
    if (!client.ok()) return client.status();
    absl::Status status = PrintPages(*client, {.instance = arguments[0],
                                               .start = *start,
                                               .until_cursor = until_,
                                               .reverse = reverse_,
                                               .types = start_.type_list(),
                                               .id_prefix = start_.id_prefix,
                                               .allow_gap = start_.allow_gap});
    return IsOutputClosed(status) ? absl::OkStatus() : status;
  }

 private:
  static constexpr uint64_t kPageEventsMax = 10'000;

  absl::Status PrintPages(Client& client, FetchRequest request) const {
    const EventPrinter printer({.json = client_.json});
    std::string out;
    for (uint64_t left = limit_ == 0 ? std::numeric_limits<uint64_t>::max() : limit_; left > 0;) {
      request.limit = std::min(left, kPageEventsMax);
      const absl::StatusOr<FetchPage> page = client.FetchMissedPage(request);
      if (!page.ok()) return page.status();
      out.clear();
      if (page->gap.has_value()) out += FormatGap(request.instance, *page->gap, client_.json);
      for (const EventView& event : page->events) printer.Format(request.instance, event, out);
      if (absl::Status status = WriteOut(out); !status.ok()) return status;
      if (page->end_reached) break;
      left -= page->events.size();
      if (reverse_) {
        request.until_cursor = page->next_cursor;
      } else {
        request.start = Start::After(page->next_cursor);
      }
      if (left == 0) SayMore(page->next_cursor);
    }
    return absl::OkStatus();
  }

  // Prints how to go on, if people read the output.
  void SayMore(uint64_t next_cursor) const {
    if (!IsTerminal(stderr) || !IsTerminal(stdout)) return;
    std::fprintf(
        stderr, "%s\n",
        Painter(stderr)(Colour::kDim, absl::StrCat("There is more: ", reverse_ ? "--until=" : "--after=", next_cursor))
            .c_str());
  }

  StartFlags start_;
  uint64_t until_ = 0;
  uint64_t limit_ = 100;
  bool reverse_ = false;
  ClientFlags client_;
};

}  // namespace

std::unique_ptr<Command> MakeFetchCommand() { return std::make_unique<FetchCommand>(); }

}  // namespace playhead::tools

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/event_json.h"
#include "tools/cli/client_flags.h"
#include "tools/cli/commands.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/terminal.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

std::string TimeText(int64_t micros) { return micros == 0 ? "-" : FormatMicros(micros).substr(0, 19) + "Z"; }

class FindCommand : public Command {
 public:
  Info info() const override {
    return {
        .name = "find",
        .arguments = "INSTANCE MESSAGE_ID",
        .summary = "Find a WhatsApp message and its statuses.",
        .description =
            R"(Prints the events of a message, newest first: the message itself, and one for each status and recipient, with
their cursors and times. SENT is the time that Meta reports, STORED when the broker stored it. It reads the log
backwards until it finds the message itself; --since ends the search earlier. With --json, events as fetch prints them.
  playhead find 106540352242922 wamid.HBgLMTU1NTAxMjM0NTYVAgARGBI5QUM --since=2026-01-31T00:00:00Z
)",
        .arguments_min = 2,
        .arguments_max = 2};
  }

  void AddFlags(FlagSet& flags) override {
    flags.Text("since", &since_, "TIME", "Search only what was stored at or after this time (RFC 3339).");
    client_.Add(flags, /*streams=*/false);
  }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    Start start = Start::Beginning();
    if (!since_.empty()) {
      const auto time = ParseTime(since_);
      if (!time.has_value())
        return UsageError(absl::StrCat("--since: \"", since_, "\" is not a time such as 2026-01-31T00:00:00Z"));
      start = Start::Time(absl::ToUnixMicros(*time));
    }
    absl::StatusOr<Client> client = client_.Connect();
    if (!client.ok()) return client.status();
    const absl::StatusOr<bool> found = PrintEvents(*client, arguments[0], arguments[1], start);
    if (IsOutputClosed(found.status())) return absl::OkStatus();
    if (!found.ok() || *found) return found.status();
    return absl::NotFoundError(absl::StrCat("no event of ", arguments[0], " is of the message ", arguments[1]));
  }

 private:
  // Returns whether there were any.
  absl::StatusOr<bool> PrintEvents(Client& client, const std::string& instance, const std::string& message_id,
                                   const Start& start) const {
    FetchRequest request{.instance = instance, .start = start, .reverse = true, .id_prefix = message_id};
    bool found = false;
    const EventPrinter printer({.json = true});
    for (;;) {
      const absl::StatusOr<FetchPage> page = client.FetchMissedPage(request);
      if (!page.ok()) return page.status();
      std::string out;
      bool is_whole = page->end_reached;
      for (const EventView& event : page->events) {
        const absl::string_view rest = event.id.substr(message_id.size());
        // The id of another message may begin with this one.
        if (!rest.empty() && rest[0] != ':' && rest[0] != '#') continue;
        if (client_.json) {
          printer.Format(instance, event, out);
        } else {
          if (!found) out = Header();
          AppendRow(event, rest, out);
        }
        found = true;
        // A received message has no statuses, and nothing older belongs to it.
        is_whole |= rest.empty() && event.type == "message.received";
      }
      if (absl::Status status = WriteOut(out); !status.ok()) return status;
      if (is_whole) return found;
      request.until_cursor = page->next_cursor;
    }
  }

  static std::string Header() {
    return Painter(stdout)(Colour::kBold, absl::StrFormat("%10s  %-20s  %-20s  %-18s  %s", "CURSOR", "SENT", "STORED",
                                                          "TYPE", "RECIPIENT")) +
           "\n";
  }

  // `rest` is the part of the event's id after the message's id: `:<status>:<recipient>[:<participant>]`.
  static void AppendRow(const EventView& event, absl::string_view rest, std::string& out) {
    const size_t recipient = rest.empty() ? rest.npos : rest.find(':', 1);
    absl::StrAppendFormat(&out, "%10d  %-20s  %-20s  %-18s  %s\n", event.cursor, TimeText(event.created_at),
                          TimeText(event.appended_at), Printable(event.type),
                          recipient == rest.npos ? "" : Printable(rest.substr(recipient + 1)));
  }

  std::string since_;
  ClientFlags client_;
};

}  // namespace

std::unique_ptr<Command> MakeFindCommand() { return std::make_unique<FindCommand>(); }

}  // namespace playhead::tools

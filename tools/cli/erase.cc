#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "client/erasures_client.h"
#include "proto/event_json.h"
#include "tools/cli/client_flags.h"
#include "tools/cli/commands.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/terminal.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

// How often to ask for an erasure's progress.
constexpr absl::Duration kPollInterval = absl::Milliseconds(200);

std::string StateText(v1::Erasure::State state) {
  switch (state) {
    case v1::Erasure::QUEUED:
      return "queued";
    case v1::Erasure::ERASING:
      return "erasing";
    case v1::Erasure::PURGING:
      return "purging";
    case v1::Erasure::DONE:
      return "done";
    case v1::Erasure::CANCELED:
      return "canceled";
    default:
      return "unknown";
  }
}

bool HasEnded(const v1::Erasure& erasure) {
  return erasure.state() == v1::Erasure::DONE || erasure.state() == v1::Erasure::CANCELED;
}

std::string TargetText(const v1::Erasure& erasure) {
  if (erasure.cursor_count() > 0) return absl::StrCat(erasure.cursor_count(), " cursors");
  if (erasure.id_count() > 0) return absl::StrCat(erasure.id_count(), " ids");
  return absl::StrCat("attribute ", Printable(erasure.attribute_key()));
}

std::string EventsText(uint64_t count) { return absl::StrCat(WithThousands(count), count == 1 ? " event" : " events"); }

std::string ToJson(const v1::Erasure& erasure) {
  std::string out = absl::StrCat("{\"number\":", erasure.number(), ",\"instances\":[",
                                 absl::StrJoin(erasure.instances(), ",",
                                               [](std::string* text, const std::string& instance) {
                                                 absl::StrAppend(text, JsonString(instance));
                                               }),
                                 "]");
  if (erasure.cursor_count() > 0) absl::StrAppend(&out, ",\"cursor_count\":", erasure.cursor_count());
  if (erasure.id_count() > 0) absl::StrAppend(&out, ",\"id_count\":", erasure.id_count());
  if (!erasure.attribute_key().empty()) {
    absl::StrAppend(&out, ",\"attribute_key\":", JsonString(erasure.attribute_key()));
  }
  absl::StrAppend(&out, ",\"dry_run\":", erasure.dry_run() ? "true" : "false", ",\"state\":\"",
                  StateText(erasure.state()), "\",\"requested_at\":\"", FormatMicros(erasure.requested_at()), "\"");
  if (erasure.ended_at() != 0) absl::StrAppend(&out, ",\"ended_at\":\"", FormatMicros(erasure.ended_at()), "\"");
  absl::StrAppend(&out, ",\"instance_count\":", erasure.instance_count(),
                  ",\"scanned_events\":", erasure.scanned_events(), ",\"scanned_bytes\":", erasure.scanned_bytes(),
                  ",\"erased_events\":", erasure.erased_events(), ",\"erased_bytes\":", erasure.erased_bytes(),
                  ",\"damaged_blocks\":", erasure.damaged_blocks(), "}\n");
  return out;
}

class EraseCommand : public Command {
 public:
  Info info() const override {
    return {
        .name = "erase",
        .arguments = "INSTANCE...",
        .summary = "Erase single events, or all with an id or an attribute.",
        .description =
            R"(Erases events for good and leaves an event of type playhead.erased in place of each, so that cursors have
no holes. INSTANCE is a name, a prefix such as chat.*, or * for all that the key manages.
  playhead erase chat.1 --cursor=4711 --cursor=4712
  playhead erase chat.1 --id=wamid.HBgL
  playhead erase '*' --attribute=customer=4915112345 --dry_run
  playhead erase '*' --attribute=customer=4915112345 --wait
Readers no longer get them, at once. The bytes leave the disk in the background: --wait waits for that.
)",
        .arguments_min = 1,
        .arguments_max = 64};
  }

  void AddFlags(FlagSet& flags) override {
    flags.Section("What to erase (give one kind of these)");
    flags.Texts("cursor", &cursors_, "CURSOR", "The event at this cursor of the one INSTANCE.");
    flags.Texts("id", &ids_, "ID", "Every event with this id.");
    flags.Text("attribute", &attribute_, "KEY=VALUE", "Every event that has this attribute.");
    flags.Section("How");
    flags.Bool("dry_run", &dry_run_, "Count what would be erased, and erase nothing.");
    flags.Bool("wait", &wait_, "Wait until none of the broker's files has the bytes.");
    client_.Add(flags, /*streams=*/false);
  }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    Interrupt interrupt;
    auto request = MakeRequest(arguments);
    if (!request.ok()) return request.status();
    absl::StatusOr<ErasuresClient> client = ErasuresClient::Create(client_.options());
    if (!client.ok()) return client.status();
    absl::StatusOr<v1::Erasure> erasure = client->Erase(*request);
    if (!erasure.ok()) return erasure.status();
    if (wait_ || dry_run_) {
      interrupt.OnInterrupt([] {});
      while (!HasEnded(*erasure)) {
        if (interrupt.WaitUntil(absl::Now() + kPollInterval)) {
          return InterruptedError(
              absl::StrCat("erasure ", erasure->number(), " continues: `playhead erasures` shows its progress"));
        }
        erasure = client->Get(erasure->number());
        if (!erasure.ok()) return erasure.status();
      }
    }
    if (absl::Status status = WriteOut(client_.json ? ToJson(*erasure) : Say(*erasure)); !status.ok()) return status;
    if (erasure->state() != v1::Erasure::CANCELED) return absl::OkStatus();
    return FailedError("the erasure was canceled before it began: nothing was erased");
  }

 private:
  absl::StatusOr<v1::EraseEventsRequest> MakeRequest(absl::Span<const std::string> arguments) const {
    v1::EraseEventsRequest request;
    for (const std::string& instance : arguments) request.add_instances(instance);
    for (const std::string& text : cursors_) {
      uint64_t cursor;
      if (!absl::SimpleAtoi(text, &cursor)) return UsageError(absl::StrCat("--cursor=", text, " is no cursor"));
      request.add_cursors(cursor);
    }
    for (const std::string& id : ids_) request.add_ids(id);
    if (!attribute_.empty()) {
      const std::pair<std::string, std::string> attribute = absl::StrSplit(attribute_, absl::MaxSplits('=', 1));
      if (!absl::StrContains(attribute_, '=')) return UsageError("--attribute is KEY=VALUE");
      request.mutable_attribute()->set_key(attribute.first);
      request.mutable_attribute()->set_value(attribute.second);
    }
    if ((cursors_.empty() ? 0 : 1) + (ids_.empty() ? 0 : 1) + (attribute_.empty() ? 0 : 1) != 1) {
      return UsageError("say what to erase: --cursor, --id or --attribute");
    }
    request.set_dry_run(dry_run_);
    return request;
  }

  static std::string Say(const v1::Erasure& erasure) {
    const std::string scanned =
        absl::StrCat(EventsText(erasure.scanned_events()), " in ", WithThousands(erasure.instance_count()),
                     erasure.instance_count() == 1 ? " instance" : " instances");
    std::string out;
    if (erasure.state() == v1::Erasure::CANCELED) {
      out = absl::StrCat("Erasure ", erasure.number(), " was canceled.\n");
    } else if (!HasEnded(erasure)) {
      out =
          absl::StrCat("Erasure ", erasure.number(),
                       " is running: readers no longer get the events. `playhead erasures", "` shows its progress.\n");
    } else if (erasure.dry_run()) {
      out = absl::StrCat("Would erase ", EventsText(erasure.erased_events()), " (",
                         ApproximateBytes(static_cast<double>(erasure.erased_bytes())), ") of ", scanned, ".\n");
    } else {
      out = absl::StrCat("Erased ", EventsText(erasure.erased_events()), " (",
                         ApproximateBytes(static_cast<double>(erasure.erased_bytes())), ") of ", scanned,
                         ": no file of the broker's has them any more.\n");
    }
    if (erasure.damaged_blocks() > 0) {
      absl::StrAppend(&out, WithThousands(erasure.damaged_blocks()),
                      " blocks are damaged: nothing in them could be read or erased.\n");
    }
    return out;
  }

  std::vector<std::string> cursors_;
  std::vector<std::string> ids_;
  std::string attribute_;
  bool dry_run_ = false;
  bool wait_ = false;
  ClientFlags client_;
};

class ErasuresCommand : public Command {
 public:
  Info info() const override {
    return {.name = "erasures",
            .arguments = "",
            .summary = "List running and recently ended erasures, or cancel one.",
            .description = R"(Lists erasures that have not ended, and those that ended within the last seven days.
)"};
  }

  void AddFlags(FlagSet& flags) override {
    flags.Section("Canceling");
    flags.OptionalNumber("cancel", &cancel_, "NUMBER", "Cancel the erasure with this number, if it has not begun.");
    client_.Add(flags, /*streams=*/false);
  }

  absl::Status Run(absl::Span<const std::string> /*arguments*/) override {
    absl::StatusOr<ErasuresClient> client = ErasuresClient::Create(client_.options());
    if (!client.ok()) return client.status();
    std::vector<v1::Erasure> erasures;
    if (cancel_) {
      const auto canceled = client->Cancel(*cancel_);
      if (!canceled.ok()) return canceled.status();
      erasures.push_back(*canceled);
    } else {
      auto listed = client->List();
      if (!listed.ok()) return listed.status();
      erasures = *std::move(listed);
    }
    const absl::Status status = WriteOut(Format(erasures));
    return IsOutputClosed(status) ? absl::OkStatus() : status;
  }

 private:
  std::string Format(const std::vector<v1::Erasure>& erasures) const {
    std::string out;
    if (client_.json) {
      for (const v1::Erasure& erasure : erasures) out += ToJson(erasure);
      return out;
    }
    absl::StrAppend(
        &out,
        Painter(stdout)(Colour::kBold, absl::StrFormat("%6s  %-8s  %-20s  %12s  %12s  %-20s  %s", "NUMBER", "STATE",
                                                       "REQUESTED", "SCANNED", "ERASED", "OF", "INSTANCES")),
        "\n");
    for (const v1::Erasure& erasure : erasures) {
      absl::StrAppendFormat(&out, "%6d  %-8s  %-20s  %12s  %12s  %-20s  %s\n", erasure.number(),
                            StateText(erasure.state()), FormatMicros(erasure.requested_at()).substr(0, 19) + "Z",
                            WithThousands(erasure.scanned_events()),
                            WithThousands(erasure.erased_events()) + (erasure.dry_run() ? " (dry)" : ""),
                            TargetText(erasure), absl::StrJoin(erasure.instances(), " "));
    }
    return out;
  }

  std::optional<uint64_t> cancel_;
  ClientFlags client_;
};

}  // namespace

std::unique_ptr<Command> MakeEraseCommand() { return std::make_unique<EraseCommand>(); }
std::unique_ptr<Command> MakeErasuresCommand() { return std::make_unique<ErasuresCommand>(); }

}  // namespace playhead::tools

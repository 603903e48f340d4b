#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "client/client.h"
#include "proto/event_json.h"
#include "tools/cli/append_input.h"
#include "tools/cli/client_flags.h"
#include "tools/cli/commands.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/line_reader.h"
#include "tools/cli/progress.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

// Counts the outcomes of the events, in the publisher's callbacks.
class Tally {
 public:
  struct Counts {
    uint64_t stored = 0;
    uint64_t duplicates = 0;
    uint64_t first_cursor = 0;
    uint64_t last_cursor = 0;
  };

  explicit Tally(Progress& progress) : progress_(progress) {}

  // The counts of one instance. The address stays valid.
  Counts* Of(absl::string_view instance) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    const auto found = instances_.find(instance);
    if (found != instances_.end()) return &found->second;
    return &instances_[std::string(instance)];
  }

  void Done(Counts* counts, uint64_t line, const absl::StatusOr<Receipt>& receipt) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    if (!receipt.ok()) {
      // Of lines that fail together, report the first.
      if (failure_.ok() || line < failed_line_) {
        failure_ = receipt.status();
        failed_line_ = line;
      }
      return;
    }
    ++counts->stored;
    counts->duplicates += receipt->duplicate ? 1 : 0;
    if (counts->first_cursor == 0) counts->first_cursor = receipt->cursor;
    counts->last_cursor = std::max(counts->last_cursor, receipt->cursor);
    progress_.SetEvents(++stored_);
  }

  uint64_t stored() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return stored_;
  }

  bool failed() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return !failure_.ok();
  }

  // The first failure, with its line.
  absl::Status failure() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return failure_.ok() ? failure_ : AtLine(failed_line_, failure_);
  }

  static absl::Status AtLine(uint64_t line, const absl::Status& status) {
    absl::Status located(status.code(), absl::StrCat("line ", line, ": ", status.message()));
    status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) { located.SetPayload(url, payload); });
    return located;
  }

  std::string Format(bool json, absl::Duration elapsed) const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    std::string out;
    uint64_t duplicates = 0;
    for (const auto& [instance, counts] : instances_) {
      duplicates += counts.duplicates;
      if (json && counts.stored > 0) {
        absl::StrAppendFormat(&out,
                              R"({"instance":%s,"events":%d,"duplicates":%d,"first_cursor":%d,"last_cursor":%d})"
                              "\n",
                              JsonString(instance), counts.stored, counts.duplicates, counts.first_cursor,
                              counts.last_cursor);
      }
    }
    if (json) return out;
    const auto plural = [](uint64_t n, absl::string_view noun) {
      return absl::StrCat(WithThousands(n), " ", noun, n == 1 ? "" : "s");
    };
    absl::StrAppend(&out, "Appended ", plural(stored_ - duplicates, "event"));
    if (instances_.size() == 1) {
      const auto& [instance, counts] = *instances_.begin();
      absl::StrAppend(&out, " to ", instance);
      if (counts.duplicates < counts.stored) absl::StrAppend(&out, ", up to cursor ", counts.last_cursor);
    } else if (instances_.size() > 1) {
      absl::StrAppend(&out, " to ", plural(instances_.size(), "instance"));
    }
    if (duplicates > 0) absl::StrAppend(&out, "; ", WithThousands(duplicates), " were there already");
    if (elapsed >= absl::Seconds(1)) {
      absl::StrAppendFormat(
          &out, "; %.1f s, %s/s", absl::ToDoubleSeconds(elapsed),
          WithThousands(static_cast<uint64_t>(static_cast<double>(stored_) / absl::ToDoubleSeconds(elapsed))));
    }
    return out + ".\n";
  }

 private:
  Progress& progress_;
  mutable absl::Mutex mu_;
  std::map<std::string, Counts, std::less<>> instances_ ABSL_GUARDED_BY(mu_);
  uint64_t stored_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Status failure_ ABSL_GUARDED_BY(mu_);
  uint64_t failed_line_ ABSL_GUARDED_BY(mu_) = 0;
};

// From a day on in whole hours, otherwise in whole seconds.
std::string FormatDownTime(absl::Duration down) {
  if (down < absl::Seconds(1)) return "less than a second";
  return FormatSpan(absl::Trunc(down, down < absl::Hours(24) ? absl::Seconds(1) : absl::Hours(1)));
}

class AppendCommand : public Command {
 public:
  Info info() const override {
    return {.name = "append",
            .arguments = "[INSTANCE]",
            .summary = "Append events, one for each line of the input.",
            .description =
                R"(Reads lines from stdin, or from --input, and appends each as an event; empty lines are skipped.
  echo hello | playhead append my-bot --type=greeting              a line is a payload
  playhead append my-bot --ndjson <events.ndjson                   a line is an event, as --json prints it
  playhead append --type=webhook --instance_at=/entry/0/id --id_at=/entry/0/messages/0/id <bodies.ndjson
                                                                   a line is a payload that contains the rest

With --upstream_gap it reads no input, but appends one event that records that the source of the events was down:
  playhead append my-bot --upstream_gap=2026-01-31T12:00:00Z/now --reason="phone was offline"
Readers get it as a gap, in order; `tail` shows it.

If it was interrupted, run it again: lines that are already stored are not stored twice. For a file (also one
redirected to stdin) that needs nothing else; for a pipe give --producer, and pipe the same lines. Lines added to a
file are appended in the same way. After a line that is refused, nothing more is appended to its instance.
)",
            .arguments_min = 0,
            .arguments_max = 1};
  }

  void AddFlags(FlagSet& flags) override {
    flags.Section("What to append");
    flags.Text("input", &input_, "FILE", "Read this file; - is stdin, which is the default.");
    flags.Text("type", &format_.type, "T", "The type of all events.");
    flags.Bool("ndjson", &format_.ndjson,
               "Lines are events: type, data (or data_base64), and optionally instance, id, "
               "created_at, attributes.");
    flags.Texts("instance_at", &format_.instance_at, "POINTER",
                "Lines are JSON, and the instance is at this JSON pointer. This and the next two may be given several "
                "times: the first that finds a string or number counts.");
    flags.Texts("type_at", &format_.type_at, "POINTER", "The type is at this JSON pointer.");
    flags.Texts(
        "id_at", &format_.id_at, "POINTER",
        "The event's id is at this JSON pointer: an id that the instance has seen within the broker's window is "
        "not stored again.");
    flags.Text("upstream_gap", &upstream_gap_, "FROM/TO",
               "Record that the source was down between these times (RFC 3339; TO may be `now`).");
    flags.Text("reason", &reason_, "TEXT", "Why the source was down, for people; with --upstream_gap.");
    flags.Section("How to append");
    flags.Text(
        "producer", &producer_, "NAME",
        "The identity of this input: lines that an earlier run with the same name has stored are not stored again. "
        "Default: derived from the file's path and first line; random for a pipe.");
    flags.Number<uint64_t>("rate", &rate_, 0, 1'000'000'000, "The most events to append per second; 0 is no limit.");
    client_.Add(flags, /*streams=*/true);
  }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    if (!arguments.empty()) format_.instance = arguments[0];
    if (!upstream_gap_.empty()) return ReportUpstreamGap();
    if (!reason_.empty()) return UsageError("--reason goes with --upstream_gap");
    const auto parser = NewLineParser(format_);
    if (!parser.ok()) return parser.status();
    const auto input = OpenInput(input_);
    if (!input.ok()) return input.status();

    std::optional<Publisher> publisher;
    Interrupt interrupt;  // Declared before the client, which starts threads, and after what it closes.
    std::optional<Progress> progress(std::in_place, input->total_bytes);
    Tally tally(*progress);
    absl::StatusOr<Client> client = client_.Connect();
    if (!client.ok()) return client.status();
    PublisherOptions options;
    options.producer_id = !producer_.empty() ? producer_ : StableProducerId(*input).value_or("");
    options.on_reconnect = SayReconnecting;
    // Duplicates are recognized by the producer's sequences, or by the ids that all events have.
    const bool can_repeat = !options.producer_id.empty() || !format_.id_at.empty();
    absl::StatusOr<Publisher> made = client->NewPublisher(std::move(options));
    if (!made.ok()) return made.status();
    publisher.emplace(*std::move(made));
    // Gives events in flight a moment to be stored, and unblocks an Append that waits for room.
    interrupt.OnInterrupt([&publisher] { publisher->Close(absl::Now() + kInterruptGrace).IgnoreError(); });

    const absl::Time start = absl::Now();
    const absl::Status sent = Send(**parser, *input, interrupt, *publisher, *progress, tally);
    publisher->Close(sent.ok() ? absl::InfiniteFuture() : absl::Now() + kInterruptGrace).IgnoreError();
    progress.reset();  // Clears the bar for the output below. Every callback has run.
    const std::string summary = tally.Format(client_.json, absl::Now() - start);
    if (interrupt.interrupted()) return Interrupted(can_repeat, tally.stored());
    if (absl::Status status = tally.failure(); !status.ok()) return status;
    if (!sent.ok()) return sent;
    return WriteOut(summary);
  }

 private:
  static constexpr absl::Duration kInterruptGrace = absl::Seconds(2);

  static absl::Status Interrupted(bool can_repeat, uint64_t stored) {
    if (can_repeat) return InterruptedError("interrupted; run the same command again to append the rest");
    return InterruptedError(absl::StrCat("interrupted; ", WithThousands(stored),
                                         stored == 1 ? " line is" : " lines are",
                                         " known to be appended, and the same command would append them again, unless "
                                         "their events have ids: give --producer from the first run on"));
  }

  absl::Status ReportUpstreamGap() const {
    if (format_.instance.empty()) return UsageError("give the INSTANCE whose source was down");
    if (!input_.empty() || !format_.type.empty() || format_.ndjson || !format_.instance_at.empty() ||
        !format_.type_at.empty() || !format_.id_at.empty() || !producer_.empty()) {
      return UsageError("--upstream_gap goes with --reason alone: it appends no input");
    }
    const std::vector<std::string> times = absl::StrSplit(upstream_gap_, '/');
    const auto from = times.size() == 2 ? ParseTime(times[0]) : std::nullopt;
    const auto to = times.size() != 2 ? std::nullopt : times[1] == "now" ? absl::Now() : ParseTime(times[1]);
    if (!from.has_value() || !to.has_value()) {
      return UsageError(absl::StrCat("--upstream_gap: \"", upstream_gap_,
                                     "\" is not FROM/TO, such as 2026-01-31T12:00:00Z/2026-01-31T12:05:00Z"));
    }
    absl::StatusOr<Client> client = client_.Connect();
    if (!client.ok()) return client.status();
    const absl::StatusOr<Receipt> receipt = client->ReportUpstreamGap(
        format_.instance, {.from = absl::ToUnixMicros(*from), .to = absl::ToUnixMicros(*to), .reason = reason_});
    if (!receipt.ok()) return receipt.status();
    return WriteOut(client_.json ? absl::StrFormat(R"({"instance":%s,"cursor":%d})"
                                                   "\n",
                                                   JsonString(format_.instance), receipt->cursor)
                                 : absl::StrCat("Recorded that the source of ", format_.instance, " was down for ",
                                                FormatDownTime(*to - *from), ", at cursor ", receipt->cursor, ".\n"));
  }

  absl::Status Send(LineParser& parser, const AppendInput& input, Interrupt& interrupt, Publisher& publisher,
                    Progress& progress, Tally& tally) const {
    LineReader lines(input.fd, interrupt.fd());
    const absl::Time start = absl::Now();
    for (uint64_t sent = 0; !tally.failed();) {
      const auto line = lines.Next();
      if (!line.ok()) return line.status();
      if (!line->has_value()) return absl::OkStatus();
      progress.SetBytes(lines.consumed_bytes());
      if ((*line)->empty()) continue;
      const uint64_t number = lines.line_number();
      if (rate_ != 0) {
        // Relative to the start, so that a late event does not delay all later ones.
        const absl::Time due = start + absl::Seconds(1) * sent / static_cast<int64_t>(rate_);
        if (due > absl::Now() && interrupt.WaitUntil(due)) return InterruptedError("interrupted");
      }
      const absl::StatusOr<LineEvent> event = parser.Parse(**line);
      if (!event.ok()) return Tally::AtLine(number, event.status());
      Tally::Counts* counts = tally.Of(event->instance);
      absl::Status accepted = publisher.Append(
          event->instance, event->event,
          [&tally, counts, number](absl::StatusOr<Receipt> receipt) { tally.Done(counts, number, receipt); });
      if (!accepted.ok()) return Tally::AtLine(number, accepted);
      ++sent;
    }
    return absl::OkStatus();
  }

  std::string input_;
  LineFormat format_;
  std::string upstream_gap_;
  std::string reason_;
  std::string producer_;
  uint64_t rate_ = 0;
  ClientFlags client_;
};

}  // namespace

std::unique_ptr<Command> MakeAppendCommand() { return std::make_unique<AppendCommand>(); }

}  // namespace playhead::tools

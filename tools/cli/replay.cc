#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "client/client.h"
#include "client/replays_client.h"
#include "proto/event_json.h"
#include "tools/cli/client_flags.h"
#include "tools/cli/commands.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/progress.h"
#include "tools/cli/replay_text.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

constexpr absl::string_view kStdout = "stdout";
constexpr absl::string_view kConsumerPrefix = "consumer:";
constexpr absl::Duration kLookInterval = absl::Milliseconds(500);
constexpr absl::Duration kPlanTimeout = absl::Minutes(10);

class ReplayCommand : public Command {
 public:
  ReplayCommand() { client_.timeout = kPlanTimeout; }

  Info info() const override {
    return {
        .name = "replay",
        .arguments = "[INSTANCE...]",
        .summary = "Send events again that a receiver missed: plan first, then run.",
        .description =
            R"(Counts the events first, shows the plan and asks. Without a terminal, give --yes, or --expect with the count
that a plan showed. It does not move the position of any reader, and the events are marked as replayed.
  playhead replay my-bot --from=2026-01-31T12:00:00Z --plan
  playhead replay my-bot --after=41 --until=99 --to=https://example.com/hook --rate=50
  playhead replay --prefix=shop- --from=2026-01-31T12:00:00Z --types='message.*' --to=stdout --yes
  playhead replay my-bot --from=beginning --to=consumer:billing
The broker itself sends to an endpoint: a POST for each event, in order, repeated until it is accepted; Ctrl-C leaves
it running. Control it with playhead replay list | show | pause | resume | cancel.
)",
        .arguments_min = 0,
        .arguments_max = 1000};
  }

  void AddFlags(FlagSet& flags) override {
    flags.Section("What to send");
    flags.Text("prefix", &prefix_, "PREFIX", "All instances whose names start with this, instead of INSTANCE.");
    flags.Bool("all", &all_, "All instances, instead of INSTANCE.");
    flags.OptionalNumber("after", &after_, "CURSOR", "Start after this cursor; for one instance only.");
    flags.Text("from", &from_, "WHERE",
               "Or start at the `beginning`, or at a time: 2026-01-31T12:00:00Z. One of these is required.");
    flags.Number<uint64_t>("until", &until_, 0, uint64_t{1} << 53,
                           "The last cursor, for one instance only; 0 is the newest.");
    flags.Text("until_time", &until_time_, "TIME", "Only what was stored before this time.");
    flags.Text("types", &types_, "A,B*", "Only events of these types; a trailing * matches any ending.");
    flags.Text("id_prefix", &id_prefix_, "PREFIX", "Only events whose id starts with this.");
    flags.Section("Where to");
    flags.Text("to", &to_, "WHERE", "stdout, consumer:NAME, or a URL that the broker's --replay_endpoints allow.");
    flags.Number<uint32_t>("rate", &rate_, 1, 100'000, "Events a second.");
    flags.Bool("skip_refused", &skip_refused_,
               "Count and skip events that the endpoint refuses (4xx), instead of pausing.");
    flags.Bool("sign", &sign_, "Sign as Meta does, with the instance's webhook secret.");
    flags.Section("How");
    flags.Bool("plan", &plan_only_, "Show the plan, and end.");
    flags.Bool("yes", &yes_, "Do not ask.");
    flags.OptionalNumber("expect", &expect_, "COUNT",
                         "Do not ask, but start only if there are exactly this many events.");
    flags.Bool("detach", &detach_, "Start it, and end.");
    client_.Add(flags, /*streams=*/false);
  }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    v1::PlanReplayRequest selection;
    if (absl::Status status = Select(arguments, selection); !status.ok()) return status;
    if (!plan_only_ && to_.empty()) return UsageError("give --to=stdout, --to=consumer:NAME, --to=URL, or --plan");
    absl::StatusOr<ReplaysClient> replays = ReplaysClient::Create(client_.options());
    if (!replays.ok()) return replays.status();
    const absl::StatusOr<v1::ReplayPlan> plan = replays->Plan(selection);
    if (!plan.ok()) return plan.status();
    if (plan_only_) return WriteOut(client_.json ? PlanJson(*plan) : FormatPlan(*plan));
    if (!client_.json) std::fputs(FormatPlan(*plan).c_str(), stderr);
    if (plan->event_count() == 0) return absl::NotFoundError("there is nothing to replay");
    const absl::StatusOr<bool> agreed = Agreed(*plan);
    if (!agreed.ok() || !*agreed) return agreed.status();
    return Start(*replays, selection, *plan);
  }

 private:
  absl::Status Select(absl::Span<const std::string> instances, v1::PlanReplayRequest& out) const {
    if ((instances.empty() ? 0 : 1) + (prefix_.empty() ? 0 : 1) + (all_ ? 1 : 0) != 1) {
      return UsageError("say of which instances: INSTANCE..., --prefix or --all");
    }
    for (const std::string& instance : instances) out.add_instances(instance);
    out.set_prefix(prefix_);
    out.set_all(all_);
    if (after_.has_value() != from_.empty()) return UsageError("say where to start: --after or --from");
    if (after_.has_value()) {
      out.mutable_start()->set_after_cursor(*after_);
    } else if (from_ == "beginning") {
      out.mutable_start()->mutable_beginning();
    } else if (const auto time = ParseTime(from_); time.has_value()) {
      out.mutable_start()->set_time(absl::ToUnixMicros(*time));
    } else {
      return UsageError(
          absl::StrCat("--from: \"", from_, "\" is not beginning or a time such as 2026-01-31T12:00:00Z"));
    }
    out.set_until_cursor(until_);
    if (!until_time_.empty()) {
      const auto time = ParseTime(until_time_);
      if (!time.has_value()) {
        return UsageError(
            absl::StrCat("--until_time: \"", until_time_, "\" is not a time such as 2026-01-31T12:00:00Z"));
      }
      out.set_until_time(absl::ToUnixMicros(*time));
    }
    if (!types_.empty()) {
      for (const absl::string_view type : absl::StrSplit(types_, ',')) out.add_types(std::string(type));
    }
    out.set_id_prefix(id_prefix_);
    return absl::OkStatus();
  }

  absl::StatusOr<bool> Agreed(const v1::ReplayPlan& plan) const {
    if (expect_.has_value() && *expect_ != plan.event_count()) {
      return absl::FailedPreconditionError(absl::StrCat("there are ", plan.event_count(), " events, and --expect says ",
                                                        *expect_, ": nothing was sent"));
    }
    if (yes_ || expect_.has_value()) return true;
    if (isatty(STDIN_FILENO) != 1) return UsageError("no terminal to ask on: give --yes, or --expect=COUNT");
    std::fprintf(stderr, "Send %s events to %s at %u a second? [y/N] ", WithThousands(plan.event_count()).c_str(),
                 Printable(to_).c_str(), rate_);
    std::string answer;
    std::getline(std::cin, answer);
    if (answer == "y" || answer == "Y" || answer == "yes") return true;
    std::fputs("Nothing was sent.\n", stderr);
    return false;
  }

  absl::Status Start(ReplaysClient& replays, const v1::PlanReplayRequest& selection, const v1::ReplayPlan& plan) const {
    v1::StartReplayRequest request;
    *request.mutable_ranges() = plan.ranges();
    *request.mutable_types() = selection.types();
    request.set_id_prefix(selection.id_prefix());
    request.set_expected_count(plan.event_count());
    request.set_rate(rate_);
    if (to_ == kStdout) {
      request.mutable_caller();
    } else if (absl::StartsWith(to_, kConsumerPrefix)) {
      request.set_consumer(to_.substr(kConsumerPrefix.size()));
    } else {
      v1::ReplayEndpoint& endpoint = *request.mutable_endpoint();
      endpoint.set_url(to_);
      endpoint.set_sign(sign_);
      if (skip_refused_) endpoint.set_on_refusal(v1::ReplayEndpoint::ON_REFUSAL_SKIP);
    }
    const absl::StatusOr<v1::Replay> replay = replays.Start(request);
    if (!replay.ok()) return replay.status();
    if (to_ == kStdout) return Print(request, replay->id());
    if (detach_) return WriteOut(client_.json ? ReplayJson(*replay) : absl::StrCat("Started ", replay->id(), ".\n"));
    return Watch(replays, *replay);
  }

  // Reads the ranges itself, no faster than --rate. Each line has the replay's id.
  absl::Status Print(const v1::StartReplayRequest& request, const std::string& id) const {
    absl::StatusOr<Client> client = client_.Connect();
    if (!client.ok()) return client.status();
    const std::string mark = absl::StrCat("{\"replayed\":true,\"replay\":", JsonString(id), ",");
    const std::vector<std::string> types(request.types().begin(), request.types().end());
    absl::Time due = absl::Now();
    for (const v1::ReplayRange& range : request.ranges()) {
      FetchRequest fetch{.instance = range.instance(),
                         .start = playhead::Start::After(range.after_cursor()),
                         .until_cursor = range.last_cursor(),
                         // Pages of a tenth of a second, so that the output is evenly paced.
                         .limit = std::clamp<uint64_t>(rate_ / 10, 1, 10'000),
                         .types = types,
                         .id_prefix = request.id_prefix()};
      for (bool ended = false; !ended;) {
        const absl::StatusOr<FetchPage> page = client->FetchMissedPage(fetch);
        if (!page.ok()) return page.status();
        std::string out;
        size_t count = 0;
        for (const EventView& event : page->events) {
          std::string line;
          AppendEventLine(range.instance(), event, line);
          absl::StrAppend(&out, mark, line.substr(1));
          ++count;
        }
        absl::SleepFor(due - absl::Now());
        if (absl::Status status = WriteOut(out); !status.ok()) {
          return IsOutputClosed(status) ? absl::OkStatus() : status;
        }
        due = std::max(due, absl::Now() - absl::Seconds(1)) + absl::Seconds(1) * count / rate_;
        fetch.start = playhead::Start::After(page->next_cursor);
        ended = page->end_reached;
      }
    }
    return absl::OkStatus();
  }

  // Shows the replay's progress until it ends or pauses.
  absl::Status Watch(ReplaysClient& replays, v1::Replay replay) const {
    Interrupt interrupt;
    interrupt.OnInterrupt([] {});
    {
      Progress progress(replay.planned_count());
      while (replay.state() == v1::Replay::RUNNING) {
        if (interrupt.WaitUntil(absl::Now() + kLookInterval)) {
          return InterruptedError(absl::StrCat("the replay goes on: playhead replay show ", replay.id()));
        }
        auto now = replays.Get(replay.id());
        if (!now.ok() && !absl::IsUnavailable(now.status())) return now.status();
        if (now.ok()) replay = *std::move(now);
        const uint64_t done = replay.sent_count() + replay.skipped_count() + replay.gone_count();
        progress.SetBytes(done);
        progress.SetEvents(done);
      }
    }
    if (absl::Status status = WriteOut(client_.json ? ReplayJson(replay) : FormatReplay(replay)); !status.ok()) {
      return status;
    }
    if (replay.state() == v1::Replay::DONE) return absl::OkStatus();
    return FailedError(absl::StrCat("the replay is ", StateText(replay.state()), replay.problem().empty() ? "" : ": ",
                                    replay.problem()));
  }

  std::string prefix_;
  bool all_ = false;
  std::optional<uint64_t> after_;
  std::string from_;
  uint64_t until_ = 0;
  std::string until_time_;
  std::string types_;
  std::string id_prefix_;
  std::string to_;
  uint32_t rate_ = 100;
  bool skip_refused_ = false;
  bool sign_ = false;
  bool plan_only_ = false;
  bool yes_ = false;
  std::optional<uint64_t> expect_;
  bool detach_ = false;
  ClientFlags client_;
};

class ReplayListCommand : public Command {
 public:
  Info info() const override {
    return {.name = "replay list", .arguments = "", .summary = "List replays, newest first."};
  }
  void AddFlags(FlagSet& flags) override { client_.Add(flags, /*streams=*/false); }
  absl::Status Run(absl::Span<const std::string> /*arguments*/) override {
    absl::StatusOr<ReplaysClient> client = ReplaysClient::Create(client_.options());
    if (!client.ok()) return client.status();
    const auto replays = client->List();
    if (!replays.ok()) return replays.status();
    if (!client_.json) return WriteOut(FormatReplays(*replays));
    std::string out;
    for (const v1::Replay& replay : *replays) out += ReplayJson(replay);
    return WriteOut(out);
  }

 private:
  ClientFlags client_;
};

// A command that acts on one replay and then shows it.
class ReplayOneCommand : public Command {
 public:
  using Call = absl::StatusOr<v1::Replay> (ReplaysClient::*)(absl::string_view);

  ReplayOneCommand(std::string verb, std::string summary, Call call)
      : verb_(std::move(verb)), summary_(std::move(summary)), call_(call) {}

  Info info() const override {
    return {.name = absl::StrCat("replay ", verb_),
            .arguments = "REPLAY",
            .summary = summary_,
            .arguments_min = 1,
            .arguments_max = 1};
  }
  void AddFlags(FlagSet& flags) override { client_.Add(flags, /*streams=*/false); }
  absl::Status Run(absl::Span<const std::string> arguments) override {
    absl::StatusOr<ReplaysClient> client = ReplaysClient::Create(client_.options());
    if (!client.ok()) return client.status();
    const absl::StatusOr<v1::Replay> replay = ((*client).*call_)(arguments[0]);
    if (!replay.ok()) return replay.status();
    return WriteOut(client_.json ? ReplayJson(*replay) : FormatReplay(*replay));
  }

 private:
  const std::string verb_;
  const std::string summary_;
  const Call call_;
  ClientFlags client_;
};

}  // namespace

std::unique_ptr<Command> MakeReplayCommand() { return std::make_unique<ReplayCommand>(); }
std::unique_ptr<Command> MakeReplayListCommand() { return std::make_unique<ReplayListCommand>(); }
std::unique_ptr<Command> MakeReplayShowCommand() {
  return std::make_unique<ReplayOneCommand>("show", "Show a replay's progress.", &ReplaysClient::Get);
}
std::unique_ptr<Command> MakeReplayPauseCommand() {
  return std::make_unique<ReplayOneCommand>("pause", "Pause a replay.", &ReplaysClient::Pause);
}
std::unique_ptr<Command> MakeReplayResumeCommand() {
  return std::make_unique<ReplayOneCommand>("resume", "Resume a paused replay.", &ReplaysClient::Resume);
}
std::unique_ptr<Command> MakeReplayCancelCommand() {
  return std::make_unique<ReplayOneCommand>("cancel", "End a replay for good.", &ReplaysClient::Cancel);
}

}  // namespace playhead::tools

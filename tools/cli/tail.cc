#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "client/client.h"
#include "client/file_cursor_store.h"
#include "tools/cli/client_flags.h"
#include "tools/cli/commands.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/notices.h"
#include "tools/cli/output_watch.h"
#include "tools/cli/start_flags.h"
#include "tools/cli/tail_many.h"

namespace playhead::tools {
namespace {

// Prints what several subscriptions receive until all have ended, --count is reached, or the output is closed. An event
// counts as handled, and its cursor may be saved, once it was written and flushed.
class Printer {
 public:
  Printer(bool json, bool show_instance, uint64_t count)
      : printer_({.json = json, .show_instance = show_instance}), json_(json), left_(count) {}

  // Call before the first Pump.
  void AddSubscription(Subscription* subscription) { subscriptions_.push_back(subscription); }

  void Close() {
    for (Subscription* subscription : subscriptions_) subscription->Close();
  }

  // Each subscription has a thread for this.
  void Pump(const std::string& instance, Subscription& subscription) ABSL_LOCKS_EXCLUDED(mu_) {
    EventBatch batch;
    while (true) {
      absl::Status status = subscription.NextBatch(batch);
      if (!status.ok()) {
        Finish(std::move(status));
        return;
      }
      if (!Print(instance, batch)) return;
    }
  }

  // The same, event by event: for --count, so that only printed events count as handled.
  void PumpEach(const std::string& instance, Subscription& subscription) ABSL_LOCKS_EXCLUDED(mu_) {
    while (true) {
      const absl::StatusOr<Event> event = subscription.Next();
      if (!event.ok()) {
        Finish(event.status());
        return;
      }
      const EventView views[] = {ViewOf(*event)};
      if (!Print(instance, views)) return;
      if (absl::Status status = subscription.SavePosition(); !status.ok()) {
        Finish(std::move(status));
        return;
      }
      if (Done()) return;
    }
  }

  void PrintGap(const std::string& instance, const v1::Gap& gap) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    if (absl::Status status = WriteOut(FormatGap(instance, gap, json_)); !status.ok()) FinishLocked(std::move(status));
  }

  // The first failure. A closed subscription and a closed output are not failures.
  absl::Status status() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return status_;
  }

 private:
  static EventView ViewOf(const Event& event) {
    EventView view;
    view.type = event.type();
    view.id = event.id();
    view.created_at = event.created_at();
    view.data = event.data();
    view.attributes.assign(event.attributes().begin(), event.attributes().end());
    view.cursor = event.cursor();
    view.appended_at = event.appended_at();
    return view;
  }

  // False if the pump must end; the events were then not printed.
  template <typename Events>
  bool Print(const std::string& instance, const Events& events) ABSL_LOCKS_EXCLUDED(mu_) {
    std::string out;
    uint64_t count = 0;
    for (const EventView& event : events) {
      printer_.Format(instance, event, out);
      ++count;
    }
    absl::MutexLock lock(&mu_);
    if (done_) return false;
    if (absl::Status status = WriteOut(out); !status.ok()) {
      FinishLocked(std::move(status));
      return false;
    }
    left_ -= std::min(left_, count);
    if (left_ == 0) FinishLocked(absl::OkStatus());
    return true;
  }

  bool Done() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return done_;
  }

  void Finish(absl::Status status) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    FinishLocked(std::move(status));
  }

  void FinishLocked(absl::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (std::exchange(done_, true)) return;
    if (!absl::IsCancelled(status) && !IsOutputClosed(status)) status_ = std::move(status);
    Close();
  }

  const EventPrinter printer_;
  const bool json_;
  std::vector<Subscription*> subscriptions_;

  mutable absl::Mutex mu_;
  uint64_t left_ ABSL_GUARDED_BY(mu_);
  bool done_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mu_);
};

class TailCommand : public Command {
 public:
  Info info() const override {
    return {.name = "tail",
            .arguments = "[INSTANCE...]",
            .summary = "Stream logs, live.",
            .description =
                R"(Prints the events of the log from the start on, then new ones, until Ctrl-C. Reconnects automatically
and continues after the last event that it printed. For example:
  playhead tail my-bot                              new events only
  playhead tail my-bot --from=beginning --count=10
  playhead tail my-bot other-bot --json --cursor_dir=cursors >>events.ndjson

Many instances come in one stream, each in its own order, with --prefix, --all, or names and --position:
  playhead tail --prefix=whatsapp- --from=beginning
  playhead tail --all --position=pos_...            continue where an earlier run ended
At its end it prints the --position to go on with; new instances are included automatically. Positions lie between runs
of events of one instance, so --count here prints at least that many events, up to the end of a run.

With --cursor_dir the position is saved there after the events were written; the next run continues after it, and
--after or --from apply only to instances without a saved cursor.
)",
            .arguments_min = 0,
            .arguments_max = 1000};
  }

  void AddFlags(FlagSet& flags) override {
    start_.Add(flags, "Or start at the `beginning` (the first kept event), `now`, or at a time: 2026-01-31T12:00:00Z.");
    flags.Text("prefix", &prefix_, "PREFIX", "All instances whose names start with this, in one stream.");
    flags.Bool("all", &all_, "All instances that the key covers, except the broker's own, in one stream.");
    flags.Text("position", &position_, "POSITION",
               "Continue after this position of an earlier stream of many instances.");
    flags.OptionalNumber("count", &count_, "N",
                         "End after this many events; with many instances in one stream, after at least this many.");
    flags.Text("cursor_dir", &cursor_dir_, "DIR", "Save positions in this folder and resume from them.");
    client_.Add(flags, /*streams=*/true);
  }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    if (count_ == 0) return absl::OkStatus();
    if (!prefix_.empty() || all_ || !position_.empty()) return RunMany(arguments);
    if (arguments.empty()) return UsageError("name instances, or use --prefix or --all");
    const absl::StatusOr<Start> start = start_.start(Start::Now());
    if (!start.ok()) return start.status();
    Printer printer(client_.json, arguments.size() > 1, count_.value_or(std::numeric_limits<uint64_t>::max()));
    std::vector<Subscription> subscriptions;
    subscriptions.reserve(arguments.size());
    Interrupt interrupt;  // Declared before the client, which starts threads, and after what it closes.
    SubscribeOptions options;
    options.types = start_.type_list();
    options.id_prefix = start_.id_prefix;
    options.allow_gap = start_.allow_gap;
    options.on_reconnect = SayReconnecting;
    if (!cursor_dir_.empty()) {
      auto store = FileCursorStore::Open(cursor_dir_);
      if (!store.ok()) return store.status();
      options.cursor_store = *std::move(store);
    }
    absl::StatusOr<Client> client = client_.Connect();
    if (!client.ok()) return client.status();

    for (const std::string& instance : arguments) {
      auto subscription = client->Subscribe(instance, *start, options);
      if (!subscription.ok()) return subscription.status();
      subscriptions.push_back(*std::move(subscription));
      subscriptions.back().OnGap([this, &printer, instance](const v1::Gap& gap) {
        // In JSON, the event that records the gap contains the same, if it is printed.
        if (client_.json && gap.cause() == v1::Gap::UPSTREAM && start_.type_list().empty()) return;
        printer.PrintGap(instance, gap);
      });
      printer.AddSubscription(&subscriptions.back());
    }
    interrupt.OnInterrupt([&printer] { printer.Close(); });
    const OutputWatch output_watch([&printer] { printer.Close(); });
    std::vector<std::thread> pumps;
    for (size_t i = 0; i < arguments.size(); ++i) {
      pumps.emplace_back([this, &printer, &instance = arguments[i], &subscription = subscriptions[i]] {
        if (count_.has_value()) {
          printer.PumpEach(instance, subscription);
        } else {
          printer.Pump(instance, subscription);
        }
      });
    }
    for (std::thread& pump : pumps) pump.join();
    return printer.status();
  }

 private:
  // One stream of many instances.
  absl::Status RunMany(absl::Span<const std::string> arguments) {
    if ((arguments.empty() ? 0 : 1) + (prefix_.empty() ? 0 : 1) + (all_ ? 1 : 0) != 1) {
      return UsageError("name instances, or use --prefix or --all: exactly one of these");
    }
    if (!cursor_dir_.empty()) return UsageError("--cursor_dir is for instances by name: use --position");
    if (start_.after.has_value()) return UsageError("--after is for one instance: use --position or --from");
    if (!position_.empty() && !start_.from.empty()) return UsageError("--position and --from exclude each other");
    const absl::StatusOr<Start> start = start_.start(Start::Now());
    if (!start.ok()) return start.status();
    SubscribeManyOptions options;
    options.position = position_;
    options.start = start->proto();
    options.types = start_.type_list();
    options.id_prefix = start_.id_prefix;
    options.allow_gap = start_.allow_gap;
    options.on_reconnect = SayReconnecting;
    const ManySources sources = all_              ? ManySources::All()
                                : prefix_.empty() ? ManySources::Names({arguments.begin(), arguments.end()})
                                                  : ManySources::Prefix(prefix_);
    std::optional<ManySubscription> subscription;
    Interrupt interrupt;  // As in Run.
    absl::StatusOr<Client> client = client_.Connect();
    if (!client.ok()) return client.status();
    auto opened = client->SubscribeMany(sources, std::move(options));
    if (!opened.ok()) return opened.status();
    subscription = *std::move(opened);
    interrupt.OnInterrupt([&subscription] { subscription->Close(); });
    const OutputWatch output_watch([&subscription] { subscription->Close(); });
    return TailMany(*subscription, client_.json, count_);
  }

  StartFlags start_;
  std::string prefix_;
  bool all_ = false;
  std::string position_;
  std::optional<uint64_t> count_;
  std::string cursor_dir_;
  ClientFlags client_;
};

}  // namespace

std::unique_ptr<Command> MakeTailCommand() { return std::make_unique<TailCommand>(); }

}  // namespace playhead::tools

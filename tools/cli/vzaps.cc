#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/vzaps_client.h"
#include "proto/event_json.h"
#include "tools/cli/commands.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/setting_command.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

using VZapsCommand = SettingCommand<VZapsClient>;

std::string WhoText(absl::string_view instance) {
  return instance == kAllInstances ? "all instances without their own" : Printable(instance);
}

// ["Message","Presence"]
template <typename Strings>
std::string ListJson(const Strings& strings) {
  std::vector<std::string> quoted;
  for (const std::string& text : strings) quoted.push_back(JsonString(text));
  return absl::StrCat("[", absl::StrJoin(quoted, ","), "]");
}

std::string EventsText(const v1::GetSubscribedEventsResponse& found) {
  return absl::StrCat("  subscribed to ", absl::StrJoin(found.effective_events(), ", "), "\n");
}

class VZapsShowCommand final : public VZapsCommand {
 public:
  Info info() const override {
    return {.name = "vzaps show",
            .arguments = "[INSTANCE]",
            .summary = "Show which events VZaps clients get by default.",
            .description =
                R"(Shows the events that INSTANCE is subscribed to, as VZaps calls it: what clients get that name no
events. Without INSTANCE, those of all instances, and which instances have their own.
)",
            .arguments_min = 0,
            .arguments_max = 1};
  }

 private:
  bool AllByDefault() const override { return true; }

  absl::Status RunOn(VZapsClient& client, const std::string& instance) override {
    const auto found = client.GetSubscribedEvents(instance);
    if (!found.ok()) return found.status();
    return WriteOut(json() ? Json(instance, *found) : Text(instance, *found));
  }

  static std::string Text(const std::string& instance, const v1::GetSubscribedEventsResponse& found) {
    if (instance != kAllInstances) {
      return absl::StrCat(Printable(instance), found.events().empty() ? " (as all)\n" : " (by its own setting)\n",
                          EventsText(found));
    }
    std::string out = absl::StrCat("All instances without their own\n", EventsText(found));
    if (found.instances().empty()) return out + "\nNo instance has its own.\n";
    absl::StrAppend(&out, "\nInstances with their own (", found.instances_size(), "):\n");
    for (const std::string& name : found.instances()) absl::StrAppend(&out, "  ", Printable(name), "\n");
    return out;
  }

  static std::string Json(const std::string& instance, const v1::GetSubscribedEventsResponse& found) {
    std::string out = absl::StrCat("{\"instance\":", JsonString(instance));
    if (!found.events().empty()) absl::StrAppend(&out, ",\"events\":", ListJson(found.events()));
    absl::StrAppend(&out, ",\"effective_events\":", ListJson(found.effective_events()));
    if (instance == kAllInstances) absl::StrAppend(&out, ",\"instances\":", ListJson(found.instances()));
    return out + "}\n";
  }
};

class VZapsSetCommand final : public VZapsCommand {
 public:
  Info info() const override {
    return {.name = "vzaps set",
            .arguments = "[INSTANCE]",
            .summary = "Set which events VZaps clients get by default.",
            .description =
                R"(Subscribes INSTANCE to --events, or with --all all instances without their own. Clients that name
events get those, whatever is set. Open connections are not affected.
  playhead vzaps set VZ123 --events=Message,ReadReceipt
  playhead vzaps set --all --events=Message
)",
            .arguments_min = 0,
            .arguments_max = 1};
  }

 private:
  void AddOwnFlags(FlagSet& flags) override {
    flags.Section("What clients get");
    flags.Text("events", &events_, "EVENTS", "VZaps' names of events, separated by commas; or All.");
  }

  absl::Status RunOn(VZapsClient& client, const std::string& instance) override {
    if (events_.empty()) return UsageError("give --events, such as --events=Message,ReadReceipt");
    const auto set = client.SetSubscribedEvents(instance, absl::StrSplit(events_, ','));
    if (!set.ok()) return set.status();
    if (json()) {
      return WriteOut(
          absl::StrCat("{\"instance\":", JsonString(instance), ",\"events\":", ListJson(set->events()), "}\n"));
    }
    return WriteOut(absl::StrCat("Subscribed ", WhoText(instance), " to ", absl::StrJoin(set->events(), ", "),
                                 ".\nOpen connections are not affected.\n"));
  }

  std::string events_;
};

class VZapsClearCommand final : public VZapsCommand {
 public:
  Info info() const override {
    return {
        .name = "vzaps clear",
        .arguments = "[INSTANCE]",
        .summary = "Remove what was set for VZaps clients.",
        .description =
            R"(Removes the events that INSTANCE is subscribed to, so that those of all apply; or with --all those of all,
so that instances without their own are subscribed to every event.
)",
        .arguments_min = 0,
        .arguments_max = 1};
  }

 private:
  absl::Status RunOn(VZapsClient& client, const std::string& instance) override {
    if (absl::Status status = client.ClearSubscribedEvents(instance); !status.ok()) return status;
    if (json()) return absl::OkStatus();
    return WriteOut(absl::StrCat("Cleared the subscribed events of ", WhoText(instance), ".\n"));
  }
};

}  // namespace

std::unique_ptr<Command> MakeVZapsShowCommand() { return std::make_unique<VZapsShowCommand>(); }
std::unique_ptr<Command> MakeVZapsSetCommand() { return std::make_unique<VZapsSetCommand>(); }
std::unique_ptr<Command> MakeVZapsClearCommand() { return std::make_unique<VZapsClearCommand>(); }

}  // namespace playhead::tools

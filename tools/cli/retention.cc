#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/retention_client.h"
#include "proto/event_json.h"
#include "tools/cli/commands.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/setting_command.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

using RetentionCommand = SettingCommand<RetentionClient>;

constexpr absl::Duration kAgeMax = absl::Hours(24 * 365 * 100);

uint64_t Seconds(absl::Duration duration) { return static_cast<uint64_t>(absl::ToInt64Seconds(duration)); }

std::string SpanText(uint64_t seconds) { return FormatSpan(absl::Seconds(static_cast<int64_t>(seconds))); }

std::string WhoText(absl::string_view instance) {
  return instance == kAllInstances ? "all instances without a policy of their own" : Printable(instance);
}

// What a policy keeps, one line for each of its rules.
std::vector<std::string> PolicyLines(const v1::RetentionPolicy& policy) {
  std::vector<std::string> lines;
  if (policy.age_seconds() != 0) lines.push_back(absl::StrCat("nothing older than ", SpanText(policy.age_seconds())));
  if (policy.bytes() != 0) lines.push_back(absl::StrCat("at most ", FormatBytes(policy.bytes())));
  if (policy.events() != 0) lines.push_back(absl::StrCat("the newest ", WithThousands(policy.events()), " events"));
  if (policy.events_min() != 0) {
    lines.push_back(absl::StrCat("but never fewer than ", WithThousands(policy.events_min()), " events"));
  }
  if (policy.consumers_seconds() != 0) {
    lines.push_back(
        absl::StrCat("what a consumer has yet to settle, for up to ", SpanText(policy.consumers_seconds())));
  }
  for (const v1::TypeLife& life : policy.type_lives()) {
    lines.push_back(absl::StrCat("events of type ", Printable(life.type()), " for ", SpanText(life.seconds())));
  }
  if (lines.empty()) lines.push_back("everything");
  return lines;
}

std::string PolicyJson(const v1::RetentionPolicy& policy) {
  std::vector<std::string> lives;
  for (const v1::TypeLife& life : policy.type_lives()) {
    lives.push_back(absl::StrCat("{\"type\":", JsonString(life.type()), ",\"seconds\":", life.seconds(), "}"));
  }
  return absl::StrCat("{\"age_seconds\":", policy.age_seconds(), ",\"bytes\":", policy.bytes(),
                      ",\"events\":", policy.events(), ",\"events_min\":", policy.events_min(),
                      ",\"consumers_seconds\":", policy.consumers_seconds(), ",\"type_lives\":[",
                      absl::StrJoin(lives, ","), "]}");
}

std::string PolicyText(const v1::RetentionPolicy& policy) {
  return absl::StrCat("  keeps ", absl::StrJoin(PolicyLines(policy), "\n        "), "\n");
}

class RetentionShowCommand final : public RetentionCommand {
 public:
  Info info() const override {
    return {
        .name = "retention show",
        .arguments = "[INSTANCE]",
        .summary = "Show how long events are kept, and what is kept now.",
        .description =
            R"(Shows the policy that applies to INSTANCE and what is kept of it now; without INSTANCE, the policy for
all instances, and which instances have one of their own.
)",
        .arguments_min = 0,
        .arguments_max = 1};
  }

 private:
  bool AllByDefault() const override { return true; }

  absl::Status RunOn(RetentionClient& client, const std::string& instance) override {
    const auto found = client.Get(instance);
    if (!found.ok()) return found.status();
    return WriteOut(json() ? Json(instance, *found) : Text(instance, *found));
  }

  static std::string Text(const std::string& instance, const v1::GetRetentionResponse& found) {
    if (instance == kAllInstances) {
      std::string out = absl::StrCat("All instances without a policy of their own\n", PolicyText(found.effective()));
      if (found.instances().empty()) return out + "\nNo instance has a policy of its own.\n";
      absl::StrAppend(&out, "\nInstances with their own (", found.instances_size(), "):\n");
      for (const std::string& name : found.instances()) absl::StrAppend(&out, "  ", Printable(name), "\n");
      return out;
    }
    const char* const whose = found.has_policy()      ? "by its own policy"
                              : found.has_effective() ? "by the policy of all"
                                                      : "no policy is set";
    std::string out = absl::StrCat(Printable(instance), " (", whose, ")\n", PolicyText(found.effective()));
    if (found.events() == 0) return out + "  now   no events\n";
    absl::StrAppend(&out, "  now   ", WithThousands(found.events()), " events, ",
                    ApproximateBytes(static_cast<double>(found.bytes())), ", cursors ", found.first_cursor(), " to ",
                    found.head_cursor(), "\n");
    return out;
  }

  static std::string Json(const std::string& instance, const v1::GetRetentionResponse& found) {
    std::string out = absl::StrCat("{\"instance\":", JsonString(instance));
    if (found.has_policy()) absl::StrAppend(&out, ",\"policy\":", PolicyJson(found.policy()));
    if (found.has_effective()) absl::StrAppend(&out, ",\"effective\":", PolicyJson(found.effective()));
    if (instance == kAllInstances) {
      std::vector<std::string> names;
      for (const std::string& name : found.instances()) names.push_back(JsonString(name));
      return absl::StrCat(out, ",\"instances\":[", absl::StrJoin(names, ","), "]}\n");
    }
    return absl::StrCat(out, ",\"first_cursor\":", found.first_cursor(), ",\"head_cursor\":", found.head_cursor(),
                        ",\"events\":", found.events(), ",\"bytes\":", found.bytes(), "}\n");
  }
};

class RetentionSetCommand final : public RetentionCommand {
 public:
  Info info() const override {
    return {
        .name = "retention set",
        .arguments = "[INSTANCE]",
        .summary = "Set how long events are kept, or see what that would remove.",
        .description =
            R"(Sets the policy of INSTANCE, or with --all that of all instances without their own. It replaces the whole
previous policy. Events beyond --age, --bytes or --events are removed, unless --events_min or --keep_for_consumers
keep them. Try it first with --dry_run, which changes nothing and counts what would be removed. --keep_everything is a
policy that keeps everything, whatever the policy for all is.
  playhead retention set bot-1 --age=90d --dry_run
  playhead retention set bot-1 --age=90d --life='presence.*=1h'
  playhead retention set --all --age=30d --events_min=1000 --keep_for_consumers=60d
)",
        .arguments_min = 0,
        .arguments_max = 1};
  }

 private:
  void AddOwnFlags(FlagSet& flags) override {
    flags.Section("What is kept");
    flags.Duration("age", &age_, absl::ZeroDuration(), kAgeMax, "Nothing older than this; 0 is no limit.");
    flags.Bytes<uint64_t>("bytes", &bytes_, 0, UINT64_MAX, "At most this many bytes of each instance; 0 is no limit.");
    flags.Number<uint64_t>("events", &events_, 0, UINT64_MAX, "This many of the newest events; 0 is no limit.");
    flags.Number<uint64_t>("events_min", &events_min_, 0, UINT64_MAX, "Never fewer events than this.");
    flags.Duration("keep_for_consumers", &consumers_, absl::ZeroDuration(), kAgeMax,
                   "What a named consumer has yet to settle, but no longer than this; 0 ignores consumers.");
    flags.Texts("life", &lives_, "TYPE=SPAN", "Types with a shorter life, such as presence.*=1h; may be repeated.");
    flags.Bool("keep_everything", &keep_everything_, "No limit at all; excludes the others.");
    flags.Bool("dry_run", &dry_run_, "Only count what would be removed at once.");
  }

  absl::Status RunOn(RetentionClient& client, const std::string& instance) override {
    auto policy = ReadPolicy();
    if (!policy.ok()) return policy.status();
    if (dry_run_) return Plan(client, instance, *policy);
    if (absl::Status status = client.Set(instance, *policy); !status.ok()) return status;
    if (json())
      return WriteOut(absl::StrCat("{\"instance\":", JsonString(instance), ",\"policy\":", PolicyJson(*policy), "}\n"));
    return WriteOut(absl::StrCat("Set the retention of ", WhoText(instance), ":\n", PolicyText(*policy)));
  }

  absl::StatusOr<v1::RetentionPolicy> ReadPolicy() const {
    v1::RetentionPolicy policy;
    policy.set_age_seconds(Seconds(age_));
    policy.set_bytes(bytes_);
    policy.set_events(events_);
    policy.set_events_min(events_min_);
    policy.set_consumers_seconds(Seconds(consumers_));
    for (const std::string& text : lives_) {
      const size_t equals = text.rfind('=');
      const auto life =
          equals == std::string::npos ? std::nullopt : ParseDuration(absl::string_view(text).substr(equals + 1));
      if (!life) return UsageError(absl::StrCat("--life=", text, " is not TYPE=SPAN, such as presence.*=1h"));
      const std::string type = text.substr(0, equals);
      if (HasLife(policy, type)) return UsageError(absl::StrCat("--life is given twice for ", type));
      v1::TypeLife& added = *policy.add_type_lives();
      added.set_type(type);
      added.set_seconds(Seconds(*life));
    }
    if (absl::Status status = CheckBounds(policy); !status.ok()) return status;
    return policy;
  }

  static bool HasLife(const v1::RetentionPolicy& policy, const std::string& type) {
    const auto& lives = policy.type_lives();
    return std::any_of(lives.begin(), lives.end(), [&](const v1::TypeLife& life) { return life.type() == type; });
  }

  absl::Status CheckBounds(const v1::RetentionPolicy& policy) const {
    const bool has_bound = policy.age_seconds() != 0 || policy.bytes() != 0 || policy.events() != 0 ||
                           policy.consumers_seconds() != 0 || policy.type_lives_size() != 0;
    if (keep_everything_ && (has_bound || policy.events_min() != 0)) {
      return UsageError("--keep_everything excludes every bound");
    }
    if (keep_everything_ || has_bound) return absl::OkStatus();
    return UsageError(
        "give a bound: --age, --bytes, --events, --keep_for_consumers or --life; or --keep_everything, if that is "
        "what is meant");
  }

  absl::Status Plan(RetentionClient& client, const std::string& instance, const v1::RetentionPolicy& policy) const {
    const auto effect = client.Plan(instance, policy);
    if (!effect.ok()) return effect.status();
    if (json()) {
      return WriteOut(absl::StrCat("{\"instance\":", JsonString(instance), ",\"dry_run\":true,\"instances\":",
                                   effect->instances(), ",\"events\":", effect->events(),
                                   ",\"bytes\":", effect->bytes(), ",\"first_cursor\":", effect->first_cursor(),
                                   ",\"incomplete\":", effect->incomplete() ? "true" : "false", "}\n"));
    }
    std::string out = "Nothing would go at once.\n";
    if (effect->events() > 0) {
      out = absl::StrCat("Would remove ", WithThousands(effect->events()), " events (",
                         ApproximateBytes(static_cast<double>(effect->bytes())), ")",
                         instance == kAllInstances
                             ? absl::StrCat(" of ", WithThousands(effect->instances()), " instances")
                             : absl::StrCat("; the first kept one would be ", effect->first_cursor()),
                         ".\n");
    }
    if (effect->incomplete())
      absl::StrAppend(&out,
                      "These are not all: instances beyond 10,000, or that cannot be read, were not looked at.\n");
    return WriteOut(absl::StrCat(out, "Nothing was changed.\n"));
  }

  absl::Duration age_;
  uint64_t bytes_ = 0;
  uint64_t events_ = 0;
  uint64_t events_min_ = 0;
  absl::Duration consumers_;
  std::vector<std::string> lives_;
  bool keep_everything_ = false;
  bool dry_run_ = false;
};

class RetentionClearCommand final : public RetentionCommand {
 public:
  Info info() const override {
    return {
        .name = "retention clear",
        .arguments = "[INSTANCE]",
        .summary = "Remove a retention policy.",
        .description =
            R"(Removes the policy of INSTANCE, so that the policy for all applies; or with --all that policy, so that instances
without their own keep everything. Removed events do not come back.
)",
        .arguments_min = 0,
        .arguments_max = 1};
  }

 private:
  absl::Status RunOn(RetentionClient& client, const std::string& instance) override {
    if (absl::Status status = client.Clear(instance); !status.ok()) return status;
    return json() ? absl::OkStatus() : WriteOut(absl::StrCat("Cleared the retention of ", WhoText(instance), ".\n"));
  }
};

}  // namespace

std::unique_ptr<Command> MakeRetentionShowCommand() { return std::make_unique<RetentionShowCommand>(); }
std::unique_ptr<Command> MakeRetentionSetCommand() { return std::make_unique<RetentionSetCommand>(); }
std::unique_ptr<Command> MakeRetentionClearCommand() { return std::make_unique<RetentionClearCommand>(); }

}  // namespace playhead::tools

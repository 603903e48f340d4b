#include "tools/cli/replay_text.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "proto/event_json.h"
#include "tools/cli/terminal.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

constexpr int kTypesShown = 20;

std::string TimeText(int64_t micros) { return micros == 0 ? "-" : FormatMicros(micros).substr(0, 19) + "Z"; }

std::string Plural(uint64_t count, absl::string_view what) {
  return absl::StrCat(WithThousands(count), " ", what, count == 1 ? "" : "s");
}

uint64_t DoneCount(const v1::Replay& replay) {
  return replay.sent_count() + replay.skipped_count() + replay.gone_count();
}

std::string TargetText(const v1::Replay& replay) {
  return replay.target().empty() ? "the caller itself" : Printable(replay.target());
}

// The time left at the current rate; empty if that is meaningless.
std::string LeftText(const v1::Replay& replay) {
  if (replay.state() != v1::Replay::RUNNING || replay.rate_now() <= 0) return "";
  const auto left = static_cast<double>(replay.planned_count() - DoneCount(replay));
  return absl::FormatDuration(absl::Seconds(static_cast<int64_t>(left / replay.rate_now())));
}

template <typename Texts>
std::string JsonList(const Texts& texts) {
  return absl::StrCat(
      "[", absl::StrJoin(texts, ",", [](std::string* out, const std::string& text) { *out += JsonString(text); }), "]");
}

}  // namespace

std::string FormatPlan(const v1::ReplayPlan& plan) {
  std::string out =
      absl::StrCat(Plural(plan.event_count(), "event"), " (", ApproximateBytes(static_cast<double>(plan.event_bytes())),
                   ") of ", Plural(static_cast<uint64_t>(plan.ranges_size()), "instance"));
  if (plan.event_count() > 0) {
    absl::StrAppend(&out, ", ", TimeText(plan.first_appended_at()), " to ", TimeText(plan.last_appended_at()));
  }
  out += "\n";
  uint64_t others = plan.other_types_event_count();
  for (int i = 0; i < plan.types_size(); ++i) {
    if (i < kTypesShown) {
      absl::StrAppendFormat(&out, "%12s  %s\n", WithThousands(plan.types(i).event_count()),
                            Printable(plan.types(i).type()));
    } else {
      others += plan.types(i).event_count();
    }
  }
  if (others > 0) absl::StrAppendFormat(&out, "%12s  of other types\n", WithThousands(others));
  return out;
}

std::string PlanJson(const v1::ReplayPlan& plan) {
  std::vector<std::string> types;
  for (const auto& type : plan.types()) types.push_back(absl::StrCat(JsonString(type.type()), ":", type.event_count()));
  std::vector<std::string> ranges;
  for (const auto& range : plan.ranges()) {
    ranges.push_back(absl::StrCat("{\"instance\":", JsonString(range.instance()),
                                  ",\"after_cursor\":", range.after_cursor(), ",\"last_cursor\":", range.last_cursor(),
                                  ",\"event_count\":", range.event_count(), "}"));
  }
  return absl::StrCat(
      "{\"event_count\":", plan.event_count(), ",\"event_bytes\":", plan.event_bytes(),
      plan.event_count() == 0 ? ""
                              : absl::StrCat(",\"first_appended_at\":\"", FormatMicros(plan.first_appended_at()),
                                             "\",\"last_appended_at\":\"", FormatMicros(plan.last_appended_at()), "\""),
      ",\"types\":{", absl::StrJoin(types, ","), "},\"other_types_event_count\":", plan.other_types_event_count(),
      ",\"ranges\":[", absl::StrJoin(ranges, ","), "]}\n");
}

std::string StateText(v1::Replay::State state) {
  switch (state) {
    case v1::Replay::RUNNING:
      return "running";
    case v1::Replay::PAUSED:
      return "paused";
    case v1::Replay::DONE:
      return "done";
    case v1::Replay::CANCELLED:
      return "cancelled";
    case v1::Replay::HANDED_TO_CALLER:
      return "handed-over";
    default:
      return "unknown";
  }
}

std::string FormatReplays(const std::vector<v1::Replay>& replays) {
  std::string out = Painter(stdout)(Colour::kBold, absl::StrFormat("%-13s  %-11s  %21s  %8s  %-20s  %s", "REPLAY",
                                                                   "STATE", "DONE", "RATE", "STARTED", "TO")) +
                    "\n";
  for (const v1::Replay& replay : replays) {
    absl::StrAppendFormat(&out, "%-13s  %-11s  %21s  %8s  %-20s  %s\n", replay.id(), StateText(replay.state()),
                          absl::StrCat(WithThousands(DoneCount(replay)), "/", WithThousands(replay.planned_count())),
                          absl::StrCat(static_cast<uint64_t>(replay.rate_now()), "/s"), TimeText(replay.created_at()),
                          TargetText(replay));
  }
  return out;
}

std::string FormatReplay(const v1::Replay& replay) {
  std::string out;
  const auto line = [&out](absl::string_view name, absl::string_view value) {
    if (!value.empty()) absl::StrAppendFormat(&out, "%-10s %s\n", name, value);
  };
  line("replay", replay.id());
  line("state", StateText(replay.state()));
  line("problem", Printable(replay.problem()));
  line("to", TargetText(replay));
  const int more = static_cast<int>(replay.instance_count()) - replay.instances_size();
  line("of",
       absl::StrCat(absl::StrJoin(replay.instances(), ", "), more > 0 ? absl::StrCat(" and ", more, " more") : ""));
  line("types", Printable(absl::StrJoin(replay.types(), ", ")));
  line("id prefix", Printable(replay.id_prefix()));
  line("planned", WithThousands(replay.planned_count()));
  line("sent", WithThousands(replay.sent_count()));
  line("skipped", WithThousands(replay.skipped_count()));
  line("gone", WithThousands(replay.gone_count()));
  line("retries", WithThousands(replay.retry_count()));
  line("rate", absl::StrFormat("%.1f/s of %d/s", replay.rate_now(), replay.rate()));
  line("left", LeftText(replay));
  line("by", replay.actor());
  line("started", TimeText(replay.created_at()));
  if (replay.ended_at() != 0) line("ended", TimeText(replay.ended_at()));
  return out;
}

std::string ReplayJson(const v1::Replay& replay) {
  std::string out =
      absl::StrCat("{\"replay\":", JsonString(replay.id()), ",\"state\":", JsonString(StateText(replay.state())),
                   ",\"target\":", JsonString(replay.target()), ",\"instances\":", JsonList(replay.instances()),
                   ",\"instance_count\":", replay.instance_count(), ",\"planned_count\":", replay.planned_count(),
                   ",\"sent_count\":", replay.sent_count(), ",\"skipped_count\":", replay.skipped_count(),
                   ",\"gone_count\":", replay.gone_count());
  absl::StrAppend(&out, ",\"retry_count\":", replay.retry_count(), ",\"rate\":", replay.rate(),
                  ",\"rate_now\":", absl::StrFormat("%.1f", replay.rate_now()),
                  ",\"actor\":", JsonString(replay.actor()), ",\"created_at\":\"", FormatMicros(replay.created_at()),
                  "\"");
  if (replay.ended_at() != 0) absl::StrAppend(&out, ",\"ended_at\":\"", FormatMicros(replay.ended_at()), "\"");
  if (!replay.problem().empty()) absl::StrAppend(&out, ",\"problem\":", JsonString(replay.problem()));
  return out + "}\n";
}

}  // namespace playhead::tools

#include "tools/cli/consumer_text.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "proto/event_json.h"
#include "tools/cli/terminal.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

std::string SecondText(int64_t micros) { return FormatMicros(micros).substr(0, 19) + "Z"; }

std::string KindText(v1::Consumer::Lag::Kind kind) {
  switch (kind) {
    case v1::Consumer::Lag::AT_MOST:
      return "at_most";
    case v1::Consumer::Lag::AT_LEAST:
      return "at_least";
    default:
      return "exact";
  }
}

// Columns as wide as their widest cell, the header in bold.
std::string Aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths(rows[0].size());
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Columns(row[i]));
  }
  std::string out;
  for (size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (size_t i = 0; i < rows[r].size(); ++i) {
      const bool last = i + 1 == rows[r].size();
      absl::StrAppend(&line, rows[r][i], last ? "" : std::string(widths[i] - Columns(rows[r][i]) + 2, ' '));
    }
    absl::StrAppend(&out, r == 0 ? Painter(stdout)(Colour::kBold, line) : line, "\n");
  }
  return out;
}

}  // namespace

std::string SourceText(const v1::ConsumerSource& source) {
  if (source.has_all()) return "*";
  return source.has_prefix() ? absl::StrCat(source.prefix(), "*") : source.instance();
}

std::string LagText(const v1::Consumer::Lag& lag) {
  const std::string count = WithThousands(lag.event_count());
  if (lag.kind() == v1::Consumer::Lag::AT_MOST) return absl::StrCat("at most ", count);
  return lag.kind() == v1::Consumer::Lag::AT_LEAST ? absl::StrCat("at least ", count) : count;
}

std::string PositionText(const v1::ConsumerPosition& position) {
  return position.has_token() ? position.token() : absl::StrCat(position.cursor());
}

std::string PauseText(v1::ConsumerPause pause) {
  switch (pause) {
    case v1::CONSUMER_PAUSE_IN_FLIGHT:
      return "waits for acknowledgements";
    case v1::CONSUMER_PAUSE_NO_CREDIT:
      return "its holders take nothing";
    case v1::CONSUMER_PAUSE_EXCEPTIONS_FULL:
      return "too many exceptions: older events must be settled";
    case v1::CONSUMER_PAUSE_PARKED_FULL:
      return "too many parked: requeue or drop some";
    case v1::CONSUMER_PAUSE_STORE:
      return "its state cannot be written just now";
    case v1::CONSUMER_PAUSE_NO_HOLDER:
      return "nobody holds it";
    default:
      return "";
  }
}

std::string ConsumerTable(const std::vector<v1::Consumer>& consumers) {
  std::vector<std::vector<std::string>> rows = {
      {"CONSUMER", "SOURCE", "LAG", "UNSETTLED", "IN FLIGHT", "PARKED", "HOLDERS", "STATE"}};
  for (const v1::Consumer& consumer : consumers) {
    const std::string pause = PauseText(consumer.pause());
    rows.push_back({consumer.config().name(), SourceText(consumer.config().source()), LagText(consumer.lag()),
                    WithThousands(consumer.unsettled_count()), WithThousands(consumer.in_flight()),
                    WithThousands(consumer.parked_count()), absl::StrCat(consumer.holders_size()),
                    pause.empty() ? "delivers" : pause});
  }
  return Aligned(rows);
}

std::string ConsumerDetails(const v1::Consumer& consumer) {
  const v1::ConsumerConfig& config = consumer.config();
  std::string out;
  const auto line = [&out](absl::string_view name, const std::string& value) {
    absl::StrAppendFormat(&out, "%-14s %s\n", name, value);
  };
  line("consumer", absl::StrCat(config.name(), config.shared() ? " (shared)" : ""));
  line("source", SourceText(config.source()));
  if (!config.types().empty()) line("types", absl::StrJoin(config.types(), ","));
  if (!config.id_prefix().empty()) line("id prefix", config.id_prefix());
  line("deadline",
       config.ack_deadline_ms() == 0 ? "none" : absl::FormatDuration(absl::Milliseconds(config.ack_deadline_ms())));
  line("attempts", config.attempts_max() == 0 ? "any number" : absl::StrCat("up to ", config.attempts_max()));
  line("created", SecondText(consumer.created_at()));
  line("position", PositionText(consumer.position()));
  line("lag", LagText(consumer.lag()));
  line("unsettled", absl::StrCat(WithThousands(consumer.unsettled_count()), " in ", consumer.exception_ranges(),
                                 " ranges; ", WithThousands(consumer.in_flight()), " of at most ",
                                 WithThousands(config.in_flight_max()), " in flight"));
  line("parked", WithThousands(consumer.parked_count()));
  const std::string pause = PauseText(consumer.pause());
  line("state", pause.empty() ? "delivers" : pause);
  for (const auto& holder : consumer.holders()) {
    line("holder", absl::StrCat(holder.key_id().empty() ? "anybody" : holder.key_id(), " since ",
                                SecondText(holder.since()), ", ", holder.in_flight(), " in flight"));
  }
  return out;
}

std::string ConsumerJson(const v1::Consumer& consumer) {
  const v1::ConsumerConfig& config = consumer.config();
  std::vector<std::string> types;
  for (const std::string& type : config.types()) types.push_back(JsonString(type));
  return absl::StrCat("{\"name\":", JsonString(config.name()), ",\"source\":", JsonString(SourceText(config.source())),
                      ",\"types\":[", absl::StrJoin(types, ","), "],\"shared\":", config.shared() ? "true" : "false",
                      ",\"position\":", JsonString(PositionText(consumer.position())),
                      ",\"lag\":", consumer.lag().event_count(), ",\"lag_kind\":\"", KindText(consumer.lag().kind()),
                      "\",\"unsettled\":", consumer.unsettled_count(),
                      ",\"exception_ranges\":", consumer.exception_ranges(), ",\"in_flight\":", consumer.in_flight(),
                      ",\"parked\":", consumer.parked_count(), ",\"holders\":", consumer.holders_size(), ",\"pause\":",
                      consumer.pause() == v1::CONSUMER_PAUSE_NONE
                          ? "null"
                          : JsonString(v1::ConsumerPause_Name(consumer.pause()).substr(sizeof("CONSUMER_PAUSE_") - 1)),
                      "}\n");
}

std::string ParkedTable(const std::vector<v1::ParkedEvent>& parked) {
  std::vector<std::vector<std::string>> rows = {{"NUMBER", "INSTANCE", "CURSOR", "ATTEMPTS", "PARKED", "REASON"}};
  for (const v1::ParkedEvent& event : parked) {
    rows.push_back({absl::StrCat(event.number()), event.instance(), absl::StrCat(event.cursor()),
                    absl::StrCat(event.attempts()), SecondText(event.parked_at()),
                    absl::StrCat(Printable(event.reason()), event.gone() ? " (the event is gone)" : "")});
  }
  return Aligned(rows);
}

std::string ParkedJson(const v1::ParkedEvent& parked) {
  std::string out = absl::StrCat("{\"number\":", parked.number(), ",\"instance\":", JsonString(parked.instance()),
                                 ",\"cursor\":", parked.cursor(), ",\"attempts\":", parked.attempts(),
                                 ",\"reason\":", JsonString(parked.reason()), ",\"parked_at\":\"",
                                 FormatMicros(parked.parked_at()), "\"");
  if (parked.gone()) absl::StrAppend(&out, ",\"gone\":true");
  if (parked.has_event()) {
    EventView view;
    const std::string bytes = parked.event().SerializeAsString();
    if (view.Parse(bytes)) {
      out += ",\"event\":";
      AppendEventJson(parked.instance(), view, DataLineBreaks::kTakeOut, out);
    }
  }
  return out + "}\n";
}

}  // namespace playhead::tools

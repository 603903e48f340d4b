#include "broker/http_api/parameters.h"

#include <algorithm>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "proto/errors.h"
#include "proto/event_json.h"

namespace playhead::broker::http_api {
namespace {

constexpr uint64_t kMicrosMax = std::numeric_limits<int64_t>::max();

absl::Status Malformed(absl::string_view message) { return MakeError(Reason::kMalformedRequest, message); }

// Digits only: SimpleAtoi also accepts spaces and signs.
std::optional<uint64_t> ParseNumber(absl::string_view text) {
  uint64_t number = 0;
  const bool digits =
      std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); });
  if (!digits || !absl::SimpleAtoi(text, &number)) return std::nullopt;
  return number;
}

absl::StatusOr<storage::Cursor> ParseCursor(absl::string_view text) {
  const auto number = ParseNumber(text);
  if (!number) return MakeError(Reason::kPositionInvalid, "a cursor is a number, as in an event's `cursor`");
  return storage::Cursor(*number);
}

}  // namespace

absl::Status CheckParameters(const http::Request& request, absl::Span<const absl::string_view> names) {
  for (size_t i = 0; i < request.query.size(); ++i) {
    const std::string& name = request.query[i].name;
    if (name.empty() && request.query[i].value.empty()) continue;  // `?` or `&` with nothing after it.
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      return Malformed(absl::StrCat("there is no parameter `", name, "` here: there are ",
                                    names.empty() ? "none" : absl::StrJoin(names, ", ")));
    }
    for (size_t j = 0; j < i; ++j) {
      if (request.query[j].name == name) return Malformed(absl::StrCat("`", name, "` is given twice"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<uint64_t>> NumberParameter(const http::Request& request, absl::string_view name) {
  const auto text = request.Query(name);
  if (!text) return std::nullopt;
  const auto number = ParseNumber(*text);
  if (!number) return Malformed(absl::StrCat("`", name, "` is a whole number"));
  return number;
}

absl::StatusOr<bool> FlagParameter(const http::Request& request, absl::string_view name) {
  const absl::string_view text = request.Query(name).value_or("false");
  if (text != "true" && text != "false") return Malformed(absl::StrCat("`", name, "` is true or false"));
  return text == "true";
}

absl::StatusOr<std::optional<storage::Cursor>> CursorParameter(const http::Request& request, absl::string_view name) {
  const auto text = request.Query(name);
  if (!text) return std::nullopt;
  const auto cursor = ParseCursor(*text);
  if (!cursor.ok()) return cursor.status();
  return *cursor;
}

std::vector<absl::string_view> ListParameter(const http::Request& request, absl::string_view name) {
  const absl::string_view text = request.Query(name).value_or("");
  if (text.empty()) return {};
  return absl::StrSplit(text, ',');
}

absl::StatusOr<StartPosition> ParseFrom(absl::string_view text) {
  if (text == "beginning") return FromBeginning{};
  if (text == "now") return FromNow{};
  if (const auto micros = ParseNumber(text); micros && *micros <= kMicrosMax) {
    return FromTime{storage::Timestamp(static_cast<int64_t>(*micros))};
  }
  if (const auto micros = ParseMicros(text)) return FromTime{storage::Timestamp(*micros)};
  return Malformed("`from` is beginning, now, a time such as 2026-01-02T03:04:05Z, or microseconds since 1970");
}

absl::StatusOr<StartText> ReadStartText(const http::Request& request) {
  if (request.Query("after") && request.Query("from")) return Malformed("`after` and `from` exclude each other");
  const auto last_event_id = request.Header("Last-Event-ID");
  const auto after = last_event_id && !last_event_id->empty() ? last_event_id : request.Query("after");
  if (after) return StartText{*after, true};
  if (const auto from = request.Query("from")) return StartText{*from, false};
  return MakeError(Reason::kStartRequired, "say where to read from: after=POSITION, or from=beginning, now or a time");
}

absl::StatusOr<StartPosition> ReadStart(const http::Request& request) {
  const auto start = ReadStartText(request);
  if (!start.ok()) return start.status();
  if (!start->is_after) return ParseFrom(start->text);
  const auto cursor = ParseCursor(start->text);
  if (!cursor.ok()) return cursor.status();
  return AfterCursor{*cursor};
}

}  // namespace playhead::broker::http_api

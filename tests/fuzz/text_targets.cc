#include "tests/fuzz/text_targets.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "broker/auth/access_token.h"
#include "broker/auth/authenticator.h"
#include "broker/auth/instance_patterns.h"
#include "broker/auth/secret.h"
#include "broker/auth/signing_key.h"
#include "broker/dialects/vzaps/token.h"
#include "broker/grpc/parked_page.h"
#include "broker/http_api/parameters.h"
#include "broker/listing/page_token.h"
#include "broker/model/position.h"
#include "broker/read/store_position_token.h"
#include "broker/webhook/signature.h"
#include "proto/errors.h"
#include "proto/event_json.h"
#include "storage/cursor.h"
#include "storage/erasures.h"
#include "storage/event_filter.h"
#include "storage/event_log.h"
#include "storage/store/erasure_job.h"
#include "tests/fuzz/promise.h"

namespace playhead::fuzz {
namespace {

// Patterns in lines, and behind the last line end what they are tried on.
struct PatternLines {
  std::vector<absl::string_view> patterns;
  absl::string_view subject;
};

PatternLines InLines(absl::string_view bytes) {
  PatternLines lines{absl::StrSplit(bytes, '\n'), {}};
  if (lines.patterns.empty()) return lines;  // Of a view that points nowhere.
  lines.subject = lines.patterns.back();
  lines.patterns.pop_back();
  return lines;
}

// Of a log that has been through two restores, and whose first two events are trimmed.
const storage::LogBounds& Bounds() {
  static const auto* const bounds = [] {
    auto* const made = new storage::LogBounds();
    made->first = storage::Cursor(0, 3);
    made->head = storage::Cursor(4, 12);
    made->epochs.Add(0, 5);
    made->epochs.Add(2, 9);
    return made;
  }();
  return *bounds;
}

constexpr uint64_t kStoreId = 0x0123456789abcdef;

}  // namespace

void EventId(absl::string_view bytes) {
  const auto id = storage::EventId::Parse(bytes);
  if (!id) return;
  const std::string text = id->ToString();
  Require(storage::EventId::Parse(text) == id, "a position survives the trip through text");
  std::string same(bytes.substr(4));
  absl::AsciiStrToUpper(&same);
  for (char& c : same) c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
  Require(text.substr(4) == same, "a text has one reading");
}

void Position(absl::string_view bytes) {
  const auto position = broker::model::ParsePosition(bytes);
  if (!position) return;
  Require(broker::model::ParsePosition(position->ToString()) == position, "a position survives the trip through text");
  const storage::LogBounds& bounds = Bounds();
  const storage::Cursor good = bounds.epochs.LastGood(position->cursor, bounds.head);
  Require(bounds.epochs.LastGood(good, bounds.head) == good, "the last good cursor is good");
  const absl::Status start = bounds.CheckStart(position->cursor);
  Require(!start.ok() || good == position->cursor, "reading starts at a good cursor");
  Require(start.ok() || HasReason(start, Reason::kCursorTrimmed) || HasReason(start, Reason::kCursorDiverged),
          "a refusal says why");
  if (good != storage::Cursor()) Require(bounds.epochs.Previous(good) < good, "what is before is lower");
}

void Token(absl::string_view bytes) {
  if (const auto position = broker::DecodeStorePosition(kStoreId, bytes); position.ok()) {
    const auto again = broker::DecodeStorePosition(kStoreId, broker::EncodeStorePosition(kStoreId, *position));
    Require(again.ok() && *again == *position, "a position of the store survives the trip through text");
  }
  if (const auto name = broker::DecodePageToken(bytes, ""); name.ok() && !name->empty()) {
    const auto again = broker::DecodePageToken(broker::EncodePageToken(*name), "");
    Require(again.ok() && *again == *name, "a page token survives the trip");
  }
  if (const auto number = broker::DecodeParkedToken(bytes); !number.ok()) {
    Require(HasReason(number.status(), Reason::kPageTokenInvalid),
            "a page token of a parked list is one or is refused");
  }
  if (const auto id = broker::KeyIdIn(bytes)) {
    Require(broker::IsKeyId(*id) && id->data() == bytes.data() + 3, "a secret names its key");
  }
  if (const auto signature = broker::webhook::ParseSignature(bytes)) {
    const absl::string_view raw(reinterpret_cast<const char*>(signature->data()), signature->size());
    Require(absl::StrCat("sha256=", absl::BytesToHexString(raw)) == absl::AsciiStrToLower(bytes),
            "a signature is its digits");
  }
  if (const auto micros = ParseMicros(bytes)) {
    Require(ParseMicros(FormatMicros(*micros)) == micros, "a time survives the trip");
  }
  broker::http_api::ParseFrom(bytes).status().IgnoreError();

  static const std::string key(broker::SigningKey::kBytes, 'k');
  static const auto* const authenticator =
      new broker::Authenticator(std::nullopt, absl::Seconds(1), [] { return absl::UnixEpoch(); });
  static const auto* const access = new broker::AccessTokens(broker::SigningKey(key), *authenticator);
  Require(!access->Redeem(bytes).ok(), "who cannot sign makes no access token");
  static const auto* const signer = new broker::vzaps::TokenSigner(broker::SigningKey(key));
  Require(!signer->Verify(bytes).ok(), "nor one of VZaps");
}

void EventFilter(absl::string_view bytes) {
  const PatternLines lines = InLines(bytes);
  const std::vector<absl::string_view>& patterns = lines.patterns;
  const absl::string_view type = lines.subject;
  const auto filter = storage::EventFilter::Make(patterns);
  if (!filter.ok()) return;
  const bool hidden = absl::StartsWith(type, "playhead.hidden.");
  const bool matches =
      (patterns.empty() && !hidden) ||
      std::any_of(patterns.begin(), patterns.end(), [type, hidden](absl::string_view pattern) {
        if (!absl::EndsWith(pattern, "*")) return type == pattern;
        const bool names_hidden = absl::StartsWith(pattern, "playhead.hidden.");
        return absl::StartsWith(type, pattern.substr(0, pattern.size() - 1)) && (!hidden || names_hidden);
      });
  Require(filter->MatchesType(type) == matches, "a filter matches what its patterns say");
}

void InstancePatterns(absl::string_view bytes) {
  const PatternLines lines = InLines(bytes);
  const std::vector<absl::string_view>& patterns = lines.patterns;
  const absl::string_view name = lines.subject;
  storage::ErasureRequest erasure;
  erasure.ids = {"id"};
  for (const absl::string_view pattern : patterns) erasure.instances.emplace_back(pattern);
  const auto covered = broker::InstancePatterns::Make(patterns);
  Require(storage::CheckErasureRequest(erasure).ok() == covered.ok(), "keys and erasures take the same patterns");
  if (!covered.ok()) return;
  const auto covers = [name](absl::string_view pattern) {
    return absl::ConsumeSuffix(&pattern, "*") ? absl::StartsWith(name, pattern) : name == pattern;
  };
  Require(covered->Cover(name) == std::any_of(patterns.begin(), patterns.end(), covers),
          "what is covered is what the patterns say");
  const broker::InstancePatterns::Range* before = nullptr;
  for (const broker::InstancePatterns::Range& range : covered->ranges()) {
    Require(before == nullptr || (before->text < range.text && !before->Has(range.text)),
            "ranges rise, and none overlaps another");
    before = &range;
  }
  const storage::ErasureTarget target = storage::ErasureTarget::Of(erasure);
  const bool erases = std::any_of(patterns.begin(), patterns.end(), [name](absl::string_view pattern) {
    return storage::InstanceMatches(pattern, name);
  });
  Require(target.CoversInstance(name) == erases, "what is erased is what the patterns say");
}

}  // namespace playhead::fuzz

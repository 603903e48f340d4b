#include "broker/model/position.h"

#include <cstdint>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"

namespace playhead::broker::model {

using storage::Cursor;

namespace {

// The number of steps of its event that a position has seen; the maximum if it has seen them all.
uint32_t StepsSeen(const Position& position) {
  return position.part == 0 ? std::numeric_limits<uint32_t>::max() : position.part;
}

}  // namespace

bool IsBefore(const Position& a, const Position& b) {
  return std::pair(a.cursor, StepsSeen(a)) < std::pair(b.cursor, StepsSeen(b));
}

std::optional<Position> ParsePosition(absl::string_view text) {
  uint64_t value = 0;
  // SimpleAtoi would also take a sign and spaces.
  if (text.empty() || !absl::ascii_isdigit(static_cast<unsigned char>(text[0]))) return Position::Parse(text);
  if (!absl::ascii_isdigit(static_cast<unsigned char>(text.back())) || !absl::SimpleAtoi(text, &value)) {
    return std::nullopt;
  }
  const Cursor cursor(value);
  if (!cursor.valid()) return std::nullopt;
  return Position{storage::InstanceNumber(), cursor, 0};
}

Resume ResumeAt(const storage::Instance& instance, const Position& position) {
  const storage::LogBounds bounds = instance.bounds();
  const bool names_this = position.instance == instance.number() || position.instance == storage::InstanceNumber();
  const Cursor after = position.part == 0 ? position.cursor : bounds.epochs.Previous(position.cursor);
  if (names_this && bounds.CheckStart(position.cursor).ok() && bounds.CheckStart(after).ok()) {
    return {after, {instance.number(), position.cursor, position.part}, false};
  }
  return {bounds.BeforeFirst(), {instance.number(), bounds.BeforeFirst(), 0}, true};
}

}  // namespace playhead::broker::model

#include "storage/cursor.h"

#include <array>

namespace playhead::storage {
namespace {

constexpr absl::string_view kPrefix = "evt_";
constexpr int kTextDigits = 26;  // 130 bits for 128: the first digit is at most 7.
constexpr absl::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

constexpr std::array<int8_t, 256> MakeDigitValues() {
  std::array<int8_t, 256> values{};
  for (int8_t& value : values) value = -1;
  for (int8_t i = 0; i < 32; ++i) {
    const char upper = kAlphabet[static_cast<size_t>(i)];
    values[static_cast<uint8_t>(upper)] = i;
    if (upper >= 'A') values[static_cast<uint8_t>(upper - 'A' + 'a')] = i;
  }
  for (const char c : {'i', 'I', 'l', 'L'}) values[static_cast<uint8_t>(c)] = 1;
  for (const char c : {'o', 'O'}) values[static_cast<uint8_t>(c)] = 0;
  return values;
}
constexpr std::array<int8_t, 256> kDigitValues = MakeDigitValues();

}  // namespace

std::string EventId::ToString() const {
  // 128 bits as two halves: instance (48) and the cursor's upper 16, then the cursor's lower 48 and the part.
  uint64_t high = instance.value() << 16 | cursor.value() >> 48;
  uint64_t low = cursor.value() << 16 | part;
  std::string text(kPrefix.size() + kTextDigits, '0');
  for (int i = kTextDigits - 1; i >= 0; --i) {
    text[kPrefix.size() + static_cast<size_t>(i)] = kAlphabet[low & 31];
    low = low >> 5 | high << 59;
    high >>= 5;
  }
  text.replace(0, kPrefix.size(), kPrefix.data(), kPrefix.size());
  return text;
}

std::optional<EventId> EventId::Parse(absl::string_view text) {
  if (text.size() != kPrefix.size() + kTextDigits || text.substr(0, kPrefix.size()) != kPrefix) return std::nullopt;
  uint64_t high = 0;
  uint64_t low = 0;
  for (const char c : text.substr(kPrefix.size())) {
    const int8_t digit = kDigitValues[static_cast<uint8_t>(c)];
    if (digit < 0 || high >> 59 != 0) return std::nullopt;
    high = high << 5 | low >> 59;
    low = low << 5 | static_cast<uint64_t>(digit);
  }
  EventId id;
  id.instance = InstanceNumber(high >> 16);
  id.cursor = Cursor(high << 48 | low >> 16);
  id.part = static_cast<uint16_t>(low);
  if (!id.cursor.valid()) return std::nullopt;
  return id;
}

Cursor EpochHistory::LastGood(Cursor cursor, Cursor head) const {
  Cursor last_good;  // The end of the newest epoch before the cursor's.
  for (const End& end : ends_) {
    if (end.epoch > cursor.epoch()) return last_good;
    const Cursor epoch_end(end.epoch, end.last_sequence);
    if (end.epoch == cursor.epoch()) {
      if (cursor > epoch_end) return epoch_end;
      return cursor.sequence() > last_good.sequence() ? cursor : last_good;
    }
    last_good = epoch_end;
  }
  if (cursor.epoch() < head.epoch()) return last_good;  // In its epoch this log never had an event.
  if (cursor.epoch() > head.epoch() || cursor > head) return head;
  return cursor.sequence() > last_good.sequence() || cursor == Cursor() ? cursor : last_good;
}

Cursor EpochHistory::Previous(Cursor cursor) const {
  if (cursor.sequence() <= 1) return Cursor();
  const uint64_t sequence = cursor.sequence() - 1;
  return AtSequence(sequence, Cursor(cursor.epoch(), sequence));
}

Cursor EpochHistory::AtSequence(uint64_t sequence, Cursor head) const {
  if (sequence == 0) return Cursor();
  for (const End& end : ends_) {
    if (sequence <= end.last_sequence) return Cursor(end.epoch, sequence);
  }
  return Cursor(head.epoch(), sequence);
}

}  // namespace playhead::storage

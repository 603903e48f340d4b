#include "storage/many_reader.h"

namespace playhead::storage {

const ManyReader::Known* ManyReader::Find(InstanceNumber number) const {
  const auto found = known_.find(number.value());
  return found == known_.end() ? nullptr : &found->second;
}

const ManyReader::Known& ManyReader::Meet(InstanceNumber number, const std::string& name) {
  if (known_.size() >= kInstancesKnownMax) known_.clear();  // Instances still in use are looked up again.
  const bool selected = selector_->Selects(name);
  return known_[number.value()] = {selected, selected ? name : std::string()};
}

bool ManyReader::Selects(const Instance& instance) {
  const Known* known = Find(instance.number());
  return (known != nullptr ? *known : Meet(instance.number(), instance.name())).selected;
}

void ManyReader::NotePassed(InstanceNumber number, StorePosition position) {
  if (kept_until_ == CommitPosition()) return;
  if (position.commit > kept_until_) {
    kept_until_ = CommitPosition();
    std::vector<bool>().swap(passed_);
    return;
  }
  if (passed_.size() <= number.value()) passed_.resize(number.value() + 1);
  passed_[number.value()] = true;
}

bool ManyReader::HasPassed(InstanceNumber number) const {
  return number.value() < passed_.size() && passed_[number.value()];
}

std::optional<TrimmedRange> ManyReader::TellTrimmed(InstanceNumber number, StorePosition position, Cursor after,
                                                    Cursor last) {
  if (AsksForKept(number, position.commit)) return std::nullopt;
  if (const auto told = told_.find(number.value()); told != told_.end()) after = std::max(after, told->second);
  if (last <= after) return std::nullopt;
  if (told_.size() >= kInstancesKnownMax) told_.clear();  // Better reported twice than not at all.
  told_[number.value()] = last;
  return TrimmedRange{after, last, last.sequence() - after.sequence()};
}

bool ManyReader::HasHeardOfTrim(InstanceNumber number, Cursor last) const {
  const auto told = told_.find(number.value());
  return told != told_.end() && told->second >= last;
}

uint64_t ManyReader::HearForgettings(uint64_t last) {
  const uint64_t heard = std::exchange(starts_at_kept_, false) ? last : forgettings_heard_;
  forgettings_heard_ = last;
  return heard;
}

const absl::flat_hash_map<uint64_t, Cursor>* ManyReader::CursorsAt(StorePosition position) const {
  return !cursors_.empty() && cursors_at_ == position ? &cursors_ : nullptr;
}

void ManyReader::NoteCursors(StorePosition position, absl::flat_hash_map<uint64_t, Cursor> cursors) {
  cursors_at_ = position;
  cursors_ = std::move(cursors);
}

}  // namespace playhead::storage

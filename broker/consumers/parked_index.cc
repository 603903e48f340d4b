#include "broker/consumers/parked_index.h"

namespace playhead::broker {

using storage::Cursor;
using storage::InstanceNumber;

bool ParkedIndex::Add(const ParkedRow& row) {
  if (!instances_[row.instance_number].emplace(row.cursor, row.number).second) return false;
  rows_.emplace(row.number, std::pair(row.instance_number, row.cursor));
  return true;
}

bool ParkedIndex::Remove(uint64_t number) {
  const auto row = rows_.find(number);
  if (row == rows_.end()) return false;
  const auto instance = instances_.find(row->second.first);
  instance->second.erase(row->second.second);
  if (instance->second.empty()) instances_.erase(instance);
  rows_.erase(row);
  return true;
}

std::vector<uint64_t> ParkedIndex::Behind(const Cursors& after) const {
  std::vector<uint64_t> numbers;
  for (const auto& [number, cursor] : after) {
    const auto instance = instances_.find(number);
    if (instance == instances_.end()) continue;
    const auto& rows = instance->second;
    for (auto row = rows.upper_bound(cursor); row != rows.end(); ++row) numbers.push_back(row->second);
  }
  return numbers;
}

}  // namespace playhead::broker

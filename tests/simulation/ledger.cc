#include "tests/simulation/ledger.h"

#include <algorithm>

namespace playhead::storage {

uint64_t Ledger::Log::TrimmedAt(uint64_t moment) const {
  uint64_t first_kept = 0;
  for (const auto& [at, cursor] : trimmed) {
    if (at <= moment) first_kept = std::max(first_kept, cursor);
  }
  return first_kept;
}

void Ledger::OweOnly(const Moment& moment) {
  const auto later = [&moment](const auto& answered) { return answered.second > moment.at; };
  for (auto& [name, log] : logs) {
    // A name that began another life since: it may have either.
    log.deleting = log.deleting || log.since > moment.at;
    std::erase_if(log.acknowledged, later);
    std::erase_if(log.shown, later);
    std::erase_if(log.erased, later);
    std::erase_if(log.trimmed, [&moment](const auto& answered) { return answered.first > moment.at; });
  }
  for (auto& [key, record] : records) {
    const auto acknowledged = moment.records.find(key);
    record.acknowledged = acknowledged == moment.records.end() ? 0 : acknowledged->second;
  }
}

}  // namespace playhead::storage

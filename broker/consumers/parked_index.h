// ParkedIndex: which events are in a consumer's parked list. Their details are only in the rows of the store.
#ifndef PLAYHEAD_BROKER_CONSUMERS_PARKED_INDEX_H_
#define PLAYHEAD_BROKER_CONSUMERS_PARKED_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "broker/consumers/consumer_info.h"
#include "storage/cursor.h"
#include "storage/types.h"

namespace playhead::broker {

// Thread safety: none.
class ParkedIndex {
 public:
  // By instance, the cursor after which events are meant. Instances without an entry are not meant at all.
  using Cursors = std::map<storage::InstanceNumber, storage::Cursor>;

  // False, without a change, if the event is already in the list.
  bool Add(const ParkedRow& row);
  // False if no row has that number.
  bool Remove(uint64_t number);

  bool Contains(uint64_t number) const { return rows_.contains(number); }
  size_t size() const { return rows_.size(); }

  // Rows of events that are after the cursor of their instance.
  std::vector<uint64_t> Behind(const Cursors& after) const;

 private:
  std::map<storage::InstanceNumber, absl::btree_map<storage::Cursor, uint64_t>> instances_;  // Row numbers.
  absl::flat_hash_map<uint64_t, std::pair<storage::InstanceNumber, storage::Cursor>> rows_;  // By number.
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_CONSUMERS_PARKED_INDEX_H_

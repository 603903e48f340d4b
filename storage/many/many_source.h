// Where a read over many instances finds them, and how far it may read.
#ifndef PLAYHEAD_STORAGE_MANY_MANY_SOURCE_H_
#define PLAYHEAD_STORAGE_MANY_MANY_SOURCE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "storage/instances/instance_table.h"
#include "storage/many_reader.h"
#include "storage/store/store.h"
#include "storage/types.h"

namespace playhead::storage {

// The sources of one read; borrows everything. `head` is the last commit that was published when the read began, so any
// event of it or of an earlier commit that is not in the store was trimmed, deleted or lost.
struct ManySource {
  const std::shared_ptr<const Store>& store;
  InstanceTable& instances;
  const TypeLifeTable& lives;
  CommitPosition head;
};

// The instance if it exists and `reader` wants it; nullptr otherwise.
absl::StatusOr<std::shared_ptr<Instance>> FindWanted(const ManySource& source, ManyReader& reader,
                                                     InstanceNumber number);
// The instance of that name; nullptr if there is none.
absl::StatusOr<std::shared_ptr<Instance>> FindNamed(const ManySource& source, const std::string& name);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_MANY_MANY_SOURCE_H_

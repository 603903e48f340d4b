// InstanceDeletion: deletes an instance, and with it what the broker keeps about it beside the log: retention and other
// settings, sessions, positions of consumers.
//
//   audit record -> row `deletion/<number>` -> the log deletes it -> answered -> every keeper forgets it -> row removed
//
// The answer does not wait for the keepers: reads refuse already. A crash in between leaves the row, and the next start
// goes on from it. The bytes of rows that were removed leave the disk with the next pass over the files of rows
// (storage/housekeeping/maintenance.h). What names an instance by the operator's will stays: patterns of keys, secrets
// of webhooks.
#ifndef PLAYHEAD_BROKER_INSTANCE_DELETION_H_
#define PLAYHEAD_BROKER_INSTANCE_DELETION_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "broker/audit.h"
#include "storage/event_log.h"

namespace playhead::broker {

// Thread safety: all methods but AddKeeper and Resume may be called from any thread.   Blocking: none but Resume.
// Ownership: borrows `log` and `audit`; must outlive the log, whose callbacks end here.
class InstanceDeletion {
 public:
  // Removes what somebody keeps about an instance that is deleted, and says when that is durable. Called again if it
  // failed, or if it is not known whether it has.
  using Keeper = std::function<void(const std::shared_ptr<storage::Instance>& instance, storage::StatusCallback done)>;

  InstanceDeletion(storage::EventLog& log, Audit& audit) : log_(log), audit_(audit) {}

  // Before Resume.
  void AddKeeper(Keeper keeper) { keepers_.push_back(std::move(keeper)); }

  // Goes on with what a crash interrupted. Once, before anything is served; blocks until it is done.
  //   As RecordStore::Scan and the keepers fail.
  absl::Status Resume();

  // Deletes the instance on behalf of `key_id`.
  //   NotFound  INSTANCE_NOT_FOUND.   Others as AppendSession::Append and EventLog::DeleteInstance.
  void Delete(std::string key_id, std::string name, storage::StatusCallback done);

 private:
  struct Order;
  void WriteOrder(std::shared_ptr<Order> order);
  void DeleteFromLog(std::shared_ptr<Order> order);
  void Forget(const std::shared_ptr<storage::Instance>& instance, size_t keeper, storage::StatusCallback done);
  void RemoveRow(storage::InstanceNumber number, storage::StatusCallback done);

  storage::EventLog& log_;
  Audit& audit_;
  std::vector<Keeper> keepers_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_INSTANCE_DELETION_H_

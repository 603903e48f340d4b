#include "broker/instance_deletion.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "broker/log.h"
#include "broker/stored_records.h"
#include "proto/errors.h"
#include "storage/await.h"

namespace playhead::broker {
namespace {

using storage::Await;
using storage::AwaitStatus;
using storage::Instance;
using storage::InstanceInfo;
using storage::InstanceNumber;
using storage::RecordSpace;

constexpr absl::string_view kRowPrefix = "deletion/";

// The row's value is the name.
std::string RowKey(InstanceNumber number) { return absl::StrCat(kRowPrefix, number.value()); }

// An instance that the log has forgotten already.
class DeletedInstance final : public Instance {
 public:
  DeletedInstance(std::string name, InstanceNumber number) : name_(std::move(name)), number_(number) {}
  const std::string& name() const override { return name_; }
  InstanceNumber number() const override { return number_; }
  storage::LogBounds bounds() const override { return {}; }
  storage::Cursor head() const override { return {}; }
  bool deleted() const override { return true; }

 private:
  const std::string name_;
  const InstanceNumber number_;
};

}  // namespace

struct InstanceDeletion::Order {
  InstanceInfo info;
  storage::StatusCallback done;
};

absl::Status InstanceDeletion::Resume() {
  return ForEachRecord(log_.records(), RecordSpace::kKeys, kRowPrefix, [this](const storage::Record& row) {
    uint64_t number = 0;
    if (!absl::SimpleAtoi(absl::StripPrefix(row.key, kRowPrefix), &number)) {
      return MakeError(Reason::kDataLoss, absl::StrCat("a row is damaged: ", row.key));
    }
    const std::string& name = row.value;
    const auto found = Await<InstanceInfo>([&](auto done) { log_.GetInstance(name, std::move(done)); });
    if (!found.ok() && !HasReason(found.status(), Reason::kInstanceNotFound)) {
      // One log that cannot be read keeps no broker from starting: the next start looks again.
      LogRefusal("deletion_resumed", found.status());
      return absl::OkStatus();
    }
    const bool never_began = found.ok() && found->number == InstanceNumber(number);
    absl::Status status;
    if (!never_began) {
      Log().info("event=deletion_resumed instance={}", name);
      const auto instance = std::make_shared<DeletedInstance>(name, InstanceNumber(number));
      status = AwaitStatus([&](auto done) { Forget(instance, 0, std::move(done)); });
    }
    if (status.ok()) status = AwaitStatus([&](auto done) { RemoveRow(InstanceNumber(number), std::move(done)); });
    return status;
  });
}

void InstanceDeletion::Delete(std::string key_id, std::string name, storage::StatusCallback done) {
  // Looked up first, so that what is no act at all leaves no record.
  log_.GetInstance(std::move(name), [this, key_id = std::move(key_id),
                                     done = std::move(done)](absl::StatusOr<InstanceInfo> info) mutable {
    if (!info.ok()) return std::move(done)(info.status());
    const std::string detail =
        absl::StrCat("events=", info->bounds->event_count(), " head=", info->bounds->head.value());
    auto order = std::make_shared<Order>(Order{*std::move(info), std::move(done)});
    audit_.Record({key_id, "audit.instance_deleted", order->info.name, detail}, [this, order](absl::Status recorded) {
      if (!recorded.ok()) return std::move(order->done)(std::move(recorded));
      WriteOrder(order);
    });
  });
}

void InstanceDeletion::WriteOrder(std::shared_ptr<Order> order) {
  log_.records().Write({{RecordSpace::kKeys, RowKey(order->info.number), order->info.name}},
                       [this, order](absl::Status written) {
                         if (!written.ok()) return std::move(order->done)(std::move(written));
                         DeleteFromLog(order);
                       });
}

void InstanceDeletion::DeleteFromLog(std::shared_ptr<Order> order) {
  const std::string& name = order->info.name;
  log_.DeleteInstance(name, order->info.number, [this, order](absl::Status deleted) {
    const bool ok = deleted.ok();
    std::move(order->done)(std::move(deleted));
    // Without success the row stays: somebody else has deleted it and removes the row, or the next start finds out.
    if (!ok) return;
    const auto instance = std::make_shared<DeletedInstance>(order->info.name, order->info.number);
    Forget(instance, 0, [this, instance](absl::Status forgotten) {
      if (!forgotten.ok()) {
        Log().warn("event=deletion_incomplete instance={} action=retry_at_next_start: {}", instance->name(),
                   std::string(forgotten.message()));
        return;
      }
      RemoveRow(instance->number(), [](absl::Status) {});  // If it stays, the next start removes it.
    });
  });
}

void InstanceDeletion::Forget(const std::shared_ptr<Instance>& instance, size_t keeper, storage::StatusCallback done) {
  if (keeper == keepers_.size()) return std::move(done)(absl::OkStatus());
  keepers_[keeper](instance, [this, instance, keeper, done = std::move(done)](absl::Status status) mutable {
    if (!status.ok()) return std::move(done)(std::move(status));
    Forget(instance, keeper + 1, std::move(done));
  });
}

void InstanceDeletion::RemoveRow(InstanceNumber number, storage::StatusCallback done) {
  log_.records().Write({{RecordSpace::kKeys, RowKey(number), std::nullopt}}, std::move(done));
}

}  // namespace playhead::broker

// WatchedLog: passes everything on to a log, and counts how often that is reopened after a failure. On demand it plants
// a bug at the seam between history and live events, which the simulation must find.
#ifndef PLAYHEAD_TESTS_BROKER_READ_SIMULATION_WATCHED_LOG_H_
#define PLAYHEAD_TESTS_BROKER_READ_SIMULATION_WATCHED_LOG_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "storage/event_log.h"

namespace playhead::broker {

enum class SeamBug {
  kNone,
  kReadsSkipOne,          // A read that reaches the end of a log lacks its first event.
  kReadsRepeatOne,        // A read near the end of a log starts one event too early.
  kReadsOfManySkipOne,    // As kReadsSkipOne, for reads of many instances.
  kReadsOfManyRepeatOne,  // A read of many instances that reaches the end has its last events twice.
  kTailSkipsBlock,        // The last block of a commit of several is not announced.
  kTailTellsNobody,       // Some commits are not announced.
  kTailForgetsDeletion,   // Deletions are not announced.
};

class WatchedLog final : public storage::EventLog {
 public:
  WatchedLog(std::unique_ptr<storage::EventLog> log, SeamBug bug) : bug_(bug), listener_(bug), log_(std::move(log)) {}

  // The log without the bug.
  storage::EventLog& unharmed() { return *log_; }

  // How often the log was reopened.
  uint64_t reopenings() const { return listener_.reopenings(); }
  // Waits until the log takes appends. False if that takes too long.
  bool AwaitTakesAppends() const;

  std::unique_ptr<storage::AppendSession> NewAppendSession() override { return log_->NewAppendSession(); }
  void OpenInstance(absl::string_view name, storage::OpenMode mode,
                    storage::Callback<std::shared_ptr<storage::Instance>> done) override {
    log_->OpenInstance(name, mode, std::move(done));
  }
  void Read(std::shared_ptr<storage::Instance> instance, storage::ReadOptions options,
            storage::Callback<storage::ReadResult> done) override;
  void FindTime(std::shared_ptr<storage::Instance> instance, storage::Timestamp time,
                storage::Callback<storage::Cursor> done) override {
    log_->FindTime(std::move(instance), time, std::move(done));
  }
  void FindBytes(std::shared_ptr<storage::Instance> instance, uint64_t kept_bytes_max,
                 storage::Callback<storage::Cursor> done) override {
    log_->FindBytes(std::move(instance), kept_bytes_max, std::move(done));
  }
  void BytesBehind(std::shared_ptr<storage::Instance> instance, storage::Cursor after,
                   storage::Callback<uint64_t> done) override {
    log_->BytesBehind(std::move(instance), after, std::move(done));
  }
  void FindCommit(std::shared_ptr<storage::Instance> instance, storage::CommitPosition commit,
                  storage::Callback<storage::Cursor> done) override {
    log_->FindCommit(std::move(instance), commit, std::move(done));
  }
  void ReadMany(storage::ManyReadOptions options, storage::Callback<storage::ManyReadResult> done) override;
  void CheckStorePosition(storage::StorePosition position, storage::StatusCallback done) override {
    log_->CheckStorePosition(position, std::move(done));
  }
  storage::StorePosition head_position() const override { return log_->head_position(); }
  void FindTimeInStore(storage::Timestamp time, storage::Callback<storage::StorePosition> done) override {
    log_->FindTimeInStore(time, std::move(done));
  }
  uint64_t store_id() const override { return log_->store_id(); }
  void Trim(std::shared_ptr<storage::Instance> instance, storage::Cursor first_kept,
            storage::StatusCallback done) override {
    log_->Trim(std::move(instance), first_kept, std::move(done));
  }
  void ListInstances(std::string prefix, std::string after_name, size_t limit,
                     storage::Callback<std::vector<storage::InstanceInfo>> done) override {
    log_->ListInstances(std::move(prefix), std::move(after_name), limit, std::move(done));
  }
  void GetInstance(std::string name, storage::Callback<storage::InstanceInfo> done) override {
    log_->GetInstance(std::move(name), std::move(done));
  }
  void DeleteInstance(std::string name, storage::InstanceNumber number, storage::StatusCallback done) override {
    log_->DeleteInstance(std::move(name), number, std::move(done));
  }
  void Backup(storage::BackupOptions options, std::shared_ptr<storage::JobControl> control,
              std::function<void(const storage::BackupProgress&)> progress,
              storage::Callback<storage::BackupReport> done) override {
    log_->Backup(std::move(options), std::move(control), std::move(progress), std::move(done));
  }
  void Flush(storage::StatusCallback done) override { log_->Flush(std::move(done)); }
  void SetCommitListener(storage::CommitListener* listener) override {
    listener_.set_target(listener);
    log_->SetCommitListener(&listener_);
  }
  storage::Durability durability() const override { return log_->durability(); }
  absl::Status CheckTakesAppends() const override { return log_->CheckTakesAppends(); }
  storage::LogStats stats() const override { return log_->stats(); }
  storage::TypeLifeTable& type_lives() override { return log_->type_lives(); }
  storage::RecordStore& records() override { return log_->records(); }
  storage::Erasures& erasures() override { return log_->erasures(); }

 private:
  // Stands between the log and its listener.
  class Listener final : public storage::CommitListener {
   public:
    explicit Listener(SeamBug bug) : bug_(bug) {}
    void set_target(storage::CommitListener* target) { target_ = target; }
    uint64_t reopenings() const ABSL_LOCKS_EXCLUDED(mu_);
    // Waits until there are more than `count`, or for a short while.
    void AwaitReopening(uint64_t count) const ABSL_LOCKS_EXCLUDED(mu_);

    void OnCommit(absl::Span<const storage::PublishedBlock> blocks) override ABSL_LOCKS_EXCLUDED(mu_);
    void OnDelete(const std::shared_ptr<storage::Instance>& instance) override;
    void OnErase(storage::InstanceNumber instance) override { target_->OnErase(instance); }

   private:
    const SeamBug bug_;
    storage::CommitListener* target_ = nullptr;
    uint64_t commits_ = 0;
    mutable absl::Mutex mu_;
    uint64_t reopenings_ ABSL_GUARDED_BY(mu_) = 0;
  };

  const SeamBug bug_;
  Listener listener_;
  const std::unique_ptr<storage::EventLog> log_;  // Destroyed first: it calls the listener.
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_TESTS_BROKER_READ_SIMULATION_WATCHED_LOG_H_

#include "storage/commit/committer.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/commit/reopening.h"
#include "storage/store/rocksdb_status.h"

namespace playhead::storage {
namespace {

// How long to wait after a failed attempt to reopen the store.
constexpr absl::Duration kReopenInterval = absl::Seconds(1);

// While a commit syncs, the next one is built ahead once this many bytes are queued.
constexpr size_t kBuildAheadBytes = size_t{128} << 10;

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <typename... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

absl::Status Uncertain(const absl::Status& cause) {
  return MakeError(Reason::kAppendUncertain,
                   absl::StrCat("writing failed, so the append may be stored or not: retry it with the same identity (",
                                cause.message(), ")"));
}

}  // namespace

Committer::Committer(const StoreOptions& options, std::unique_ptr<CommitBuilder> builder, Host* host)
    : options_(options), host_(host), builder_(std::move(builder)) {
  durable_commit_ = builder_->next_commit() - 1;
  for (std::thread& thread : threads_) thread = std::thread([this] { Run(); });
}

Committer::~Committer() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    may_build_.SignalAll();
    stop_.SignalAll();
  }
  for (std::thread& thread : threads_) thread.join();
}

void Committer::Submit(std::unique_ptr<PendingAppend> append) { Enqueue(std::move(append)); }

void Committer::Submit(Command command) { Enqueue(std::move(command)); }

size_t Committer::BytesOf(const Work& work) {
  return std::visit(Overloaded{[](const std::unique_ptr<PendingAppend>& append) { return append->bytes(); },
                               [](const Command& command) { return command.bytes; }},
                    work);
}

void Committer::Enqueue(Work work) {
  absl::MutexLock lock(&mu_);
  queued_bytes_ += BytesOf(work);
  queue_.push_back(std::move(work));
  if (MayBuild() || MayRefuse()) may_build_.Signal();
}

bool Committer::MayBuild() const {
  return failure_.ok() && !building_ && !queue_.empty() && (!writing_ || queued_bytes_ >= kBuildAheadBytes);
}

bool Committer::MayRefuse() const { return reopening_ && !queue_.empty(); }

void Committer::Run() {
  absl::MutexLock lock(&mu_);
  for (;;) {
    while (!MayBuild()) {
      if (MayRefuse()) {
        // Work that arrives during a reopen is refused at once: nothing of it is written. A caller that waited for an
        // answer could also be holding the store, which cannot be reopened before it is released.
        FailQueue(BeingReopened(failure_));
        continue;
      }
      if (stopping_ && queue_.empty()) return;
      may_build_.Wait(&mu_);
    }
    building_ = true;
    std::deque<Work> works = TakeWork(options_.commit_bytes_max);
    mu_.Unlock();
    auto commit = Build(works);
    mu_.Lock();
    PutBack(std::move(works));
    while (writing_ && failure_.ok()) may_write_.Wait(&mu_);
    building_ = false;
    if (!failure_.ok()) {  // The previous write failed, and this commit was built upon it: it fails too.
      void_commit_ = std::move(commit);
      built_.Signal();
      continue;
    }
    writing_ = true;
    if (MayBuild()) may_build_.Signal();
    mu_.Unlock();
    const absl::Status written = Write(*commit);
    if (written.ok()) {
      // In this order, so that a thread that reads durable_commit_ also sees what the commit published.
      commit->Publish();
      durable_commit_.store(commit->number, std::memory_order_release);
      commit->store.reset();
      host_->OnCompleted(std::move(commit));
    }
    mu_.Lock();
    if (!written.ok()) FailAndReopen(std::move(commit), written);
    writing_ = false;
    may_write_.Signal();
    if (MayBuild()) may_build_.Signal();
    if (stopping_) may_build_.SignalAll();
    mu_.Unlock();
    host_->AnswerCompleted();
    mu_.Lock();
  }
}

std::deque<Committer::Work> Committer::TakeWork(size_t bytes_max) {
  std::deque<Work> works;
  size_t bytes = 0;
  while (!queue_.empty() && bytes < bytes_max) {
    bytes += BytesOf(queue_.front());
    works.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  queued_bytes_ -= bytes;
  return works;
}

void Committer::PutBack(std::deque<Work> works) {
  for (; !works.empty(); works.pop_back()) {
    queued_bytes_ += BytesOf(works.back());
    queue_.push_front(std::move(works.back()));
  }
}

std::unique_ptr<Commit> Committer::Build(std::deque<Work>& works) {
  builder_->Begin(durable_commit());
  while (!works.empty()) {
    std::visit(Overloaded{[this](std::unique_ptr<PendingAppend>& append) { builder_->Append(std::move(append)); },
                          [this](Command& command) { std::move(command.build)(*builder_, std::move(command.done)); }},
               works.front());
    works.pop_front();
    // With identities and block headers, small events take several times their own bytes, and recovery relies on a
    // bound for one write (storage/store/wal_inspector.cc).
    if (builder_->bytes() >= options_.commit_bytes_max) break;
  }
  return builder_->Finish();
}

absl::Status Committer::Write(Commit& commit) {
  if (commit.batch.Count() == 0) return absl::OkStatus();  // Only refusals.
  rocksdb::WriteOptions write;
  write.sync = options_.durability == Durability::kDisk;
  const absl::Time begin = absl::Now();
  const rocksdb::Status status = commit.store->db()->Write(write, &commit.batch);
  if (status.ok()) commit.write_time = absl::Now() - begin;
  return status.ok() ? absl::OkStatus() : absl::UnavailableError(WithoutFolders(status.ToString()));
}

void Committer::Fail(std::unique_ptr<Commit> commit, const absl::Status& error) {
  commit->blocks.clear();
  commit->deleted.clear();
  commit->erased.clear();
  for (auto& append : commit->appends) {
    if (append->refusal.ok()) append->refusal = error;  // An append that was refused keeps its own error.
    append->session->failed = true;
  }
  for (auto& command : commit->commands) command.status = error;
  commit->store.reset();
  host_->OnCompleted(std::move(commit));
}

void Committer::FailQueue(const absl::Status& error) {
  auto commit = std::make_unique<Commit>();
  for (Work& work : TakeWork(std::numeric_limits<size_t>::max())) {
    if (auto* const command = std::get_if<Command>(&work)) {
      commit->commands.push_back({error, std::move(command->done)});
      continue;
    }
    auto& append = std::get<std::unique_ptr<PendingAppend>>(work);
    // An earlier append is being resolved: this one waits, so that answers keep their order.
    SessionState& session = *append->session;
    if (append->index != session.next_index) {
      commit->deferred.push_back(std::move(append));
      continue;
    }
    ++session.next_index;
    if (append->refusal.ok()) append->refusal = session.failed ? PreviousFailed() : error;
    session.failed = true;
    commit->appends.push_back(std::move(append));
  }
  Fail(std::move(commit), error);
  mu_.Unlock();
  host_->AnswerCompleted();
  mu_.Lock();
}

void Committer::FailUncertain(std::unique_ptr<Commit> commit, const absl::Status& cause) {
  for (auto& append : commit->appends) {
    // The events that caused the refusal may not be on disk. Nothing of the append was written, so it may be retried.
    if (append->rests_on_commits) append->refusal = BeingReopened(cause);
  }
  Fail(std::move(commit), Uncertain(cause));
}

void Committer::FailAndReopen(std::unique_ptr<Commit> commit, const absl::Status& cause) {
  failure_ = cause;
  may_write_.Signal();
  while (building_) built_.Wait(&mu_);
  // No commit is being built from here on, so sessions and instances may be changed.
  std::unique_ptr<Commit> built_upon_it = std::move(void_commit_);
  const CommitBuilder::GivenOut given_out = builder_->given_out();
  mu_.Unlock();
  FailUncertain(std::move(commit), cause);
  if (built_upon_it != nullptr) FailUncertain(std::move(built_upon_it), cause);
  builder_.reset();  // Releases the store.
  mu_.Lock();
  reopening_ = true;
  FailQueue(BeingReopened(cause));
  while (!stopping_) {
    mu_.Unlock();
    auto reopened = host_->Reopen(cause, given_out);
    mu_.Lock();
    if (reopened != nullptr) {
      builder_ = std::move(reopened);
      durable_commit_.store(builder_->next_commit() - 1, std::memory_order_release);
      failure_ = absl::OkStatus();
      reopening_ = false;
      return;
    }
    stop_.AwaitWithTimeout(
        &mu_, [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return stopping_; }, kReopenInterval);
  }
}

}  // namespace playhead::storage

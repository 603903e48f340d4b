#include "storage/commit/append_pipeline.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/commit/identity_resolver.h"
#include "storage/instances/instance_catalog.h"

namespace playhead::storage {
namespace {

// A resolving task yields its thread after this many appends of one session.
constexpr int kResolvedPerTask = 64;

}  // namespace

class AppendPipeline::Session final : public AppendSession {
 public:
  explicit Session(AppendPipeline* pipeline) : pipeline_(pipeline), state_(std::make_shared<SessionState>()) {}
  void Append(AppendBatch batch, Callback<AppendResult> done) override {
    const std::shared_ptr<SessionState> state = state_;  // `done` may run, and destroy this session, before we return.
    pipeline_->Append(state, std::move(batch), std::move(done));
  }

 private:
  AppendPipeline* const pipeline_;
  const std::shared_ptr<SessionState> state_;
};

AppendPipeline::AppendPipeline(const StoreOptions& options, const Parts& parts, Owner* owner)
    : options_(options), parts_(parts), owner_(owner) {}

void AppendPipeline::Start(std::unique_ptr<CommitBuilder> builder) {
  committer_ = std::make_unique<Committer>(options_, std::move(builder), static_cast<Committer::Host*>(this));
}

std::unique_ptr<AppendSession> AppendPipeline::NewSession() { return std::make_unique<Session>(this); }

void AppendPipeline::Append(const std::shared_ptr<SessionState>& session, AppendBatch batch,
                            Callback<AppendResult> done) {
  parts_.calls.Enter();
  auto append = std::make_unique<PendingAppend>();
  append->batch = std::move(batch);
  append->done = std::move(done);
  append->session = session;
  append->refusal = Admit(*append);
  AddQueued(append->bytes());
  absl::MutexLock lock(&session->mu);
  append->index = session->submitted++;
  if (!session->resolving && (!append->refusal.ok() || ResolveInMemory(*append))) {
    committer_->Submit(std::move(append));
    return;
  }
  session->unresolved.push_back(std::move(append));
  if (session->resolving) return;
  session->resolving = true;
  parts_.resolvers.Post([this, session] { ResolveSession(session); });
}

absl::Status AppendPipeline::Admit(const PendingAppend& append) {
  if (absl::Status status = parts_.calls.CheckOpen(); !status.ok()) return status;
  if (absl::Status status = CheckAppendBatch(append.batch); !status.ok()) return status;
  if (absl::Status status = CheckQueue(append.bytes()); !status.ok()) return status;
  return append.batch.despite_low_disk ? absl::OkStatus() : parts_.disk.Check();
}

absl::Status AppendPipeline::CheckQueue(size_t bytes) const {
  if (queued_bytes_.load(std::memory_order_relaxed) + bytes <= options_.append_queue_bytes_max) return absl::OkStatus();
  return MakeError(Reason::kAppendQueueFull, absl::StrCat("more than ", options_.append_queue_bytes_max,
                                                          " bytes wait to be stored: try again soon"));
}

bool AppendPipeline::ResolveInMemory(PendingAppend& append) {
  append.instance = parts_.instances.Find(append.batch.instance);
  if (append.instance == nullptr) return false;
  append.resolved_commit = committer_->durable_commit();
  return IsResolvedInMemory(append);
}

absl::Status AppendPipeline::Resolve(PendingAppend& append) {
  const auto store = parts_.store.Get();
  if (!store.ok()) return store.status();
  // Read before the look-ups: the committer checks against what later commits store.
  const uint64_t durable = committer_->durable_commit();
  auto instance = FindInstance(parts_.instances, *store, append.batch.instance);
  if (!instance.ok()) return instance.status();
  append.instance = *std::move(instance);
  return ResolveIdentities(*store, durable, append);
}

void AppendPipeline::ResolveSession(const std::shared_ptr<SessionState>& session) {
  for (int i = 0; i < kResolvedPerTask; ++i) {
    std::unique_ptr<PendingAppend> append;
    {
      absl::MutexLock lock(&session->mu);
      if (session->unresolved.empty()) {
        session->resolving = false;
        return;
      }
      append = std::move(session->unresolved.front());
      session->unresolved.pop_front();
    }
    if (append->refusal.ok()) append->refusal = Resolve(*append);
    committer_->Submit(std::move(append));
  }
  parts_.resolvers.Post([this, session] { ResolveSession(session); });
}

void AppendPipeline::Requeue(std::vector<std::unique_ptr<PendingAppend>> deferred) {
  for (auto& append : deferred) {
    const std::shared_ptr<SessionState> session = append->session;
    absl::MutexLock lock(&session->mu);
    // In order of the index: later appends may have been deferred, or submitted, meanwhile.
    auto place = session->unresolved.begin();
    while (place != session->unresolved.end() && (*place)->index < append->index) ++place;
    session->unresolved.insert(place, std::move(append));
    if (session->resolving) continue;
    session->resolving = true;
    parts_.resolvers.Post([this, session] { ResolveSession(session); });
  }
}

void AppendPipeline::OnCompleted(std::unique_ptr<Commit> commit) {
  owner_->OnCommitted(*commit);
  absl::MutexLock lock(&answers_mu_);
  answers_.push_back(std::move(commit));
}

void AppendPipeline::AnswerCompleted() {
  answers_mu_.Lock();
  if (!answering_) {
    answering_ = true;
    while (!answers_.empty()) {
      const std::unique_ptr<Commit> commit = std::move(answers_.front());
      answers_.pop_front();
      answers_mu_.Unlock();
      Answer(*commit);
      answers_mu_.Lock();
    }
    answering_ = false;
  }
  answers_mu_.Unlock();
}

std::unique_ptr<CommitBuilder> AppendPipeline::Reopen(const absl::Status& cause,
                                                      const CommitBuilder::GivenOut& given_out) {
  Reopened reopened = owner_->Reopen(cause, given_out);
  if (reopened.builder != nullptr) {
    absl::MutexLock lock(&answers_mu_);
    answers_.push_back(std::move(reopened.news));
  }
  return std::move(reopened.builder);
}

void AppendPipeline::Answer(Commit& commit) {
  if (CommitListener* const listener = listener_.load(std::memory_order_acquire); listener != nullptr) {
    if (!commit.blocks.empty()) listener->OnCommit(commit.blocks);
    if (commit.holds_more) listener->OnCommit({});
    for (const auto& instance : commit.deleted) listener->OnDelete(instance);
    for (const InstanceNumber instance : commit.erased) listener->OnErase(instance);
  }
  for (auto& append : commit.appends) AnswerAppend(*append);
  for (Commit::Outcome& command : commit.commands) std::move(command.done)(std::move(command.status));
  if (!commit.deferred.empty()) Requeue(std::move(commit.deferred));
  owner_->OnAnswered(commit);
}

void AppendPipeline::AnswerAppend(PendingAppend& append) {
  RemoveQueued(append.bytes());
  if (append.refusal.ok()) {
    const std::vector<Cursor>& duplicates = append.result.duplicates_at;
    if (!duplicates.empty()) {
      const auto fresh = std::count(duplicates.begin(), duplicates.end(), Cursor());
      parts_.stats.NoteDuplicates(duplicates.size() - static_cast<size_t>(fresh));
    }
    std::move(append.done)(std::move(append.result));
  } else {
    std::move(append.done)(std::move(append.refusal));
  }
  parts_.calls.Leave();
}

void AppendPipeline::AwaitAnswers() {
  absl::MutexLock lock(&answers_mu_);
  answers_mu_.Await(absl::Condition(this, &AppendPipeline::NobodyAnswers));
}

}  // namespace playhead::storage

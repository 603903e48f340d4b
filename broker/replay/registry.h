// Registry: all replays of a broker: plans, starts, stops and records them.
#ifndef PLAYHEAD_BROKER_REPLAY_REGISTRY_H_
#define PLAYHEAD_BROKER_REPLAY_REGISTRY_H_

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "broker/auth/caller.h"
#include "broker/consumers/consumer_registry.h"
#include "broker/core.h"
#include "broker/http/io_thread.h"
#include "broker/replay/endpoint.h"
#include "broker/replay/job.h"
#include "broker/replay/planner.h"
#include "broker/replay/rows.h"
#include "broker/webhook/secret_store.h"
#include "playhead/v1/replays.pb.h"

namespace playhead::broker::replay {

struct Options {
  EndpointPolicy endpoints;
  std::string ca_file;  // Authorities (PEM) in addition to the system's; empty for none.
};

// A plan, or the count before a start, that can be canceled.
using Counting = std::shared_ptr<Planner>;

// Thread safety: all methods may be called from any thread but Open and Stop, which are for the server's.
// Blocking: none but those two.   Ownership: borrows what `core` refers to, `secrets` and `consumers`. Callbacks run on
// the log's threads, or inside the call. Call Stop before the log is destroyed, and destroy the registry after it.
class Registry {
 public:
  // Loads the stored replays, and continues those that were running.
  //   FailedPrecondition  as MakePosterContext.    DataLoss  as LoadReplays.
  static absl::StatusOr<std::unique_ptr<Registry>> Open(const Core& core, const webhook::SecretStore& secrets,
                                                        ConsumerRegistry& consumers, Options options);
  ~Registry();

  // As replays.proto describes each. nullptr if `done` was called with a refusal at once.
  Counting Plan(const v1::PlanReplayRequest& request, std::shared_ptr<Caller> caller,
                storage::Callback<v1::ReplayPlan> done);
  Counting Start(v1::StartReplayRequest request, std::shared_ptr<Caller> caller, storage::Callback<v1::Replay> done);

  absl::StatusOr<v1::Replay> Get(const std::string& id, const Caller& caller) const ABSL_LOCKS_EXCLUDED(mu_);
  std::vector<v1::Replay> List(const Caller& caller) const ABSL_LOCKS_EXCLUDED(mu_);

  enum class Change { kPause, kResume, kCancel };
  void Apply(Change change, const std::string& id, const Caller& caller, storage::Callback<v1::Replay> done)
      ABSL_LOCKS_EXCLUDED(mu_);

  // Sends no more, and writes the progress of each replay.
  void Stop() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Starting;

  Registry(const Core& core, const webhook::SecretStore& secrets, ConsumerRegistry& consumers, Options options,
           std::shared_ptr<boost::asio::ssl::context> tls);

  absl::Status Load();
  // Takes one of kPlansMax places, which EndCounting returns.
  absl::Status BeginCounting() ABSL_LOCKS_EXCLUDED(mu_);
  void EndCounting() ABSL_LOCKS_EXCLUDED(mu_);

  absl::Status CheckTarget(const v1::StartReplayRequest& request, const std::vector<Range>& ranges) const;
  // Checks that the target of a replay is still allowed.
  absl::Status CheckAllowed(const v1::Replay& replay) const;

  void OnCounted(const std::shared_ptr<Starting>& starting, absl::StatusOr<Planned> planned) ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status ReserveOpen() ABSL_LOCKS_EXCLUDED(mu_);
  void Write(const std::shared_ptr<Starting>& starting) ABSL_LOCKS_EXCLUDED(mu_);
  void OnWritten(Starting& starting) ABSL_LOCKS_EXCLUDED(mu_);
  void FailStart(Starting& starting, absl::Status status) ABSL_LOCKS_EXCLUDED(mu_);

  void Record(const std::shared_ptr<Starting>& starting) ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<std::shared_ptr<Target>> MakeTarget(const store::v1::ReplayRecord& record);
  absl::StatusOr<std::shared_ptr<Job>> MakeJob(const store::v1::ReplayRecord& record, std::vector<Range> ranges);
  void OnEnded(const std::string& id) ABSL_LOCKS_EXCLUDED(mu_);
  void Remember(v1::Replay replay) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Core core_;
  const webhook::SecretStore& secrets_;
  ConsumerRegistry& consumers_;
  const Options options_;
  const std::shared_ptr<boost::asio::ssl::context> tls_;
  http::IoThread thread_;  // The thread of all connections to endpoints.

  mutable absl::Mutex mu_;  // Guards the members below it. No callback runs under it.
  size_t counting_ ABSL_GUARDED_BY(mu_) = 0;
  size_t starting_ ABSL_GUARDED_BY(mu_) = 0;
  // At most kOpenMax, together with `starting_`.
  absl::flat_hash_map<std::string, std::shared_ptr<Job>> open_ ABSL_GUARDED_BY(mu_);
  std::vector<v1::Replay> ended_ ABSL_GUARDED_BY(mu_);  // Oldest first; at most kEndedMax.
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace playhead::broker::replay

#endif  // PLAYHEAD_BROKER_REPLAY_REGISTRY_H_

#include "broker/dialects/multiwa/opening.h"

#include <utility>
#include <vector>

#include "broker/auth/permission.h"
#include "broker/open_instance.h"
#include "broker/sessions/session_key.h"

namespace playhead::broker::multiwa {
namespace {

using model::Position;
using Done = absl::AnyInvocable<void(absl::StatusOr<OpenedProfile>)>;

// The state of an opening until it is done.
struct Task {
  Dialect dialect;
  std::shared_ptr<Caller> caller;
  std::string host;
  std::shared_ptr<ClientLink> link;
  Opening opening;
  Done done;
};

// Where the events continue, and the position that is kept for the client.
struct Beginning {
  model::Resume resume;
  Grace::Start kept;
};

absl::StatusOr<Beginning> BeginningOf(const Task& task, const storage::Instance& instance,
                                      const std::optional<Place>& present) {
  Beginning beginning;
  std::optional<Position> start;
  if (task.opening.since) {
    start = model::ParsePosition(*task.opening.since);
    if (!start) return absl::InvalidArgumentError("since is not a cursor");
  } else if (present) {
    start = present->sent;
  } else if (task.dialect.grace != nullptr) {
    if (const auto taken = task.dialect.grace->TakeStart(task.opening.grace_key, task.host)) {
      beginning.kept = *taken;
      start = taken->read;
    }
  }
  beginning.resume = start ? model::ResumeAt(instance, *start)
                           : model::Resume{instance.head(), {instance.number(), instance.head(), 0}, false};
  beginning.kept.read = present && !task.opening.since ? present->read : beginning.resume.position;
  if (present && present->client_acks) beginning.kept.client_acks = true;
  return beginning;
}

void OnOpened(Task task, absl::StatusOr<std::shared_ptr<storage::Instance>> instance) {
  if (!instance.ok()) return task.done(instance.status());
  const std::optional<Place> present = task.opening.present();
  const auto beginning = BeginningOf(task, **instance, present);
  if (!beginning.ok()) return task.done(beginning.status());
  const auto& [resume, kept] = *beginning;
  if (resume.replaced) task.dialect.figures.replaced_positions.Increment();
  OpenedProfile opened{*std::move(instance), resume, nullptr, kept.client_acks};
  Grace* const grace = task.dialect.grace;
  if (grace != nullptr) opened.grace = grace->Open(task.opening.grace_key, task.caller->key_id(), task.host, kept);
  if (opened.grace == nullptr) return task.done(std::move(opened));
  // If the write fails, the client gets its subscription all the same.
  grace->Flush([task = std::move(task), opened = std::move(opened)](absl::Status /*status*/) mutable {
    ClientLink& link = *task.link;
    link.Post([task = std::move(task), opened = std::move(opened)]() mutable { task.done(std::move(opened)); });
  });
}

}  // namespace

void OpenProfile(const Dialect& dialect, const ClientIdentity& client, std::shared_ptr<ClientLink> link,
                 Opening opening, Done done) {
  const std::string profile = opening.profile;
  absl::Status status = storage::CheckInstanceName(profile);
  if (status.ok()) status = client.caller->Check(Permission::kSubscribe, profile);
  if (!status.ok()) return done(std::move(status));
  auto opened = [task = Task{dialect, client.caller, client.host, std::move(link), std::move(opening),
                             std::move(done)}](absl::StatusOr<std::shared_ptr<storage::Instance>> instance) mutable {
    ClientLink& to = *task.link;
    to.Post([task = std::move(task), instance = std::move(instance)]() mutable {
      OnOpened(std::move(task), std::move(instance));
    });
  };
  OpenInstance(dialect.core.log, client.caller.get(), profile, std::move(opened));
}

std::string GraceKey(const ClientIdentity& client, absl::string_view profile,
                     absl::Span<const absl::string_view> what) {
  std::vector<absl::string_view> parts = {client.secret_hash, profile};
  parts.insert(parts.end(), what.begin(), what.end());
  return SessionKey("multiwa", parts);
}

std::string ErrorText(const absl::Status& status) {
  if (absl::IsPermissionDenied(status)) return "Forbidden";
  if (absl::IsNotFound(status)) return "Profile not found";
  return std::string(status.message());
}

}  // namespace playhead::broker::multiwa

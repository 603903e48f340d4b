#include "broker/sessions/acked_sessions.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "broker/consumers/consumer_config.h"
#include "broker/consumers/holder.h"
#include "broker/log.h"
#include "proto/errors.h"
#include "storage/await.h"

namespace playhead::broker {
namespace {

// How many consumers are listed at a time.
constexpr size_t kPage = 1'000;

// `held_` is cleared of destroyed sessions whenever its size is a multiple of this.
constexpr size_t kHeldSlack = 1'000;

std::string ConsumerName(absl::string_view key) { return absl::StrCat(kSessionNamePrefix, key); }

ConsumerConfig ConfigOf(const std::string& key, const std::string& instance) {
  ConsumerConfig config;
  config.name = ConsumerName(key);
  config.source = {ConsumerSource::Kind::kInstance, instance};
  config.ack_deadline = absl::InfiniteDuration();
  config.attempts_max = kSessionDeliveriesMax;
  config.in_flight_max = kSessionWindowEvents;
  config.overtake = true;
  return config;
}

}  // namespace

AckedSessions::AckedSessions(const Core& core, ConsumerRegistry& consumers, SessionStore& store, std::string dialect)
    : core_(core), consumers_(consumers), store_(store), key_prefix_(absl::StrCat(dialect, ".")) {
  store_.SetOnRemoved(key_prefix_, [this](const std::string& key) { OnRemoved(key); });
}

void AckedSessions::Forget(const std::string& key) {
  store_.Remove(key);
  OnRemoved(key);
}

void AckedSessions::OnRemoved(const std::string& key) {
  if (const auto present = FindPresent(key); present != nullptr) present->Yield();
  consumers_.Delete(nullptr, ConsumerName(key), [key](const absl::Status& status) {
    // Load will create a record for the consumer at the next start.
    if (!status.ok() && !absl::IsNotFound(status)) {
      LogWarning("session_consumer_left", absl::StrCat("session=", key), status);
    }
  });
}

absl::Status AckedSessions::Load() {
  std::string after;
  for (;;) {
    const auto page = storage::Await<std::vector<ConsumerInfo>>(
        [&](auto done) { consumers_.List(nullptr, ConsumerName(key_prefix_), after, kPage, std::move(done)); });
    if (!page.ok()) return page.status();
    if (page->empty()) return absl::OkStatus();
    for (const ConsumerInfo& info : *page) {
      const std::string key(absl::StripPrefix(info.config.name, kSessionNamePrefix));
      if (store_.Get(key)) continue;
      // Its owner and instance are set when it is next used.
      if (absl::Status status = store_.Put(key, SessionRecord()); !status.ok()) {
        return status;
      }
    }
    after = page->back().config.name;
  }
}

void AckedSessions::Open(OpenOptions options, storage::Callback<Opened> done) {
  OpenConsumer(std::move(options), /*created=*/false, std::move(done));
}

void AckedSessions::OpenConsumer(OpenOptions options, bool created, storage::Callback<Opened> done) {
  if (const auto present = FindPresent(options.key); present != nullptr && !present->IsOver()) {
    return present->AwaitOver(kTakeOverPatience,
                              [this, options = std::move(options), created, done = std::move(done)]() mutable {
                                OpenConsumer(std::move(options), created, std::move(done));
                              });
  }
  auto holder =
      consumers_.Open(nullptr, ConsumerName(options.key), {.take_over = true, .key_id = std::string(options.owner)});
  if (HasReason(holder.status(), Reason::kConsumerNotFound) && !created) {
    return Create(std::move(options), std::move(done));
  }
  if (!holder.ok()) return std::move(done)(holder.status());
  // Only now, because a record means that the client is known.
  if (absl::Status status = store_.Put(options.key, {.owner = options.owner, .instance = options.instance->number()});
      !status.ok()) {
    (*holder)->Cancel();
    return std::move(done)(std::move(status));
  }
  auto use = store_.Hold(options.key);
  Opened opened;
  opened.created = created;
  opened.session = std::make_shared<AckedSession>(core_, options.instance, *std::move(holder),
                                                  use ? *std::move(use) : SessionStore::Use());
  {
    absl::MutexLock lock(&mu_);
    held_[options.key] = opened.session;
    if (held_.size() % kHeldSlack == 0) {
      absl::erase_if(held_, [](const auto& held) { return held.second.expired(); });
    }
  }
  std::move(done)(std::move(opened));
}

void AckedSessions::Create(OpenOptions options, storage::Callback<Opened> done) {
  ConsumerConfig config = ConfigOf(options.key, options.instance->name());
  const StartPosition start = options.start;
  consumers_.Create(nullptr, std::move(config), start,
                    [this, options = std::move(options),
                     done = std::move(done)](absl::StatusOr<ConsumerRegistry::Created> created) mutable {
                      if (!created.ok()) return std::move(done)(created.status());
                      OpenConsumer(std::move(options), /*created=*/true, std::move(done));
                    });
}

std::shared_ptr<AckedSession> AckedSessions::FindPresent(const std::string& key) {
  absl::MutexLock lock(&mu_);
  const auto found = held_.find(key);
  return found == held_.end() ? nullptr : found->second.lock();
}

}  // namespace playhead::broker

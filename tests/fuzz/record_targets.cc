#include "tests/fuzz/record_targets.h"

#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "broker/auth/key_record.h"
#include "broker/auth/signing_key.h"
#include "broker/consumers/consumer_rows.h"
#include "broker/core.h"
#include "broker/dialects/socketio/stored_session.h"
#include "broker/dialects/vzaps/subscribed_events.h"
#include "broker/quota/limit_settings.h"
#include "broker/replay/rows.h"
#include "broker/retention/policy_store.h"
#include "broker/sessions/session_store.h"
#include "broker/webhook/secret_store.h"
#include "playhead/store/v1/consumer_record.pb.h"
#include "playhead/store/v1/key_record.pb.h"
#include "playhead/store/v1/replay_record.pb.h"
#include "playhead/store/v1/retention_record.pb.h"
#include "playhead/store/v1/session_record.pb.h"
#include "playhead/store/v1/vzaps_record.pb.h"
#include "storage/callback.h"
#include "storage/executor.h"
#include "storage/record_store.h"
#include "tests/fuzz/fixed_records.h"
#include "tests/fuzz/no_timers.h"
#include "tests/fuzz/promise.h"
#include "tests/support/await.h"
#include "tests/support/broker_core.h"

namespace playhead::fuzz {
namespace {

using storage::Record;

std::vector<Record> ToRows(std::vector<storage::RecordChange> changes) {
  std::vector<Record> rows;
  for (storage::RecordChange& change : changes) rows.push_back({std::move(change.key), *std::move(change.value)});
  return rows;
}

void ConsumerConfiguration(const std::string& value) {
  store::v1::ConsumerRecord record;
  if (!record.ParseFromString(value)) return;
  const auto stored = broker::ParseConfigRow({absl::StrCat(broker::kConsumerConfigRows, record.name()), value});
  if (!stored.ok()) return;
  Require(broker::CheckConsumerConfig(stored->config).ok(), "a configuration keeps its rules");
  const auto again = broker::ParseConfigRow(ToRows({broker::ConfigRow(*stored)}).front());
  Require(again.ok() && again->config == stored->config && again->instance == stored->instance &&
              again->created_at == stored->created_at && again->deleted == stored->deleted,
          "a configuration survives the trip");
}

void ConsumerState(const std::string& value) {
  const std::vector<Record> rows = {{broker::StateRowKey("c"), value}};
  const auto state = broker::ParseStateRows(rows);
  if (!state.ok()) return;
  const auto again = broker::ParseStateRows(ToRows(broker::StateRows("c", *state, 0)));
  Require(again.ok() && again->snapshot == state->snapshot && again->names == state->names &&
              again->last_parked_number == state->last_parked_number &&
              again->unparked.ranges() == state->unparked.ranges(),
          "a state survives the trip");
}

void ParkedEvent(const std::string& value) {
  const auto parked = broker::ParseParkedRow({broker::ParkedRowKey("c", 7), value});
  if (!parked.ok()) return;
  Require(parked->number == 7, "a parked event has the number of its key");
  const auto again = broker::ParseParkedRow(ToRows({broker::ParkedRowOf("c", *parked)}).front());
  Require(again.ok() && again->number == 7 && again->instance == parked->instance && again->cursor == parked->cursor &&
              again->attempts == parked->attempts && again->reason == parked->reason,
          "a parked event survives the trip");
}

void Session(const std::string& value) {
  const auto session = broker::socketio::DecodeSession(value);
  if (!session) return;
  Require(broker::socketio::DecodeSession(broker::socketio::EncodeSession(*session)) == session,
          "a session survives the trip");
}

void Key(const std::string& value) {
  store::v1::KeyRecord record;
  if (!record.ParseFromString(value)) return;
  const auto entry = broker::ToEntry(record);
  if (!entry.ok()) return;
  Require(broker::IsKeyId(entry->rules.id) && !entry->rules.permissions.empty(), "a key is one that may do something");
}

void Limits(const std::string& value) {
  FixedRecords records({{"limit/default", value}});
  const auto settings = broker::LimitSettings::Load(records);
  if (settings.ok()) Require((*settings)->Own("").has_value(), "what is set is there");
}

void Replay(const std::string& value) {
  FixedRecords records({{"replay/r", value}});
  const auto replays = broker::replay::LoadReplays(records);
  if (replays.ok()) Require(replays->size() == 1, "a replay is there");
}

void ReplayRanges(const std::string& value) {
  store::v1::ReplayRecord record;
  record.mutable_replay()->set_id("r");
  FixedRecords records({{"replay-ranges/r/0000", value}, {"replay/r", record.SerializeAsString()}});
  broker::replay::LoadReplays(records).status().IgnoreError();
}

// As FixedRecords, for what needs a whole log: the row is there while `look` runs.
void WithStoredRow(storage::RecordSpace space, const std::string& key, const std::string& value,
                   absl::FunctionRef<void(testing::BrokerCore&)> look) {
  static testing::BrokerCore broker;
  const auto write = [&](std::optional<std::string> row) {
    const absl::Status status = testing::AwaitStatus([&](storage::StatusCallback done) {
      broker.log().records().Write({{space, key, std::move(row)}}, std::move(done));
    });
    Require(status.ok(), "a row can be written");
  };
  write(value);
  look(broker);
  write(std::nullopt);
}

// A setting that names an instance is not one of all.
constexpr char kIsThere[] = "what is set for all is there, and nothing else";
template <typename Record>
bool IsOfAll(const std::string& value) {
  Record record;
  return record.ParseFromString(value) && record.instance_number() == 0;
}

void RetentionPolicy(const std::string& value) {
  WithStoredRow(storage::RecordSpace::kKeys, "retention/*", value, [&value](testing::BrokerCore& broker) {
    const auto policies = broker::retention::PolicyStore::Load(broker.log());
    if (policies.ok())
      Require((*policies)->OfAll().has_value() == IsOfAll<store::v1::RetentionRecord>(value), kIsThere);
  });
}

void ClientSession(const std::string& value) {
  WithStoredRow(storage::RecordSpace::kConsumers, "session/key", value, [&value](testing::BrokerCore& broker) {
    const broker::Core& core = broker.core();
    const auto sessions = broker::SessionStore::Load(
        {core.limits, core.log, core.executor, core.tail, NoTimers(), core.append_budget, core.append_reply_budget,
         core.delivery_budget, core.streams, core.metrics, core.auth, core.audit, core.instance_limits});
    if (!sessions.ok()) return;
    store::v1::SessionRecord stored;
    Require(stored.ParseFromString(value), "what is taken up can be parsed");
    if (const auto session = (*sessions)->Get("key")) {
      Require(session->owner == stored.owner() && session->value == stored.value(), "a session is what was stored");
    }
  });
}

void SubscribedEvents(const std::string& value) {
  FixedRecords records({{"vzaps/events/*", value}});
  const auto events = broker::vzaps::LoadSubscribedEvents(records);
  if (events.ok()) Require((*events)->OfAll().has_value() == IsOfAll<store::v1::VZapsEventsRecord>(value), kIsThere);
}

void WebhookSecret(const std::string& value) {
  static storage::Executor executor(1);
  FixedRecords records({{"webhook/secret/*", value}});
  const auto secrets = broker::webhook::SecretStore::Open(records, executor, "/nonexistent/seal");
  if (!secrets.ok()) return;
  Require((*secrets)->List().size() == 1, "a secret is there, whether or not it can be opened");
  Require(!(*secrets)->ready().ok(), "and it cannot, without the seal");
}

void SigningKey(const std::string& value) {
  FixedRecords records({{"k", value}});
  const auto key = broker::SigningKey::Load(records, "k");
  if (!key.ok()) return;
  Require(value.size() == broker::SigningKey::kBytes && key->Signed("t", broker::SigningKey(value).Sign("t")),
          "a key is what was stored");
}

}  // namespace

void BrokerRecord(absl::string_view bytes) {
  static constexpr void (*kKinds[])(const std::string& value) = {
      &ConsumerConfiguration, &ConsumerState,   &ParkedEvent,   &Session,          &Key,           &Limits,    &Replay,
      &ReplayRanges,          &RetentionPolicy, &ClientSession, &SubscribedEvents, &WebhookSecret, &SigningKey};
  if (bytes.empty()) return;
  kKinds[static_cast<uint8_t>(bytes[0]) % std::size(kKinds)](std::string(bytes.substr(1)));
}

}  // namespace playhead::fuzz

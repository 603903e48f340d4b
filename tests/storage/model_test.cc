// Thousands of random operations on a few instances, compared with a model that consists of lists.
//
// Slices, write buffers and the table of idle instances are tiny, so that slices roll and merge, files are flushed, and
// instances are evicted and loaded again all the time. PLAYHEAD_TEST_SEED runs another sequence of operations.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "tests/storage/log_harness.h"
#include "tests/support/seed.h"

namespace playhead::storage {
namespace {

using playhead::testing::Random;
using playhead::testing::TestSeed;

constexpr uint64_t kInstances = 5;
constexpr uint64_t kIds = 60;  // Few, so that they come again.
// A window that is over before the next operation.
constexpr absl::Duration kBrief = absl::Milliseconds(1);

bool IsStub(const TestEvent& event) { return event.type == kErasedEventType; }

// One life of an instance.
struct ModelLog {
  std::vector<TestEvent> events;                                // All that were ever appended, with their cursors.
  uint64_t first = 1;                                           // Sequence of the first that is kept.
  std::map<std::string, size_t> ids;                            // Index of the event that has it, while remembered.
  std::map<std::string, std::map<uint64_t, size_t>> producers;  // Sequence -> index.

  Cursor head() const { return events.empty() ? Cursor() : Cursor(events.back().cursor); }
  Cursor At(uint64_t sequence) const { return sequence == 0 ? Cursor() : Cursor(events[sequence - 1].cursor); }
  bool Has(Cursor cursor) const {
    return cursor == Cursor() ||
           (cursor.sequence() <= events.size() && cursor.sequence() > 0 && At(cursor.sequence()) == cursor);
  }
};

struct ModelInstance {
  std::optional<ModelLog> log;  // Unset: there is none of that name.
  uint32_t epoch_base = 0;
};

bool SameContent(const TestEvent& a, const TestEvent& b) {
  return a.type == b.type && a.data == b.data && a.attributes == b.attributes;
}

bool Matches(const EventFilter& filter, const TestEvent& event) {
  return filter.MatchesType(event.type) && absl::StartsWith(event.id, filter.id_prefix());
}

class ModelTest : public ::testing::Test {
 protected:
  static StoreOptions Options() {
    StoreOptions options;
    options.slice_bytes = 150'000;
    options.write_buffer_bytes = 100'000;
    options.wal_bytes_max = 300'000;
    options.idle_instances_max = 2;
    options.disk_free_bytes_min = 0;
    return options;
  }

  std::string AnyName() { return absl::StrCat("i", random_.Below(kInstances)); }

  TestEvent AnyEvent() {
    TestEvent event;
    event.type = absl::StrCat(random_.OneIn(30) ? kHiddenTypePrefix : "type", random_.Skewed(20));
    event.data = absl::StrCat(++serial_, " ", std::string(random_.Skewed(random_.OneIn(20) ? 30'000 : 600), 'x'));
    if (random_.OneIn(4)) event.attributes.emplace_back("k", absl::StrCat(random_.Below(10)));
    return event;
  }

  // What must come of an append, and the batch itself.
  struct Planned {
    std::vector<TestEvent> events;
    AppendBatch batch;
  };

  Planned PlanAppend(const std::string& name) {
    const ModelInstance& model = models_[name];
    Planned plan;
    for (uint64_t n = 1 + random_.Skewed(random_.OneIn(30) ? 300 : 8); n > 0; --n) plan.events.push_back(AnyEvent());
    std::optional<ProducerSequence> producer;
    if (random_.OneIn(3)) {
      for (TestEvent& event : plan.events) {
        if (random_.OneIn(3)) continue;
        event.id = absl::StrCat("id", random_.Below(kIds));
        // Usually repeated as it was; rarely with other content.
        if (model.log && !random_.OneIn(20)) {
          if (const auto known = model.log->ids.find(event.id);
              known != model.log->ids.end() && !IsStub(model.log->events[known->second])) {
            event = model.log->events[known->second];
          }
        }
      }
    } else if (random_.OneIn(2)) {
      producer = PlanProducer(model, plan);
    }
    plan.batch = MakeBatch(name, plan.events);
    plan.batch.producer = producer;
    if (random_.OneIn(2)) plan.batch.dedup_window = random_.OneIn(2) ? kBrief : absl::Hours(8 * 24);
    if (random_.OneIn(5)) {
      plan.batch.expected_cursor = model.log && !random_.OneIn(4) ? model.log->head() : Cursor(random_.Below(50));
    }
    return plan;
  }

  ProducerSequence PlanProducer(const ModelInstance& model, Planned& plan) {
    ProducerSequence producer{absl::StrCat("p", random_.Below(3)), 1};
    if (!model.log) return producer;
    const auto known = model.log->producers.find(producer.producer_id);
    if (known == model.log->producers.end()) return producer;
    const uint64_t last = known->second.rbegin()->first;
    producer.sequence = last + 1;
    if (random_.OneIn(30)) producer.sequence += 1 + random_.Below(3);  // A gap.
    if (random_.OneIn(4)) {
      // A repetition, of some or of all; rarely with other content.
      producer.sequence = 1 + random_.Below(last);
      for (size_t i = 0; i < plan.events.size() && !random_.OneIn(50); ++i) {
        const auto stored = known->second.find(producer.sequence + i);
        if (stored != known->second.end() && !IsStub(model.log->events[stored->second])) {
          plan.events[i] = model.log->events[stored->second];
        }
        plan.events[i].id.clear();
      }
    }
    return producer;
  }

  // Judges the batch by the model; fills in which events are duplicates (indexes into the log's events, or nullopt).
  std::optional<Reason> Judge(const ModelLog& log, const Planned& plan, std::vector<std::optional<size_t>>& stored,
                              std::vector<std::optional<size_t>>& same_as) {
    const size_t count = plan.events.size();
    stored.assign(count, std::nullopt);
    same_as.assign(count, std::nullopt);
    const auto conflicts = [&](size_t i, size_t index) {
      return index + 1 >= log.first && !IsStub(log.events[index]) && !SameContent(log.events[index], plan.events[i]);
    };
    uint64_t last = 0;
    if (plan.batch.producer) {
      if (const auto known = log.producers.find(plan.batch.producer->producer_id); known != log.producers.end()) {
        last = known->second.rbegin()->first;
        for (size_t i = 0; i < count; ++i) {
          const auto found = known->second.find(plan.batch.producer->sequence + i);
          if (found == known->second.end()) continue;
          if (conflicts(i, found->second)) return Reason::kIdConflict;
          stored[i] = found->second;
        }
      }
    }
    std::map<std::string, size_t> in_batch;
    for (size_t i = 0; i < count; ++i) {
      if (plan.events[i].id.empty()) continue;
      const auto [first, inserted] = in_batch.emplace(plan.events[i].id, i);
      if (!inserted) {
        if (!SameContent(plan.events[first->second], plan.events[i])) return Reason::kIdConflict;
        same_as[i] = first->second;
        continue;
      }
    }
    for (const auto& [id, i] : in_batch) {
      const auto found = log.ids.find(id);
      if (found == log.ids.end()) continue;
      if (conflicts(i, found->second)) return Reason::kIdConflict;
      stored[i] = found->second;
    }
    if (plan.batch.producer && last != 0 && plan.batch.producer->sequence > last + 1) return Reason::kSequenceGap;
    size_t fresh = 0;
    for (size_t i = 0; i < count; ++i) fresh += !stored[i] && !same_as[i] ? 1 : 0;
    if (fresh == 0 || !plan.batch.expected_cursor) return std::nullopt;
    if (fresh != count) return Reason::kPartialDuplicate;
    if (*plan.batch.expected_cursor != log.head()) return Reason::kCursorMismatch;
    return std::nullopt;
  }

  void Append(const std::string& name) {
    const Planned plan = PlanAppend(name);
    const auto result = harness_.Append(plan.batch);
    ModelInstance& model = models_[name];
    ModelLog log = model.log.value_or(ModelLog());
    std::vector<std::optional<size_t>> stored;
    std::vector<std::optional<size_t>> same_as;
    if (const auto refused = Judge(log, plan, stored, same_as)) {
      ASSERT_TRUE(HasReason(result.status(), *refused)) << result.status() << ", not " << GetReasonInfo(*refused).code;
      return;
    }
    ASSERT_TRUE(result.ok()) << result.status();
    const uint32_t epoch = std::max(log.head().epoch(), model.epoch_base + epoch_floor_);
    Cursor first_new;
    std::vector<size_t> indexes;
    for (size_t i = 0; i < plan.events.size(); ++i) {
      if (stored[i] || same_as[i]) {
        indexes.push_back(stored[i] ? *stored[i] : indexes[*same_as[i]]);
        ASSERT_TRUE(result->is_duplicate(static_cast<uint32_t>(i)));
        ASSERT_EQ(result->duplicates_at[i].value(), log.events[indexes[i]].cursor);
        continue;
      }
      ASSERT_FALSE(result->is_duplicate(static_cast<uint32_t>(i)));
      TestEvent event = plan.events[i];
      event.cursor = Cursor(epoch, log.events.size() + 1).value();
      if (first_new == Cursor()) first_new = Cursor(event.cursor);
      indexes.push_back(log.events.size());
      if (!event.id.empty() && plan.batch.dedup_window != kBrief) log.ids[event.id] = log.events.size();
      log.events.push_back(std::move(event));
    }
    for (size_t i = 0; plan.batch.producer && i < plan.events.size(); ++i) {
      log.producers[plan.batch.producer->producer_id].emplace(plan.batch.producer->sequence + i, indexes[i]);
    }
    ASSERT_EQ(result->first_new, first_new);
    ASSERT_EQ(result->head, log.head());
    model.log = std::move(log);
    if (plan.batch.dedup_window == kBrief) PassTime(kBrief);
  }

  // Until what was appended is older than `window`.
  static void PassTime(absl::Duration window) {
    const absl::Time until = absl::Now() + window + absl::Microseconds(2);
    while (absl::Now() <= until) {
    }
  }

  Cursor AnyCursor(const ModelLog& log) {
    if (random_.OneIn(5)) return Cursor(static_cast<uint32_t>(random_.Below(4)), random_.Below(log.events.size() + 5));
    return log.At(random_.Below(log.events.size() + 1));
  }

  void Read(const std::string& name) {
    const ModelInstance& model = models_[name];
    if (!model.log) return;
    const ModelLog& log = *model.log;
    ReadOptions options;
    options.after = AnyCursor(log);
    if (random_.OneIn(2)) options.until = AnyCursor(log);
    options.reverse = random_.OneIn(2);
    options.events_max = static_cast<uint32_t>(1 + random_.Skewed(200));
    options.bytes_max = 1 + random_.Skewed(50'000);
    options.scan_bytes_max = random_.OneIn(2) ? 1 + random_.Skewed(100'000) : kReadScanBytesMax;
    EventFilter filter;
    if (random_.OneIn(2)) {
      const std::string pattern =
          absl::StrCat(random_.OneIn(5) ? kHiddenTypePrefix : "type", random_.Below(21), random_.OneIn(2) ? "*" : "");
      filter = *EventFilter::Make({random_.OneIn(3) ? "*" : pattern},
                                  random_.OneIn(3) ? absl::StrCat("id", random_.Below(10)) : "");
      options.filter = std::make_shared<EventFilter>(filter);
    }
    const auto result = harness_.Read(name, options);
    const Cursor start = options.reverse ? options.until.value_or(log.head()) : options.after;
    if (!log.Has(start)) {
      ASSERT_TRUE(HasReason(result.status(), Reason::kCursorDiverged)) << result.status() << " at " << start.value();
      return;
    }
    if (!options.reverse && !log.events.empty() && start.sequence() + 1 < log.first) {
      ASSERT_TRUE(HasReason(result.status(), Reason::kCursorTrimmed)) << result.status();
      return;
    }
    ASSERT_TRUE(result.ok()) << result.status();
    // Up to where the result claims to have got, exactly what matches must be there.
    std::vector<const TestEvent*> expected;
    const Cursor until = std::min(options.until.value_or(log.head()), log.head());
    for (const TestEvent& event : log.events) {
      const Cursor cursor(event.cursor);
      if (cursor.sequence() < log.first || cursor <= options.after || cursor > until || !Matches(filter, event))
        continue;
      if (options.reverse ? cursor > result->next : cursor <= result->next) expected.push_back(&event);
    }
    if (options.reverse) std::reverse(expected.begin(), expected.end());
    const std::vector<TestEvent> events = EventsOf(*result);
    ASSERT_EQ(events.size(), expected.size()) << "next " << result->next.value();
    ASSERT_EQ(result->event_count, events.size());
    ASSERT_LE(events.size(), options.events_max);
    ASSERT_TRUE(events.size() <= 1 || result->bytes <= options.bytes_max);
    for (size_t i = 0; i < events.size(); ++i) ExpectSame(events[i], *expected[i]);
    const Cursor low = std::max(options.after, log.At(log.first - 1));
    const bool at_end = std::none_of(log.events.begin(), log.events.end(), [&](const TestEvent& event) {
      const Cursor cursor(event.cursor);
      return options.reverse ? cursor > low && cursor <= result->next : cursor > result->next && cursor <= until;
    });
    ASSERT_EQ(result->end_reached, at_end) << (options.reverse ? "reverse " : "forwards ") << result->next.value();
    ASSERT_TRUE(result->end_reached || result->next != (options.reverse ? until : options.after))
        << "no progress: " << (options.reverse ? "reverse" : "forwards") << " after " << options.after.value()
        << " until " << until.value() << " next " << result->next.value() << " head " << log.head().value() << " first "
        << log.first << " scanned " << result->scanned_bytes;
  }

  static void ExpectSame(const TestEvent& event, const TestEvent& expected) {
    ASSERT_EQ(event.cursor, expected.cursor);
    ASSERT_EQ(event.type, expected.type);
    ASSERT_EQ(event.id, expected.id);
    ASSERT_EQ(event.data, expected.data);
    ASSERT_EQ(event.attributes, expected.attributes);
  }

  void FindTime(const std::string& name) {
    const ModelInstance& model = models_[name];
    if (!model.log || model.log->events.empty()) return;
    const auto events = harness_.ReadAll(name, model.log->At(model.log->first - 1), everything_);
    ASSERT_TRUE(events.ok()) << events.status();
    if (events->empty()) return;
    const int64_t time = (*events)[random_.Below(events->size())].appended_at + static_cast<int64_t>(random_.Below(2));
    Cursor expected = model.log->At(model.log->first - 1);
    for (const TestEvent& event : *events) {
      if (event.appended_at < time) expected = Cursor(event.cursor);
    }
    const auto found = harness_.FindTime(name, Timestamp(time));
    ASSERT_TRUE(found.ok()) << found.status();
    ASSERT_EQ(*found, expected);
  }

  void Trim(const std::string& name) {
    ModelInstance& model = models_[name];
    if (!model.log || model.log->events.empty()) return;
    const uint64_t sequence =
        random_.OneIn(10) ? model.log->events.size() + random_.Below(3) : 1 + random_.Skewed(model.log->events.size());
    const absl::Status status = harness_.Trim(name, Cursor(model.log->head().epoch(), sequence));
    if (sequence > model.log->events.size() + 1) {
      ASSERT_TRUE(HasReason(status, Reason::kCursorDiverged)) << status;
      return;
    }
    ASSERT_TRUE(status.ok()) << status;
    model.log->first = std::max(model.log->first, sequence);
  }

  // Of one instance or of several, by each kind of target; sometimes waited for, sometimes not.
  void Erase(const std::string& name) {
    const ModelInstance& model = models_[name];
    ErasureRequest request{.instances = {name}};
    const uint64_t kind = random_.Below(3);
    if (kind == 0 && model.log && !model.log->events.empty()) {
      for (uint64_t n = 1 + random_.Skewed(30); n > 0; --n) {
        request.cursors.push_back(model.log->At(1 + random_.Below(model.log->events.size())));
      }
    } else {
      if (random_.OneIn(3)) request.instances = {random_.OneIn(2) ? "i*" : "*"};
      if (kind == 1) {
        for (uint64_t n = 1 + random_.Below(4); n > 0; --n)
          request.ids.push_back(absl::StrCat("id", random_.Below(kIds)));
      } else {
        request.attribute = {"k", absl::StrCat(random_.Below(10))};
      }
    }
    request.dry_run = random_.OneIn(5);
    const auto erasure = harness_.StartErasure(request);
    if (request.instances.front() == name && !model.log) {
      ASSERT_TRUE(HasReason(erasure.status(), Reason::kInstanceNotFound)) << erasure.status();
      return;
    }
    if (HasReason(erasure.status(), Reason::kErasuresLimit)) return;
    ASSERT_TRUE(erasure.ok()) << erasure.status();
    uint64_t count = 0;
    for (auto& [covered, other] : models_) {
      if (!other.log || !InstanceMatches(request.instances.front(), covered)) continue;
      for (TestEvent& event : other.log->events) {
        const bool by_attribute = request.attribute && !event.attributes.empty() &&
                                  event.attributes.front().second == request.attribute->second;
        const bool erased = absl::c_linear_search(request.cursors, Cursor(event.cursor)) ||
                            absl::c_linear_search(request.ids, event.id) || by_attribute;
        if (!erased || IsStub(event)) continue;
        ++count;
        if (!request.dry_run) event = {.type = std::string(kErasedEventType), .cursor = event.cursor};
      }
    }
    if (random_.OneIn(2)) return;
    const ErasureInfo ended = harness_.AwaitEnd(erasure->id);
    // What was trimmed may be gone already.
    ASSERT_LE(ended.progress.erased_events, count);
    ASSERT_EQ(ended.progress.damaged_blocks, 0u);
  }

  void Delete(const std::string& name) {
    ModelInstance& model = models_[name];
    const absl::Status status = harness_.Delete(name);
    if (!model.log) {
      ASSERT_TRUE(HasReason(status, Reason::kInstanceNotFound)) << status;
      return;
    }
    ASSERT_TRUE(status.ok()) << status;
    const uint32_t next_epoch = model.log->head().epoch() + 1;
    model.epoch_base = std::max(model.epoch_base, next_epoch - std::min(next_epoch, epoch_floor_));
    model.log.reset();
  }

  void Reopen() {
    if (random_.OneIn(3)) {
      // As after a stop that may have lost something.
      harness_.Close();
      std::ofstream(harness_.options().data_dir + "/UNSYNCED").close();
      ++epoch_floor_;
    }
    harness_.Reopen();
  }

  void CheckAll() {
    size_t existing = 0;
    for (auto& [name, model] : models_) {
      const auto info = harness_.Get(name);
      if (!model.log) {
        ASSERT_TRUE(HasReason(info.status(), Reason::kInstanceNotFound)) << info.status();
        continue;
      }
      ++existing;
      ASSERT_TRUE(info.ok()) << info.status();
      const ModelLog& log = *model.log;
      ASSERT_EQ(info->bounds->head, log.head());
      ASSERT_EQ(info->bounds->event_count(), log.events.size() + 1 - log.first);
      ASSERT_EQ(info->bounds->BeforeFirst(), log.At(log.first - 1));
      ASSERT_TRUE(log.first > log.events.size() || info->bounds->first == log.At(log.first));
      const auto events = harness_.ReadAll(name, log.At(log.first - 1), everything_);
      ASSERT_TRUE(events.ok()) << events.status();
      ASSERT_EQ(events->size(), log.events.size() + 1 - log.first);
      for (size_t i = 0; i < events->size(); ++i) ExpectSame((*events)[i], log.events[log.first - 1 + i]);
    }
    const auto listed = harness_.List("", "", 100);
    ASSERT_TRUE(listed.ok()) << listed.status();
    ASSERT_EQ(listed->size(), existing);
    for (const InstanceInfo& info : *listed) ASSERT_EQ(info.bounds->head, models_[info.name].log->head());
  }

  const std::shared_ptr<const EventFilter> everything_ =
      std::make_shared<EventFilter>(*EventFilter::Make({"*", "playhead.hidden.*"}));
  Random random_{TestSeed()};
  LogHarness harness_{Options()};
  std::map<std::string, ModelInstance> models_;
  uint32_t epoch_floor_ = 0;
  uint64_t serial_ = 0;
};

TEST_F(ModelTest, RandomOperationsDoWhatTheModelDoes) {
  for (int operation = 0; operation < 6000; ++operation) {
    SCOPED_TRACE(absl::StrCat("operation ", operation));
    const std::string name = AnyName();
    const uint64_t kind = random_.Below(1000);
    if (kind < 450) {
      Append(name);
    } else if (kind < 930) {
      Read(name);
    } else if (kind < 960) {
      FindTime(name);
    } else if (kind < 985) {
      Trim(name);
    } else if (kind < 990) {
      Delete(name);
    } else if (kind < 993) {
      CheckAll();
    } else if (kind < 996) {
      Reopen();
    } else {
      Erase(name);
    }
    if (HasFatalFailure()) return;
  }
  CheckAll();
}

}  // namespace
}  // namespace playhead::storage

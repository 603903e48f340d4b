// Readers of many instances, compared with lists of everything that was appended. While logs grow, are trimmed, deleted
// and created anew, and the store is closed and opened, each reader must get every event that it asked for, once and in
// order, or be told that it is gone. PLAYHEAD_TEST_SEED runs another sequence of operations.
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "storage/many_reader.h"
#include "tests/storage/log_harness.h"
#include "tests/storage/name_selector.h"
#include "tests/support/await.h"
#include "tests/support/seed.h"

namespace playhead::storage {
namespace {

using playhead::testing::Await;
using playhead::testing::Random;
using playhead::testing::TestSeed;

// One life of an instance.
struct ModelLog {
  std::string name;
  std::vector<TestEvent> events;
  uint64_t first = 1;  // Sequence of the first that is kept.
  bool deleted = false;
};

// A reader, and what it must get next of each log.
struct ModelReader {
  std::shared_ptr<const InstanceSelector> selector;
  std::shared_ptr<const EventFilter> filter;
  std::shared_ptr<ManyReader> reader;
  StorePosition position;
  bool at_kept = false;               // It asked for what is kept: what was trimmed before it met a log is no gap.
  std::map<uint64_t, uint64_t> next;  // By number of the instance: sequence; 1 if there is none.
  // Of these a gap was told, behind which nothing has come yet. That may reach further than the position: to who has
  // only that it is told again.
  std::set<uint64_t> told;
  bool may_hear_again = false;

  uint64_t& NextOf(uint64_t number) { return next.emplace(number, 1).first->second; }
};

class ManyModelTest : public ::testing::Test {
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

  std::string AnyName() { return absl::StrCat(random_.OneIn(2) ? "a" : "b", random_.Below(5)); }

  std::shared_ptr<const InstanceSelector> AnySelector() {
    if (random_.OneIn(3)) return std::make_shared<PrefixSelector>("");
    if (random_.OneIn(3)) return std::make_shared<PrefixSelector>("a");
    std::vector<std::string> names;
    for (uint64_t n = 1 + random_.Below(4); n > 0; --n) names.push_back(AnyName());
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return std::make_shared<NameSelector>(std::move(names));
  }

  // Several batches at once, so that one commit holds many instances.
  void Append() {
    std::vector<std::pair<std::string, std::vector<TestEvent>>> batches;
    for (uint64_t n = 1 + random_.Skewed(6); n > 0; --n) {
      auto& [name, events] = batches.emplace_back(AnyName(), std::vector<TestEvent>());
      for (uint64_t count = 1 + random_.Skewed(random_.OneIn(10) ? 200 : 6); count > 0; --count) {
        events.push_back({.type = absl::StrCat("type", random_.Skewed(5)),
                          .data = absl::StrCat(++serial_, std::string(random_.Skewed(800), 'x'))});
      }
    }
    std::vector<std::promise<absl::StatusOr<AppendResult>>> results(batches.size());
    std::vector<std::unique_ptr<AppendSession>> sessions;
    for (size_t i = 0; i < batches.size(); ++i) {
      sessions.push_back(harness_.log().NewAppendSession());
      sessions.back()->Append(MakeBatch(batches[i].first, batches[i].second),
                              [&results, i](auto result) { results[i].set_value(std::move(result)); });
    }
    // Batches of one name may be stored in either order.
    for (size_t i = 0; i < batches.size(); ++i) {
      auto result = results[i].get_future().get();
      ASSERT_TRUE(result.ok()) << result.status();
      auto& [name, events] = batches[i];
      for (size_t j = 0; j < events.size(); ++j) {
        events[j].cursor = (result->first_new + j).value();
        pending_[name][events[j].cursor] = events[j];
      }
    }
    for (auto& [name, events] : pending_) {
      const auto info = harness_.Get(name);
      ASSERT_TRUE(info.ok()) << info.status();
      ModelLog& log = logs_[info->number.value()];
      log.name = name;
      for (auto& [cursor, event] : events) {
        log.events.push_back(event);
        ASSERT_EQ(Cursor(cursor).sequence(), log.events.size());
      }
    }
    pending_.clear();
  }

  ModelLog* LiveLog(const std::string& name) {
    for (auto& [number, log] : logs_) {
      if (log.name == name && !log.deleted) return &log;
    }
    return nullptr;
  }

  void Trim() {
    ModelLog* const log = LiveLog(AnyName());
    if (log == nullptr || log->events.empty()) return;
    const uint64_t sequence = random_.OneIn(5) ? log->events.size() + 1 : 1 + random_.Skewed(log->events.size());
    ASSERT_TRUE(harness_.Trim(log->name, Cursor(Cursor(log->events.back().cursor).epoch(), sequence)).ok());
    log->first = std::max(log->first, sequence);
  }

  void Delete() {
    ModelLog* const log = LiveLog(AnyName());
    if (log == nullptr) return;
    ASSERT_TRUE(harness_.Delete(log->name).ok());
    log->deleted = true;
  }

  void StartReader(ModelReader& reader) {
    reader = ModelReader();
    reader.selector = AnySelector();
    if (random_.OneIn(2)) {
      reader.filter = std::make_shared<EventFilter>(
          *EventFilter::Make({random_.OneIn(3) ? "*" : absl::StrCat("type", random_.Below(6))}));
    }
    reader.reader = std::make_shared<ManyReader>(reader.selector);
    if (random_.OneIn(2)) {
      reader.at_kept = true;
      reader.reader->StartAtKept(harness_.log().head_position().commit);
    } else if (random_.OneIn(2)) {
      reader.position = harness_.log().head_position();
      for (const auto& [number, log] : logs_) reader.NextOf(number) = log.events.size() + 1;
    }
  }

  // As a client that comes again with its position: what the reader remembered is gone.
  void Reconnect(ModelReader& reader) {
    reader.reader = std::make_shared<ManyReader>(reader.selector);
    reader.may_hear_again = reader.may_hear_again || !reader.told.empty();
  }

  void Read(ModelReader& reader) {
    ManyReadOptions options;
    options.after = reader.position;
    options.reader = reader.reader;
    options.filter = reader.filter;
    options.events_max = static_cast<uint32_t>(1 + random_.Skewed(300));
    options.bytes_max = 1 + random_.Skewed(50'000);
    options.scan_bytes_max = random_.Skewed(100'000);
    const auto result =
        Await<ManyReadResult>([&](auto done) { harness_.log().ReadMany(std::move(options), std::move(done)); });
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_GE(result->next, reader.position);
    ASSERT_LE(result->next, std::max(reader.position, harness_.log().head_position()));
    ASSERT_TRUE(result->end_reached || result->next > reader.position) << "no progress";
    StorePosition position = reader.position;
    // Some clients vanish before they have taken it all.
    const size_t taken = random_.OneIn(4) ? random_.Below(result->parts.size() + 1) : result->parts.size();
    for (size_t i = 0; i < taken; ++i) {
      const InstanceEvents& part = result->parts[i];
      ASSERT_GE(part.position, position);
      ASSERT_LE(part.position, result->next);
      position = part.position;
      Take(reader, part);
    }
    if (taken < result->parts.size()) {
      reader.position = position;
      return Reconnect(reader);
    }
    reader.position = result->next;
    if (result->end_reached) ExpectNothingLeft(reader);
  }

  bool Matches(const ModelReader& reader, const TestEvent& event) {
    return reader.filter == nullptr || reader.filter->MatchesType(event.type);
  }

  void Take(ModelReader& reader, const InstanceEvents& part) {
    if (part.instance == nullptr) {
      // Commits were forgotten: of what was trimmed it has missed some, uncounted.
      bool missed_any = std::exchange(reader.may_hear_again, false);
      for (const auto& [number, log] : logs_) {
        if (log.deleted || !reader.selector->Selects(log.name)) continue;
        uint64_t& next = reader.NextOf(number);
        missed_any = missed_any || next < log.first;
        if (next < log.first) reader.told.insert(number);
        next = std::max(next, log.first);
      }
      ASSERT_TRUE(missed_any) << "told of forgotten commits, though none had events for it";
      ++unlisted_told_;
      return;
    }
    const uint64_t number = part.instance->number().value();
    const ModelLog& log = logs_[number];
    ASSERT_TRUE(reader.selector->Selects(log.name));
    ASSERT_FALSE(log.deleted);
    uint64_t& next = reader.NextOf(number);
    if (part.trimmed) {
      ASSERT_TRUE(part.slices.empty());
      const uint64_t after = part.trimmed->after.sequence();
      if (reader.at_kept) next = std::max(next, std::min(after + 1, log.first));
      for (; next <= after; ++next) {
        ASSERT_FALSE(Matches(reader, log.events[next - 1]))
            << next << " is missing before the gap behind " << after << " of " << log.name << ", which is kept from "
            << log.first;
      }
      ASSERT_LT(part.trimmed->last.sequence(), log.first) << "the gap has events that are kept";
      ASSERT_EQ(part.trimmed->event_count, part.trimmed->last.sequence() - part.trimmed->after.sequence());
      next = std::max(next, part.trimmed->last.sequence() + 1);
      reader.told.insert(number);
      return;
    }
    reader.told.erase(number);
    for (const BlockSlice& slice : part.slices) {
      const CommitPosition commit = slice.block->header().commit;
      ASSERT_LE(commit, part.position.commit);
      ReadResult one;
      one.slices = {slice};
      for (const TestEvent& event : EventsOf(one)) {
        const uint64_t sequence = Cursor(event.cursor).sequence();
        if (reader.at_kept) next = std::max(next, std::min(sequence, log.first));
        for (; next < sequence; ++next) ASSERT_FALSE(Matches(reader, log.events[next - 1])) << "skipped";
        ASSERT_EQ(next, sequence) << "twice";
        ASSERT_EQ(event.data, log.events[next - 1].data);
        ASSERT_TRUE(Matches(reader, event));
        ++next;
      }
    }
    ASSERT_EQ(part.position.instance.value(), number);
    ASSERT_EQ(part.position.cursor, part.last);
  }

  void ExpectNothingLeft(ModelReader& reader) {
    for (const auto& [number, log] : logs_) {
      if (log.deleted || !reader.selector->Selects(log.name)) continue;
      uint64_t& next = reader.NextOf(number);
      if (reader.at_kept) next = std::max(next, log.first);
      for (; next <= log.events.size(); ++next) {
        ASSERT_FALSE(Matches(reader, log.events[next - 1]))
            << log.name << ": " << next << (next < log.first ? " was not told as trimmed" : " did not come");
      }
    }
  }

  Random random_{TestSeed()};
  LogHarness harness_{Options()};
  std::map<uint64_t, ModelLog> logs_;  // By number.
  std::map<std::string, std::map<uint64_t, TestEvent>> pending_;
  uint64_t serial_ = 0;
  uint64_t unlisted_told_ = 0;  // How often a reader heard of forgotten commits.
};

TEST_F(ManyModelTest, ReadersOverManyGetWhatListsSay) {
  std::vector<ModelReader> readers(6);
  for (ModelReader& reader : readers) StartReader(reader);
  for (int i = 0; i < 4000 && !HasFatalFailure(); ++i) {
    ModelReader& reader = readers[random_.Below(readers.size())];
    const uint64_t operation = random_.Below(100);
    if (operation < 30) {
      Append();
    } else if (operation < 34) {
      Trim();
    } else if (random_.OneIn(150)) {
      Delete();
    } else if (random_.OneIn(150)) {
      harness_.Reopen();
    } else if (operation < 36) {
      Reconnect(reader);
    } else if (random_.OneIn(100)) {
      StartReader(reader);
    } else {
      Read(reader);
    }
  }
}

}  // namespace
}  // namespace playhead::storage

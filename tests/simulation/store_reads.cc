#include "tests/simulation/store_reads.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "tests/simulation/many_follower.h"
#include "tests/storage/log_harness.h"
#include "tests/support/await.h"

namespace playhead::storage {

using playhead::testing::Await;
using playhead::testing::Random;

const std::vector<std::string>& SimulatedInstances() {
  static const auto* const names = new std::vector<std::string>{"a0", "a1", "b0", "b1"};
  return *names;
}

absl::Status ReadWhole(EventLog& log, const std::string& name, Random& random, const TamperWithRead& tamper,
                       Recovered& found) {
  const auto instance = Await<std::shared_ptr<Instance>>(
      [&](auto done) { log.OpenInstance(name, OpenMode::kExisting, std::move(done)); });
  if (HasReason(instance.status(), Reason::kInstanceNotFound)) return absl::OkStatus();
  if (!instance.ok()) return instance.status();
  found.exists = true;
  found.bounds = (*instance)->bounds();
  found.reached = std::max(found.reached, found.bounds.BeforeFirst());
  ReadOptions read;
  read.until = found.bounds.head;
  for (;;) {
    read.after = found.reached;
    read.events_max = static_cast<uint32_t>(1 + random.Skewed(400));
    auto result = Await<ReadResult>([&](auto done) { log.Read(*instance, read, std::move(done)); });
    if (!result.ok()) return result.status();
    if (tamper) tamper(*result);
    for (TestEvent& event : EventsOf(*result)) found.events.push_back(std::move(event));
    found.reached = result->next;
    if (result->end_reached || result->next >= found.bounds.head) return absl::OkStatus();
  }
}

namespace {

// The end of the damage that, according to the findings, keeps the log from being read after `reached`; nullopt if they
// name none. A finding without an end counts as one event.
std::optional<Cursor> DamagedUpTo(const std::vector<Finding>& findings, const std::string& instance,
                                  const Recovered& log) {
  const uint64_t next = log.reached.sequence() + 1;
  std::optional<uint64_t> last;
  for (const Finding& found : findings) {
    if (found.instance != instance || found.first.sequence() > next) continue;
    const bool open = found.last == Cursor();
    if (open && !last) last = next;
    if (!open && found.last.sequence() >= next) last = std::max(last.value_or(0), found.last.sequence());
  }
  if (!last) return std::nullopt;
  return log.bounds.epochs.AtSequence(std::min(*last, log.bounds.head.sequence()), log.bounds.head);
}

// Reads the log, and resumes after each damaged range. Returns the first error.
absl::Status ReadAroundDamage(EventLog& log, const std::string& instance, const std::vector<Finding>& findings,
                              Oracle& oracle, Random& random, Recovered& found) {
  absl::Status first;
  for (;;) {
    const absl::Status status = ReadWhole(log, instance, random, nullptr, found);
    first.Update(status);
    if (status.ok() || !found.exists) return first;
    const auto last = DamagedUpTo(findings, instance, found);
    if (!last) {
      oracle.Violation(absl::StrCat(instance, " cannot be read behind ", found.reached.value(),
                                    ", where a verification has no damage: ", status.ToString()));
    }
    if (!last || *last >= found.bounds.head) return first;
    found.reached = *last;
  }
}

}  // namespace

absl::StatusOr<std::map<std::string, uint64_t>> ReadRecords(EventLog& log) {
  const auto rows = Await<std::vector<Record>>([&](auto done) {
    log.records().Scan(RecordSpace::kConsumers, kSimulatedRecords, "", kRecordScanMax, std::move(done));
  });
  if (!rows.ok()) return rows.status();
  std::map<std::string, uint64_t> found;
  for (const Record& row : *rows) {
    // None is written that is no number: whatever else it is stands for a value that nobody wrote.
    if (!absl::SimpleAtoi(row.value, &found[row.key])) found[row.key] = UINT64_MAX;
  }
  return found;
}

absl::Status CheckStore(EventLog& log, Oracle& oracle, Random& random, const TamperWithRead& tamper) {
  const Moment moment = oracle.Now();
  for (const std::string& instance : SimulatedInstances()) {
    Recovered found;
    if (absl::Status status = ReadWhole(log, instance, random, tamper, found); !status.ok()) return status;
    oracle.CheckWhole(moment, instance, found);
  }
  const auto records = ReadRecords(log);
  if (!records.ok()) return records.status();
  oracle.CheckRecords(moment, *records);
  return ManyFollower(oracle, AnySelector(random), ManyFollower::Start::kAtKept, nullptr).CatchUp(log, random);
}

absl::Status CheckDamagedStore(EventLog& log, const std::vector<Finding>& findings, Oracle& oracle, Random& random) {
  const Moment moment = oracle.Now();
  absl::Status met;
  for (const std::string& instance : SimulatedInstances()) {
    Recovered found;
    const absl::Status status = ReadAroundDamage(log, instance, findings, oracle, random, found);
    if (status.ok()) {
      oracle.CheckWhole(moment, instance, found);
    } else {
      oracle.CheckBytes(moment, instance, found.events);
      met.Update(status);
    }
  }
  const auto records = ReadRecords(log);
  if (records.ok()) oracle.CheckRecords(moment, *records);
  met.Update(records.status());
  met.Update(ManyFollower(oracle, AnySelector(random), ManyFollower::Start::kAtKept, nullptr).CatchUp(log, random));
  return met;
}

}  // namespace playhead::storage

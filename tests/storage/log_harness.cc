#include "tests/storage/log_harness.h"

#include <cstdlib>
#include <iostream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "proto/event_wire.h"
#include "storage/append_builder.h"
#include "storage/engine/rocksdb_event_log.h"
#include "tests/support/await.h"
#include "tests/support/delete_instance.h"

namespace playhead::storage {
namespace {

using playhead::testing::Await;
using playhead::testing::AwaitStatus;

[[noreturn]] void Die(const absl::Status& status) {
  std::cerr << status << std::endl;
  std::abort();
}

}  // namespace

AppendBatch MakeBatch(absl::string_view instance, const std::vector<TestEvent>& events) {
  std::vector<NewEvent> written;
  for (const TestEvent& event : events) {
    written.push_back({.type = event.type, .data = event.data, .id = event.id});
    for (const auto& [key, value] : event.attributes) written.back().attributes.emplace_back(key, value);
  }
  auto batch = BuildAppendBatch(instance, written, {.event_bytes_max = kEventBytesCeiling, .own_types = true});
  if (!batch.ok()) Die(batch.status());
  return *std::move(batch);
}

std::vector<TestEvent> MakeEvents(int count, absl::string_view prefix) {
  std::vector<TestEvent> events;
  for (int i = 0; i < count; ++i) events.push_back({.data = absl::StrCat(prefix, i)});
  return events;
}

std::vector<TestEvent> EventsOf(const ReadResult& result) {
  std::vector<TestEvent> events;
  for (const BlockSlice& slice : result.slices) {
    absl::string_view bytes = slice.bytes;
    while (const auto encoded = ConsumeEvent(bytes)) {
      EventView view;
      if (!view.Parse(*encoded)) Die(absl::DataLossError("an event does not parse"));
      TestEvent& event = events.emplace_back();
      event.type = std::string(view.type);
      event.data = std::string(view.data);
      event.id = std::string(view.id);
      for (const auto& [key, value] : view.attributes) event.attributes.emplace_back(key, value);
      event.cursor = view.cursor;
      event.appended_at = view.appended_at;
    }
    if (!bytes.empty()) Die(absl::DataLossError("a slice does not end with an event"));
  }
  return events;
}

LogHarness::LogHarness(StoreOptions options) : options_(std::move(options)) {
  if (options_.data_dir.empty()) options_.data_dir = dir_.path();
  Reopen();
}

void LogHarness::Reopen(StoreOptions options) {
  options.data_dir = options_.data_dir;
  options_ = std::move(options);
  Reopen();
}

void LogHarness::Reopen() {
  log_.reset();
  auto log = OpenRocksDbEventLog(options_);
  if (!log.ok()) Die(log.status());
  log_ = *std::move(log);
}

absl::StatusOr<AppendResult> LogHarness::Append(AppendBatch batch) {
  return AppendOn(*log_->NewAppendSession(), std::move(batch));
}

absl::StatusOr<AppendResult> LogHarness::AppendOn(AppendSession& session, AppendBatch batch) {
  return Await<AppendResult>([&](auto done) { session.Append(std::move(batch), std::move(done)); });
}

absl::StatusOr<std::shared_ptr<Instance>> LogHarness::Open(absl::string_view name, OpenMode mode) {
  return Await<std::shared_ptr<Instance>>([&](auto done) { log_->OpenInstance(name, mode, std::move(done)); });
}

absl::StatusOr<ReadResult> LogHarness::Read(absl::string_view name, ReadOptions options) {
  auto instance = Open(name);
  if (!instance.ok()) return instance.status();
  return Await<ReadResult>([&](auto done) { log_->Read(*instance, std::move(options), std::move(done)); });
}

absl::StatusOr<std::vector<TestEvent>> LogHarness::ReadAll(absl::string_view name, Cursor after,
                                                           std::shared_ptr<const EventFilter> filter) {
  std::vector<TestEvent> all;
  for (;;) {
    const auto result = Read(name, {.after = after, .events_max = kFetchEventsMax, .filter = filter});
    if (!result.ok()) return result.status();
    for (TestEvent& event : EventsOf(*result)) all.push_back(std::move(event));
    if (result->end_reached) return all;
    after = result->next;
  }
}

absl::StatusOr<Cursor> LogHarness::FindTime(absl::string_view name, Timestamp time) {
  auto instance = Open(name);
  if (!instance.ok()) return instance.status();
  return Await<Cursor>([&](auto done) { log_->FindTime(*instance, time, std::move(done)); });
}

absl::Status LogHarness::Trim(absl::string_view name, Cursor first_kept) {
  auto instance = Open(name);
  if (!instance.ok()) return instance.status();
  return AwaitStatus([&](auto done) { log_->Trim(*instance, first_kept, std::move(done)); });
}

absl::Status LogHarness::Delete(absl::string_view name) { return testing::DeleteInstance(*log_, name); }

absl::StatusOr<ErasureInfo> LogHarness::StartErasure(ErasureRequest request) {
  return Await<ErasureInfo>([&](auto done) { log_->erasures().Start(std::move(request), std::move(done)); });
}

absl::StatusOr<ErasureInfo> LogHarness::Erase(ErasureRequest request) {
  const auto started = StartErasure(std::move(request));
  if (!started.ok()) return started.status();
  return AwaitEnd(started->id);
}

ErasureInfo LogHarness::AwaitEnd(uint64_t erasure) {
  for (;;) {
    const auto info = log_->erasures().Get(erasure);
    if (info.ok() && HasEnded(info->state)) return *info;
    if (HasReason(info.status(), Reason::kErasureNotFound)) Die(info.status());
    std::this_thread::yield();
  }
}

absl::StatusOr<InstanceInfo> LogHarness::Get(absl::string_view name) {
  return Await<InstanceInfo>([&](auto done) { log_->GetInstance(std::string(name), std::move(done)); });
}

absl::StatusOr<std::vector<InstanceInfo>> LogHarness::List(absl::string_view prefix, absl::string_view after,
                                                           size_t limit) {
  return Await<std::vector<InstanceInfo>>(
      [&](auto done) { log_->ListInstances(std::string(prefix), std::string(after), limit, std::move(done)); });
}

}  // namespace playhead::storage

#include "tests/fuzz/store_targets.h"

#include <rocksdb/env.h>
#include <xxhash.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/event_wire.h"
#include "storage/backup/backup_files.h"
#include "storage/block.h"
#include "storage/cursor.h"
#include "storage/event_filter.h"
#include "storage/instances/instance_catalog.h"
#include "storage/limits.h"
#include "storage/store/column_families.h"
#include "storage/store/dedup_records.h"
#include "storage/store/erasure_job.h"
#include "storage/store/erasure_masks.h"
#include "storage/store/wal_inspector.h"
#include "tests/fuzz/promise.h"

namespace playhead::fuzz {
namespace {

// What readers with several filters and bounds get of `block` lies within its body.
void RequireSlices(const std::shared_ptr<const storage::Block>& block) {
  static const auto* const filters = new std::vector<storage::EventFilter>{
      storage::EventFilter(), *storage::EventFilter::Make({"message*"}), *storage::EventFilter::Make({}, "m-")};
  const absl::string_view body = block->body();
  for (const storage::EventFilter& filter : *filters) {
    for (const uint32_t events_max : {3u, storage::kFetchEventsMax}) {
      for (const bool reverse : {false, true}) {
        storage::ReadBudget budget{.events = events_max, .bytes = body.size()};
        std::vector<storage::BlockSlice> slices;
        (reverse ? storage::SliceBlockReverse : storage::SliceBlock)(block, storage::Cursor(), block->last(), filter,
                                                                     budget, slices, nullptr);
        uint64_t events = 0;
        for (const storage::BlockSlice& slice : slices) {
          Require(slice.bytes.begin() >= body.begin() && slice.bytes.end() <= body.end(), "a slice is of its block");
          events += slice.event_count;
        }
        Require(events + budget.events == events_max, "a budget is used up by what is taken");
      }
    }
  }
}

constexpr char kWalDir[] = "/wal";

void WriteFile(rocksdb::Env& env, absl::string_view name, absl::string_view bytes) {
  const std::string path = absl::StrCat(kWalDir, "/", name);
  Require(rocksdb::WriteStringToFile(&env, {bytes.data(), bytes.size()}, path).ok(), "a file can be written");
}

template <typename Record>
void RequireSameRecord(const std::optional<Record>& record, std::optional<Record> (*decode)(absl::string_view value)) {
  if (!record) return;
  const std::string encoded = storage::Encode(*record);
  const auto again = decode(encoded);
  Require(again.has_value() && storage::Encode(*again) == encoded, "a record survives the trip");
}

}  // namespace

void Block(absl::string_view bytes) {
  storage::Block::Decode(storage::InstanceNumber(1), bytes).status().IgnoreError();
  storage::Block::DecodeHeader(bytes).status().IgnoreError();
  // The layout of docs/on-disk-format.md: the checksum at byte 8, over what is behind it, seeded with what is before
  // it.
  constexpr size_t kChecksumEnd = 16;
  if (bytes.size() < kChecksumEnd) return;
  std::string fitting(bytes);
  uint64_t seed;
  std::memcpy(&seed, fitting.data(), sizeof(seed));
  const uint64_t checksum = XXH3_64bits_withSeed(fitting.data() + kChecksumEnd, fitting.size() - kChecksumEnd, seed);
  std::memcpy(fitting.data() + 8, &checksum, sizeof(checksum));
  const auto block = storage::Block::Decode(storage::InstanceNumber(1), fitting);
  if (!block.ok()) return;
  Require((*block)->header().event_count > 0, "a block has an event");
  RequireSlices(*block);
  const storage::StubbedBlock stubbed =
      storage::StubEvents(*block, [](storage::Cursor cursor, const EventView&) { return cursor.value() % 2 == 0; });
  Require(stubbed.block->header().event_count == (*block)->header().event_count, "a stub stands where an event stood");
}

void StoreRecord(absl::string_view bytes) {
  RequireSameRecord(storage::DecodeIdRecord(bytes), &storage::DecodeIdRecord);
  RequireSameRecord(storage::DecodeRunRecord(bytes), &storage::DecodeRunRecord);
  if (const auto slice = storage::ParseSliceFamilyName(bytes)) {
    Require(storage::SliceFamilyName(*slice) == bytes, "a slice has one name");
  }
  if (const auto state = storage::DecodeInstanceRecord(bytes); state.ok()) {
    // What a reader with any cursor asks of it.
    const storage::LogBounds& bounds = state->bounds;
    bounds.CheckStart(bounds.head).IgnoreError();
    bounds.CheckStart(bounds.BeforeFirst()).IgnoreError();
    bounds.epochs.LastGood(storage::Cursor(bounds.head.epoch() + 1, 1), bounds.head);
  }
  const auto job = storage::DecodeErasureJob(bytes);
  if (!job.ok()) return;
  const auto again = storage::DecodeErasureJob(storage::Encode(*job));
  Require(again.ok() && again->id == job->id && again->state == job->state && again->after == job->after &&
              again->target.instances == job->target.instances && again->target.cursors == job->target.cursors &&
              again->target.ids == job->target.ids && again->rewritten.size() == job->rewritten.size(),
          "an erasure survives the trip");
}

void WriteAheadLog(absl::string_view bytes) {
  static rocksdb::Env* const env = rocksdb::NewMemEnv(rocksdb::Env::Default());
  static const bool made = env->CreateDirIfMissing(kWalDir).ok();
  Require(made, "there is a folder");
  uint16_t first_bytes = 0;
  if (bytes.size() < sizeof(first_bytes)) return;
  std::memcpy(&first_bytes, bytes.data(), sizeof(first_bytes));
  bytes.remove_prefix(sizeof(first_bytes));
  const absl::string_view first = bytes.substr(0, first_bytes);
  WriteFile(*env, "000003.log", first);
  WriteFile(*env, "000004.log", bytes.substr(first.size()));
  const auto damage = storage::InspectWal(*env, kWalDir);
  Require(damage.ok(), "what can be read is judged");
  if (!*damage) return;
  const storage::WalDamage& found = **damage;
  const size_t size = found.file == "000003.log" ? first.size() : bytes.size() - first.size();
  Require(found.record_offset <= found.offset && found.offset <= size, "damage is in its file");
  Require(storage::CutWal(*env, kWalDir, found).ok(), "damage can be cut off");
  const auto rest = storage::InspectWal(*env, kWalDir);
  Require(rest.ok() && !rest->has_value(), "what stands before the damage is sound");
}

void BackupFiles(absl::string_view bytes) {
  const auto files = storage::ParseBackupFiles(bytes);
  if (!files.ok()) return;
  for (const storage::BackupFile& file : *files) {
    Require(!absl::StrContains(file.path, "..") && !absl::StrContains(file.path, "\n"), "a path leads downwards");
  }
}

}  // namespace playhead::fuzz

#include "storage/verify/verifier.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/time/time.h"
#include "proto/errors.h"
#include "storage/instances/instance_catalog.h"
#include "storage/store/rocksdb_status.h"
#include "storage/verify/table_check.h"

namespace playhead::storage {
namespace {

constexpr std::chrono::milliseconds kTellInterval(500);
// How many names are listed at a time.
constexpr size_t kNamesListed = 256;

bool Same(const Finding& a, const Finding& b) {
  return a.kind == b.kind && a.instance == b.instance && a.first == b.first && a.last == b.last && a.what == b.what;
}

}  // namespace

Verifier::Verifier(StoreSource store, const VerifyOptions& options, const JobControl& control, VerifyListener listener)
    : store_(std::move(store)),
      options_(options),
      control_(control),
      listener_(std::move(listener)),
      start_(std::chrono::steady_clock::now()),
      told_(start_) {}

absl::StatusOr<VerifyProgress> Verifier::Run() {
  absl::Status status = EstimateBytes();
  if (status.ok()) status = VerifyCatalogue();
  if (status.ok()) status = VerifyLogs();
  if (status.ok()) status = VerifyIndex(CheckCommits, &progress_.commits);
  if (status.ok()) status = VerifyIndex(CheckIdentities, &progress_.identities);
  if (status.ok()) status = VerifyOrphans();
  for (const Family family : {Family::kMeta, Family::kConsumers, Family::kKeys}) {
    if (!status.ok()) break;
    status = VerifyIndex(
        [family](const StoreView& view, const std::string& from) { return CheckReadable(view, family, from); },
        nullptr);
  }
  if (status.ok()) status = VerifyTables();
  if (!status.ok()) return status;
  listener_.progress(progress_);
  return progress_;
}

absl::StatusOr<std::unique_ptr<StoreView>> Verifier::Look() const {
  if (control_.canceled()) return absl::CancelledError("the verification was called off");
  auto store = store_();
  if (!store.ok()) return store.status();
  return std::make_unique<StoreView>(*std::move(store));
}

absl::Status Verifier::EstimateBytes() {
  const auto store = store_();
  if (!store.ok()) return store.status();
  uint64_t files = 0;
  uint64_t memory = 0;
  (*store)->db()->GetAggregatedIntProperty(rocksdb::DB::Properties::kLiveSstFilesSize, &files);
  (*store)->db()->GetAggregatedIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &memory);
  progress_.total_bytes = 2 * files + memory;  // Read once row by row, and once as files.
  return absl::OkStatus();
}

absl::Status Verifier::VerifyCatalogue() {
  const auto check = [this](const StoreView& view, const std::string&) {
    return CheckCatalogue(view, [this] { return !control_.canceled(); });
  };
  return VerifyIndex(check, nullptr);
}

absl::Status Verifier::VerifyLogs() {
  std::string after;  // The key of the last name that was checked.
  for (;;) {
    std::vector<std::string> names;
    {
      const auto view = Look();
      if (!view.ok()) return view.status();
      const auto row = (*view)->NewIterator((*view)->store().family(Family::kInstances));
      const std::string begin = InstanceNameKey("");
      for (row->Seek(after.empty() ? begin : after + '\0'); row->Valid() && names.size() < kNamesListed; row->Next()) {
        if (!row->key().starts_with(begin)) break;
        names.emplace_back(row->key().data() + begin.size(), row->key().size() - begin.size());
      }
      // The catalogue's check has reported damage.
      if (!row->status().ok() && !row->status().IsCorruption()) {
        return ReadError(row->status(), "reading the catalogue");
      }
    }
    if (names.empty()) return absl::OkStatus();
    after = InstanceNameKey(names.back());
    for (const std::string& name : names) {
      if (absl::Status status = TellOfDamage(VerifyLog(name), name); !status.ok()) return status;
      ++progress_.instances;
    }
  }
}

absl::Status Verifier::VerifyLog(const std::string& name) {
  LogCheck check(name);
  for (;;) {
    LogCheck::Step step;
    LogCheck again = check;
    {
      const auto view = Look();
      if (!view.ok()) return view.status();
      auto next = check.Next(**view);
      if (!next.ok()) return next.status();
      step = *std::move(next);
    }
    if (!step.findings.empty()) {
      const auto view = Look();
      if (!view.ok()) return view.status();
      const auto second = again.Next(**view);
      if (!second.ok()) return second.status();
      Tell(step.findings, second->findings);
    }
    progress_.blocks += step.blocks;
    progress_.events += step.events;
    if (absl::Status status = Pace(step.bytes); !status.ok()) return status;
    if (step.done) return absl::OkStatus();
  }
}

absl::Status Verifier::VerifyIndex(IndexCheck check, uint64_t* counter) {
  std::string from;
  do {
    auto view = Look();
    if (!view.ok()) return view.status();
    const auto step = check(**view, from);
    if (!step.ok()) return TellOfDamage(step.status());
    view->reset();
    if (!step->findings.empty()) {
      const auto later = Look();
      if (!later.ok()) return later.status();
      const auto again = check(**later, from);
      if (!again.ok()) return TellOfDamage(again.status());
      Tell(step->findings, again->findings);
    }
    if (counter != nullptr) *counter += step->rows;
    if (absl::Status status = Pace(step->bytes); !status.ok()) return status;
    from = step->next_key;
  } while (!from.empty());
  return absl::OkStatus();
}

absl::Status Verifier::VerifyOrphans() {
  std::vector<uint32_t> slices;
  {
    const auto store = store_();
    if (!store.ok()) return store.status();
    for (const auto& [number, slice] : (*store)->slices()) slices.push_back(number);
  }
  const auto directory = [](const StoreView& view, const std::string& from) {
    return CheckOrphans(view, view.store().family(Family::kDirectory), from);
  };
  if (absl::Status status = VerifyIndex(directory, nullptr); !status.ok()) return status;
  for (const uint32_t number : slices) {
    const auto in_slice = [number](const StoreView& view, const std::string& from) -> absl::StatusOr<IndexStep> {
      const FamilyHandle slice = view.store().slice(number);
      if (slice == nullptr) return IndexStep();  // It was dropped meanwhile.
      return CheckOrphans(view, slice.get(), from);
    };
    if (absl::Status status = VerifyIndex(in_slice, nullptr); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Verifier::VerifyTables() {
  std::vector<TableFile> tables;
  {
    const auto store = store_();
    if (!store.ok()) return store.status();
    tables = TablesOf(**store);
  }
  for (const TableFile& table : tables) {
    if (control_.canceled()) return absl::CancelledError("the verification was called off");
    const auto store = store_();
    if (!store.ok()) return store.status();
    const auto once = CheckTable(**store, table);
    if (!once.ok()) return once.status();
    if (once->has_value()) {
      const auto again = CheckTable(**store, table);
      if (!again.ok()) return again.status();
      if (again->has_value()) Tell({**once}, {**again});
    }
    if (absl::Status status = Pace(table.bytes); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Verifier::TellOfDamage(const absl::Status& status, const std::string& instance) {
  if (!HasReason(status, Reason::kDataLoss)) return status;
  const Finding finding = {.kind = FindingKind::kFile, .instance = instance, .what = std::string(status.message())};
  Tell({finding}, {finding});
  return absl::OkStatus();
}

void Verifier::Tell(const std::vector<Finding>& once, const std::vector<Finding>& again) {
  for (const Finding& finding : once) {
    if (std::none_of(again.begin(), again.end(), [&](const Finding& other) { return Same(finding, other); })) continue;
    if (++progress_.findings <= kFindingsToldMax) listener_.finding(finding);
  }
}

absl::Status Verifier::Pace(uint64_t bytes) {
  progress_.read_bytes += bytes;
  progress_.total_bytes = std::max(progress_.total_bytes, progress_.read_bytes);
  const auto now = std::chrono::steady_clock::now();
  if (now - told_ >= kTellInterval) {
    told_ = now;
    listener_.progress(progress_);
  }
  absl::Duration pause;
  if (options_.bytes_per_second > 0) {
    const double seconds = static_cast<double>(progress_.read_bytes) / static_cast<double>(options_.bytes_per_second);
    pause = absl::Seconds(seconds) - absl::FromChrono(now - start_);
  }
  if (control_.canceled() || (pause > absl::ZeroDuration() && !control_.Sleep(pause))) {
    return absl::CancelledError("the verification was called off");
  }
  return absl::OkStatus();
}

}  // namespace playhead::storage

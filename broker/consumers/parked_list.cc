#include "broker/consumers/parked_list.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

namespace playhead::broker {

using storage::Record;
using storage::RecordChange;
using storage::RecordSpace;
using storage::RecordStore;

namespace {

// How many rows one scan reads, and one write deletes.
constexpr size_t kPageRows = 500;

class ParkedRead : public std::enable_shared_from_this<ParkedRead> {
 public:
  ParkedRead(RecordStore& records, std::string consumer, size_t limit,
             absl::AnyInvocable<bool(const ParkedRow&)> wanted, storage::Callback<std::vector<ParkedRow>> done)
      : records_(records),
        consumer_(std::move(consumer)),
        limit_(limit),
        wanted_(std::move(wanted)),
        done_(std::move(done)) {}

  void Scan(std::string after_key) {
    records_.Scan(
        RecordSpace::kConsumers, ParkedRowPrefix(consumer_), std::move(after_key), kPageRows,
        [self = shared_from_this()](absl::StatusOr<std::vector<Record>> page) { self->OnPage(std::move(page)); });
  }

 private:
  void OnPage(absl::StatusOr<std::vector<Record>> page) {
    if (!page.ok()) return std::move(done_)(page.status());
    for (const Record& record : *page) {
      auto row = ParseParkedRow(record);
      if (!row.ok()) return std::move(done_)(row.status());
      if (wanted_(*row)) rows_.push_back(*std::move(row));
      if (rows_.size() == limit_) break;
    }
    if (page->empty() || rows_.size() == limit_) return std::move(done_)(std::move(rows_));
    Scan(page->back().key);
  }

  RecordStore& records_;
  const std::string consumer_;
  const size_t limit_;
  absl::AnyInvocable<bool(const ParkedRow&)> wanted_;
  storage::Callback<std::vector<ParkedRow>> done_;
  std::vector<ParkedRow> rows_;
};

class RowsDeletion : public std::enable_shared_from_this<RowsDeletion> {
 public:
  RowsDeletion(RecordStore& records, std::string consumer, storage::StatusCallback done)
      : records_(records), consumer_(std::move(consumer)), done_(std::move(done)) {}

  void Fail(absl::Status status) { std::move(done_)(std::move(status)); }

  // Deletes the configuration last.
  void Scan() {
    if (step_ == Step::kRest) return DeleteRest();
    const std::string prefix =
        step_ == Step::kParked ? ParkedRowPrefix(consumer_) : absl::StrCat(StateRowKey(consumer_), "/");
    records_.Scan(
        RecordSpace::kConsumers, prefix, "", kPageRows,
        [self = shared_from_this()](absl::StatusOr<std::vector<Record>> page) { self->OnPage(std::move(page)); });
  }

 private:
  enum class Step { kParked, kMoreState, kRest };

  void OnPage(absl::StatusOr<std::vector<Record>> page) {
    if (!page.ok()) return std::move(done_)(page.status());
    if (page->empty()) {
      step_ = step_ == Step::kParked ? Step::kMoreState : Step::kRest;
      return Scan();
    }
    std::vector<RecordChange> changes;
    for (Record& row : *page) changes.push_back({RecordSpace::kConsumers, std::move(row.key), std::nullopt});
    records_.Write(std::move(changes), [self = shared_from_this()](absl::Status status) {
      if (!status.ok()) return std::move(self->done_)(std::move(status));
      self->Scan();
    });
  }

  void DeleteRest() {
    std::vector<RecordChange> changes;
    changes.push_back({RecordSpace::kConsumers, StateRowKey(consumer_), std::nullopt});
    changes.push_back({RecordSpace::kConsumers, absl::StrCat(kConsumerConfigRows, consumer_), std::nullopt});
    records_.Write(std::move(changes),
                   [self = shared_from_this()](absl::Status status) { std::move(self->done_)(std::move(status)); });
  }

  RecordStore& records_;
  const std::string consumer_;
  Step step_ = Step::kParked;
  storage::StatusCallback done_;
};

}  // namespace

void ReadParked(RecordStore& records, std::string consumer, uint64_t after_number, size_t limit,
                absl::AnyInvocable<bool(const ParkedRow&)> wanted, storage::Callback<std::vector<ParkedRow>> done) {
  std::string after_key = ParkedRowKey(consumer, after_number);
  std::make_shared<ParkedRead>(records, std::move(consumer), limit, std::move(wanted), std::move(done))
      ->Scan(std::move(after_key));
}

void DeleteConsumerRows(RecordStore& records, StoredConfig config, storage::StatusCallback done) {
  config.deleted = true;
  const auto deletion = std::make_shared<RowsDeletion>(records, config.config.name, std::move(done));
  records.Write({ConfigRow(config)}, [deletion](absl::Status status) {
    if (!status.ok()) return deletion->Fail(std::move(status));
    deletion->Scan();
  });
}

}  // namespace playhead::broker

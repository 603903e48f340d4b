#include "broker/listing/covered_instances.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "broker/auth/instance_patterns.h"

namespace playhead::broker {

using storage::InstanceInfo;

namespace {

// Lists the caller's ranges one after the other. Keeps itself alive until done. Its steps run one after another, so it
// needs no lock.
class Listing : public std::enable_shared_from_this<Listing> {
 public:
  Listing(storage::EventLog& log, std::shared_ptr<Caller> caller, std::string prefix, std::string after_name,
          size_t limit, storage::Callback<std::vector<InstanceInfo>> done)
      : log_(log),
        caller_(std::move(caller)),
        prefix_(std::move(prefix)),
        limit_(limit),
        done_(std::move(done)),
        after_name_(std::move(after_name)) {}

  void Continue() {
    const std::vector<InstancePatterns::Range>& ranges = caller_->patterns().ranges();
    while (range_ < ranges.size() && !absl::StartsWith(ranges[range_].text, prefix_) &&
           !absl::StartsWith(prefix_, ranges[range_].text)) {
      ++range_;
    }
    if (range_ == ranges.size() || rows_.size() == limit_) return std::move(done_)(std::move(rows_));
    const InstancePatterns::Range& range = ranges[range_];
    const std::string& narrower = range.text.size() > prefix_.size() ? range.text : prefix_;
    // An exact name sorts before all other names that start with it.
    const size_t wanted = range.is_prefix ? limit_ - rows_.size() : 1;
    log_.ListInstances(
        narrower, after_name_, wanted,
        [self = shared_from_this(), &range, wanted](absl::StatusOr<std::vector<InstanceInfo>> rows) mutable {
          self->OnRows(range, wanted, std::move(rows));
        });
  }

 private:
  void OnRows(const InstancePatterns::Range& range, size_t wanted, absl::StatusOr<std::vector<InstanceInfo>> rows) {
    if (!rows.ok()) return std::move(done_)(rows.status());
    if (rows->size() < wanted || !range.is_prefix) ++range_;
    if (!rows->empty() && range.is_prefix) after_name_ = rows->back().name;
    for (InstanceInfo& row : *rows) {
      // The broker's own instances need a different permission from the others in the range.
      if (range.Has(row.name) && caller_->CoversByAny(row.name)) rows_.push_back(std::move(row));
    }
    Continue();
  }

  storage::EventLog& log_;
  const std::shared_ptr<Caller> caller_;
  const std::string prefix_;
  const size_t limit_;
  storage::Callback<std::vector<InstanceInfo>> done_;
  size_t range_ = 0;
  std::string after_name_;
  std::vector<InstanceInfo> rows_;
};

}  // namespace

void ListCoveredInstances(storage::EventLog& log, std::shared_ptr<Caller> caller, std::string prefix,
                          std::string after_name, size_t limit, storage::Callback<std::vector<InstanceInfo>> done) {
  std::make_shared<Listing>(log, std::move(caller), std::move(prefix), std::move(after_name), limit, std::move(done))
      ->Continue();
}

}  // namespace playhead::broker

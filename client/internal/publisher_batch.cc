#include "client/internal/publisher_batch.h"

#include <utility>

namespace playhead::internal {
namespace {

// Tags of playhead.v1.AppendRequest and Producer: field number << 3 | wire type.
constexpr char kInstanceTag = 0x0a;
constexpr char kRequestEventsTag = 0x12;
constexpr char kProducerTag = 0x22;
constexpr char kProducerIdTag = 0x0a;
constexpr char kProducerSequenceTag = 0x10;

void AppendField(char tag, absl::string_view value, std::string& out) {
  out.push_back(tag);
  AppendVarint(value.size(), out);
  out.append(value.data(), value.size());
}

}  // namespace

PublisherBatch::PublisherBatch(uint64_t ordinal, absl::string_view instance, absl::string_view producer_id,
                               uint64_t first_sequence, absl::Time opened_at, size_t bytes_hint)
    : ordinal_(ordinal),
      instance_(instance),
      first_sequence_(first_sequence),
      opened_at_(opened_at),
      bytes_(std::make_shared<std::string>()) {
  std::string producer;
  AppendField(kProducerIdTag, producer_id, producer);
  producer.push_back(kProducerSequenceTag);
  AppendVarint(first_sequence, producer);
  bytes_->reserve(bytes_hint + instance.size() + producer.size() + 16);
  AppendField(kInstanceTag, instance, *bytes_);
  AppendField(kProducerTag, producer, *bytes_);
}

size_t PublisherBatch::Add(const NewEvent& event, AppendCallback done) {
  const size_t before = bytes_->size();
  AppendEvent(event, kRequestEventsTag, *bytes_);
  callbacks_.push_back(std::move(done));
  const size_t grown = bytes_->size() - before;
  event_bytes_ += grown;
  return grown;
}

SharedBytes PublisherBatch::request() const { return {bytes_, *bytes_}; }

void PublisherBatch::Succeed(const v1::AppendResponse& response) {
  int next_duplicate = 0;
  for (size_t i = 0; i < callbacks_.size(); ++i) {
    // The indexes of duplicates ascend.
    const bool duplicate = next_duplicate < response.duplicates_size() && response.duplicates(next_duplicate) == i;
    if (duplicate) ++next_duplicate;
    if (callbacks_[i]) std::move(callbacks_[i])(Receipt{response.cursors(static_cast<int>(i)), duplicate});
  }
}

void PublisherBatch::Fail(const absl::Status& status) {
  for (AppendCallback& callback : callbacks_) {
    if (callback) std::move(callback)(status);
  }
}

}  // namespace playhead::internal

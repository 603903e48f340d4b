// PublisherBatch: events of one instance that go out in one request. The request is encoded as they are added.
#ifndef PLAYHEAD_CLIENT_INTERNAL_PUBLISHER_BATCH_H_
#define PLAYHEAD_CLIENT_INTERNAL_PUBLISHER_BATCH_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/receipt.h"
#include "client/shared_bytes.h"
#include "playhead/v1/event_log.pb.h"
#include "proto/event_wire.h"

namespace playhead::internal {

// Not thread-safe.
class PublisherBatch {
 public:
  // `ordinal` numbers the batches of a publisher in the order they are opened; `bytes_hint` is the expected size.
  PublisherBatch(uint64_t ordinal, absl::string_view instance, absl::string_view producer_id, uint64_t first_sequence,
                 absl::Time opened_at, size_t bytes_hint);

  // Returns by how many bytes the request grew. REQUIRES: request() was not called.
  size_t Add(const NewEvent& event, AppendCallback done);

  // The encoded v1::AppendRequest; the same bytes each time.
  SharedBytes request() const;

  // Call the callbacks, with the receipts of `response` or all with the same error. Only one call in all.
  void Succeed(const v1::AppendResponse& response);
  void Fail(const absl::Status& status);

  uint64_t ordinal() const { return ordinal_; }
  const std::string& instance() const { return instance_; }
  uint64_t first_sequence() const { return first_sequence_; }
  absl::Time opened_at() const { return opened_at_; }
  size_t event_count() const { return callbacks_.size(); }
  size_t bytes() const { return bytes_->size(); }
  size_t event_bytes() const { return event_bytes_; }  // Without the fields before the events.

  // Whether the batch may be stored although no stream has acknowledged it.
  bool uncertain() const { return uncertain_; }
  void set_uncertain() { uncertain_ = true; }

 private:
  const uint64_t ordinal_;
  const std::string instance_;
  const uint64_t first_sequence_;
  const absl::Time opened_at_;
  const std::shared_ptr<std::string> bytes_;
  size_t event_bytes_ = 0;
  std::vector<AppendCallback> callbacks_;
  bool uncertain_ = false;
};

}  // namespace playhead::internal

#endif  // PLAYHEAD_CLIENT_INTERNAL_PUBLISHER_BATCH_H_

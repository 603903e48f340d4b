#include "broker/grpc/settle_window.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"

namespace playhead::broker {

absl::Status SettleWindow::Add(uint64_t number, size_t bytes) {
  if (number <= last_number_) {
    return MakeError(Reason::kSettlementInvalid, absl::StrCat("`number` is ", number, "; it must be larger than ",
                                                              last_number_, ", the last of this stream"));
  }
  last_number_ = number;
  bytes_ += bytes;
  requests_.push_back({.number = number, .bytes = bytes});
  return absl::OkStatus();
}

SettleWindow::Request* SettleWindow::Find(uint64_t number) {
  const auto found = std::lower_bound(requests_.begin(), requests_.end(), number,
                                      [](const Request& request, uint64_t n) { return request.number < n; });
  return found == requests_.end() || found->number != number ? nullptr : &*found;
}

void SettleWindow::SetRefused(uint64_t number, v1::ConsumeResponse::Refused refused) {
  Request* const request = Find(number);
  if (request == nullptr) return;
  request->judged = true;
  request->refused = std::move(refused);
}

void SettleWindow::SetDurable(uint64_t number) {
  if (Request* const request = Find(number)) request->durable = true;
}

void SettleWindow::Abandon(uint64_t number) {
  while (!requests_.empty() && requests_.back().number >= number) {
    bytes_ -= requests_.back().bytes;
    requests_.pop_back();
  }
}

std::optional<v1::ConsumeResponse> SettleWindow::TakeAnswer() {
  v1::ConsumeResponse answer;
  while (!requests_.empty() && requests_.front().done()) {
    Request& first = requests_.front();
    if (first.refused.items_size() > 0) {
      // The requests before it are confirmed by the same answer.
      *answer.mutable_refused() = std::exchange(first.refused, {});
      answer.mutable_refused()->set_number(first.number);
      return answer;
    }
    answer.mutable_confirmed()->set_up_to_number(first.number);
    bytes_ -= first.bytes;
    requests_.pop_front();
  }
  if (!answer.has_confirmed()) return std::nullopt;
  return answer;
}

}  // namespace playhead::broker

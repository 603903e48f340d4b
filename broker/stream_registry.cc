#include "broker/stream_registry.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"

namespace playhead::broker {
namespace {

absl::Status ShuttingDown() {
  return MakeError(Reason::kShuttingDown, "the broker is stopping: try again shortly, or at another one");
}

}  // namespace

StreamRegistry::Ticket::Ticket(Ticket&& other) noexcept
    : registry_(std::exchange(other.registry_, nullptr)), number_(other.number_) {}

StreamRegistry::Ticket& StreamRegistry::Ticket::operator=(Ticket&& other) noexcept {
  if (this != &other) {
    Reset();
    registry_ = std::exchange(other.registry_, nullptr);
    number_ = other.number_;
  }
  return *this;
}

void StreamRegistry::Ticket::Reset() {
  if (registry_ != nullptr) std::exchange(registry_, nullptr)->Remove(number_);
}

absl::StatusOr<StreamRegistry::Ticket> StreamRegistry::Admit(const std::shared_ptr<ClosableStream>& stream,
                                                             std::shared_ptr<Caller> caller) {
  absl::MutexLock lock(&mu_);
  if (closing_) return ShuttingDown();
  if (absl::Status status = caller->CheckGood(); !status.ok()) return status;
  if (streams_.size() >= streams_max_) {
    return MakeError(Reason::kStreamsLimit,
                     absl::StrCat("the broker has ", streams_max_, " streams open, which is its limit"));
  }
  if (absl::Status status = caller->key().AddStream(); !status.ok()) return status;
  by_caller_[caller.get()].insert(++last_number_);
  streams_.emplace(last_number_, Open{stream, std::move(caller)});
  ArmCheck();
  return Ticket(this, last_number_);
}

void StreamRegistry::Remove(uint64_t number) {
  absl::MutexLock lock(&mu_);
  const auto found = streams_.find(number);
  const std::shared_ptr<Caller> caller = std::move(found->second.caller);
  streams_.erase(found);
  caller->key().RemoveStream();
  const auto group = by_caller_.find(caller.get());
  group->second.erase(number);
  if (group->second.empty()) by_caller_.erase(group);
}

void StreamRegistry::ArmCheck() {
  if (std::exchange(check_armed_, true)) return;
  timers_.Schedule(SteadyNow() + absl::ToChronoNanoseconds(kCallerCheckInterval), [this] { CheckCallers(); });
}

void StreamRegistry::CheckCallers() {
  std::vector<std::pair<absl::Status, std::shared_ptr<ClosableStream>>> ended;
  {
    absl::MutexLock lock(&mu_);
    check_armed_ = false;
    for (const auto& [caller, numbers] : by_caller_) {
      const absl::Status status = caller->CheckGood();
      if (status.ok()) continue;
      for (const uint64_t number : numbers) {
        if (auto stream = streams_[number].stream.lock()) ended.emplace_back(status, std::move(stream));
      }
    }
    if (!by_caller_.empty()) ArmCheck();
  }
  for (const auto& [status, stream] : ended) stream->Close(status);
}

absl::Status StreamRegistry::CheckServing() const {
  absl::MutexLock lock(&mu_);
  return closing_ ? ShuttingDown() : absl::OkStatus();
}

void StreamRegistry::CloseAll() {
  Streams streams;
  {
    absl::MutexLock lock(&mu_);
    closing_ = true;
    streams.reserve(streams_.size());
    for (const auto& [number, open] : streams_) {
      if (auto stream = open.stream.lock()) streams.push_back(std::move(stream));
    }
  }
  for (const auto& stream : streams) stream->Close(ShuttingDown());
}

size_t StreamRegistry::size() const {
  absl::MutexLock lock(&mu_);
  return streams_.size();
}

}  // namespace playhead::broker

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
  StreamRegistry* const registry = std::exchange(registry_, nullptr);
  if (registry == nullptr) return;
  absl::MutexLock lock(&registry->mu_);
  registry->streams_.erase(number_);
}

absl::StatusOr<StreamRegistry::Ticket> StreamRegistry::Admit(const std::shared_ptr<ClosableStream>& stream) {
  absl::MutexLock lock(&mu_);
  if (closing_) return ShuttingDown();
  if (streams_.size() >= streams_max_) {
    return MakeError(Reason::kStreamsLimit,
                     absl::StrCat("the broker has ", streams_max_, " streams open, which is its limit"));
  }
  streams_.emplace(++last_number_, stream);
  return Ticket(this, last_number_);
}

absl::Status StreamRegistry::CheckServing() const {
  absl::MutexLock lock(&mu_);
  return closing_ ? ShuttingDown() : absl::OkStatus();
}

void StreamRegistry::CloseAll() {
  std::vector<std::shared_ptr<ClosableStream>> streams;
  {
    absl::MutexLock lock(&mu_);
    closing_ = true;
    streams.reserve(streams_.size());
    for (const auto& [number, weak] : streams_) {
      if (auto stream = weak.lock()) streams.push_back(std::move(stream));
    }
  }
  for (const auto& stream : streams) stream->Close(ShuttingDown());
}

size_t StreamRegistry::size() const {
  absl::MutexLock lock(&mu_);
  return streams_.size();
}

}  // namespace playhead::broker

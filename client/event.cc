#include "client/event.h"

#include <string>

namespace playhead {
namespace {

// Takes one field that is not an event off the front of `message` and appends it, tag and all, to `rest`.
bool MoveField(absl::string_view& message, std::string& rest) {
  const absl::string_view from = message;
  const auto tag = ConsumeVarint(message);
  if (!tag) return false;
  switch (*tag & 7) {
    case 0:
      if (!ConsumeVarint(message)) return false;
      break;
    case 1:
      if (message.size() < 8) return false;
      message.remove_prefix(8);
      break;
    case 2: {
      const auto size = ConsumeVarint(message);
      if (!size || *size > message.size()) return false;
      message.remove_prefix(*size);
      break;
    }
    case 5:
      if (message.size() < 4) return false;
      message.remove_prefix(4);
      break;
    default:
      return false;
  }
  rest.append(from.data(), from.size() - message.size());
  return true;
}

}  // namespace

std::optional<absl::string_view> Event::attribute(absl::string_view key) const {
  for (const auto& [name, value] : view_.attributes) {
    if (name == key) return value;
  }
  return std::nullopt;
}

bool EventBatch::Decode(SharedBytes message, std::string& rest) {
  Clear();
  absl::string_view bytes = message.view;
  while (!bytes.empty()) {
    if (bytes[0] == kEventsTag) {
      const auto event = ConsumeEvent(bytes);
      if (!event || !views_.emplace_back().Parse(*event)) {
        Clear();
        return false;
      }
    } else if (!MoveField(bytes, rest)) {
      Clear();
      return false;
    }
  }
  owner_ = std::move(message.owner);
  return true;
}

EventBatch EventBatch::TakeFront(size_t count) {
  EventBatch front;
  front.owner_ = owner_;
  front.views_.assign(begin(), begin() + count);
  first_ += count;
  return front;
}

void EventBatch::DropThrough(uint64_t cursor) {
  while (!empty() && views_[first_].cursor <= cursor) ++first_;
}

void EventBatch::Clear() {
  owner_.reset();
  views_.clear();
  first_ = 0;
}

}  // namespace playhead

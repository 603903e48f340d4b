#include "tests/support/event_source.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace playhead::testing {

EventSource::EventSource(const std::string& address, absl::string_view path, absl::string_view headers)
    : connection_(address) {
  connection_.Send(absl::StrCat("GET ", path, " HTTP/1.1\r\n", connection_.host_header(),
                                "Accept: text/event-stream\r\n", headers, "\r\n"));
  constexpr absl::string_view kEnd = "\r\n\r\n";
  size_t end = 0;
  while ((end = received_.find(std::string(kEnd))) == std::string::npos) {
    if (!ReceiveMore()) return;
  }
  if (received_.find("Transfer-Encoding: chunked") < end) {
    std::string head = received_.substr(0, end + kEnd.size());
    received_.erase(0, head.size());
    response_ = TakeResponse(head, true);
    return;
  }
  while (true) {
    response_ = TakeResponse(received_);
    if (response_.status != 0) break;
    if (!ReceiveMore()) return;
  }
  body_ = response_.body;
  complete_ = true;
}

std::optional<EventSource::Event> EventSource::Next() {
  for (;;) {
    auto event = NextOfAny();
    if (!event || !event->data.empty()) return event;
  }
}

std::optional<EventSource::Event> EventSource::NextOfAny() {
  const auto block = NextBlock();
  if (!block) return std::nullopt;
  Event event;
  for (const absl::string_view line : absl::StrSplit(*block, '\n')) {
    const std::pair<absl::string_view, absl::string_view> field = absl::StrSplit(line, absl::MaxSplits(": ", 1));
    if (field.first == "id") last_event_id_ = std::string(field.second);
    if (field.first == "event") event.name = std::string(field.second);
    if (field.first == "data") absl::StrAppend(&event.data, event.data.empty() ? "" : "\n", field.second);
  }
  event.id = last_event_id_;
  return event;
}

void EventSource::AwaitId(absl::string_view id) {
  while (last_event_id_ != id) {
    if (!NextOfAny()) {
      std::fprintf(stderr, "the stream ended before the id %s came\n", std::string(id).c_str());
      std::abort();
    }
  }
}

EventSource::Event EventSource::NextNamed(absl::string_view name) {
  while (auto event = Next()) {
    if (event->name == name) return *std::move(event);
  }
  std::fprintf(stderr, "the stream ended before an event named %s came\n", std::string(name).c_str());
  std::abort();
}

std::optional<std::string> EventSource::NextBlock() {
  for (;;) {
    const size_t end = body_.find("\n\n");
    if (end != std::string::npos) {
      std::string block = body_.substr(0, end);
      body_.erase(0, end + 2);
      return block;
    }
    if (complete_ || !ReceiveChunk()) return std::nullopt;
  }
}

bool EventSource::ReceiveChunk() {
  for (;;) {
    const size_t line_end = received_.find("\r\n");
    size_t size = 0;
    if (line_end != std::string::npos) {
      if (!absl::SimpleHexAtoi(received_.substr(0, line_end), &size)) std::abort();
      if (received_.size() >= line_end + size + 4) {
        body_ += received_.substr(line_end + 2, size);
        received_.erase(0, line_end + size + 4);
        complete_ = size == 0;
        return !complete_;
      }
    }
    if (!ReceiveMore()) return false;
  }
}

bool EventSource::ReceiveMore() {
  std::array<char, 65536> bytes;
  const ssize_t size = recv(connection_.socket().native_handle(), bytes.data(), bytes.size(), 0);
  if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    std::fprintf(stderr, "nothing came for a long time\n");
    std::abort();
  }
  if (size <= 0) return false;
  received_.append(bytes.data(), static_cast<size_t>(size));
  return true;
}

}  // namespace playhead::testing

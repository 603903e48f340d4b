// WebSocketTransport: what lies beneath Beast's WebSocket, and gathers what is to be written.
//
// A write is a system call, which costs more than most messages do otherwise, and Beast makes one for each. So data
// frames do not go through Beast: they are appended here behind each other, and all that came since the last write goes
// out with the next one. What Beast writes by itself (the answer to the handshake, control frames) is appended whole,
// so that no frame ever stands amid another.
//
// A write that fails says nothing of what can still be read: Beast would read nothing after it, so it is told that all
// is well.
#ifndef PLAYHEAD_BROKER_HTTP_WEBSOCKET_TRANSPORT_H_
#define PLAYHEAD_BROKER_HTTP_WEBSOCKET_TRANSPORT_H_

#include <boost/asio/buffer.hpp>
#include <boost/asio/buffers_iterator.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"

namespace playhead::broker::http {

// Appends a whole message as one frame of a server (RFC 6455, 5.2).
inline void AppendWebSocketFrame(bool text, absl::string_view payload, std::string& out) {
  constexpr unsigned char kFinal = 0x80;
  const size_t size = payload.size();
  const int size_bytes = size < 126 ? 0 : size < 65'536 ? 2 : 8;
  out.push_back(static_cast<char>(kFinal | (text ? 1 : 2)));
  out.push_back(static_cast<char>(size_bytes == 0 ? size : size_bytes == 2 ? 126 : 127));
  for (int byte = size_bytes - 1; byte >= 0; --byte) {
    out.push_back(static_cast<char>(static_cast<uint64_t>(size) >> (8 * byte)));
  }
  out.append(payload.data(), payload.size());
}

// Not thread-safe. Whoever has it writes what Take gives to the stream itself, one at a time, and then calls Complete.
template <typename Stream>
class WebSocketTransport : public Stream {
 public:
  using Error = boost::system::error_code;

  explicit WebSocketTransport(Stream from) : Stream(std::move(from)) {}

  // Called when something is there to be taken.
  void SetOnAppended(std::function<void()> on_appended) { on_appended_ = std::move(on_appended); }

  // Nothing follows a close frame.
  bool sealed() const { return sealed_; }
  // A write has failed: the client gets nothing any more.
  bool broken() const { return broken_; }
  size_t appended_bytes() const { return appended_.size(); }

  // REQUIRES: not sealed, not broken.
  void AppendMessage(bool text, absl::string_view payload) {
    AppendWebSocketFrame(text, payload, appended_);
    on_appended_();
  }

  // Everything that was appended. REQUIRES: Complete was called for what was taken before.
  std::string Take() {
    taken_ = std::exchange(waiting_, nullptr);
    return std::exchange(appended_, std::string());
  }

  // What was taken is written, or cannot be: then neither can the rest.
  void Complete(Error error) {
    Done done = std::exchange(taken_, nullptr);
    if (error) {
      broken_ = true;
      appended_.clear();
      Abandon();
    }
    if (done != nullptr) done();
  }

  // Lets go of what Beast waits for, later.
  void Abandon() {
    for (Done* const waiting : {&taken_, &waiting_}) {
      if (*waiting != nullptr) boost::asio::post(this->get_executor(), std::exchange(*waiting, nullptr));
    }
  }

  // For Beast, which writes one thing at a time: done when it is written, so that what waits here is bounded.
  template <typename Buffers, typename Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    constexpr char kFinalClose = '\x88';
    const auto first = boost::asio::buffers_begin(buffers);
    const auto last = boost::asio::buffers_end(buffers);
    const auto size = static_cast<size_t>(last - first);
    Done done = [handler = std::forward<Handler>(handler), size]() mutable { std::move(handler)(Error(), size); };
    if (broken_) return boost::asio::post(this->get_executor(), std::move(done));
    if (size > 0 && *first == kFinalClose) sealed_ = true;
    appended_.append(first, last);
    waiting_ = std::move(done);
    on_appended_();
  }

 private:
  using Done = absl::AnyInvocable<void()>;

  std::function<void()> on_appended_;
  std::string appended_;
  bool sealed_ = false;
  bool broken_ = false;
  // Of what Beast wrote last: it is in `appended_`, or was taken.
  Done waiting_;
  Done taken_;
};

// The end of the transport is for the connection: Beast by itself would wait for the client without a limit. Beast
// finds this by the type of its argument.
template <typename Stream, typename Handler>
void async_teardown(boost::beast::role_type /*role*/, WebSocketTransport<Stream>& transport, Handler&& handler) {
  boost::asio::post(transport.get_executor(),
                    boost::beast::bind_front_handler(std::forward<Handler>(handler), boost::system::error_code()));
}

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_WEBSOCKET_TRANSPORT_H_

// WebSocketTransport: the stream beneath Beast's WebSocket, which batches writes.
//
// A write is a system call, which usually costs more than the rest of a message, and Beast makes one for each message.
// So data frames, and our close frame, bypass Beast: they are appended here, and everything appended since the last write
// goes out with the next one. What Beast writes itself (the answer to the handshake, other control frames) is appended
// as a whole, so that frames never interleave.
//
// A failed write does not mean that nothing more can be read, but Beast would stop reading. So Beast is told that the
// write succeeded.
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

// Appends a whole message as one server frame (RFC 6455, 5.2).
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

// Not thread-safe. The owner writes what Take returns to the stream itself, one write at a time, and then calls
// Complete.
template <typename Stream>
class WebSocketTransport : public Stream {
 public:
  using Error = boost::system::error_code;

  explicit WebSocketTransport(Stream from) : Stream(std::move(from)) {}

  // `on_appended` is called when there is something to Take.
  void SetOnAppended(std::function<void()> on_appended) { on_appended_ = std::move(on_appended); }

  // Nothing follows a close frame.
  bool sealed() const { return sealed_; }
  // A write has failed: nothing more reaches the client.
  bool broken() const { return broken_; }
  size_t appended_bytes() const { return appended_.size(); }

  // REQUIRES: not sealed, not broken.
  void AppendMessage(bool text, absl::string_view payload) {
    AppendWebSocketFrame(text, payload, appended_);
    on_appended_();
  }

  // Appends the last frame. The close frame with which Beast answers the client's is then dropped. `reason` has up to
  // 123 bytes. REQUIRES: not sealed, not broken.
  void AppendClose(uint16_t code, absl::string_view reason) {
    appended_.push_back(kFinalClose);
    appended_.push_back(static_cast<char>(sizeof(code) + reason.size()));
    appended_.push_back(static_cast<char>(code >> 8));
    appended_.push_back(static_cast<char>(code));
    appended_.append(reason.data(), reason.size());
    sealed_ = true;
    on_appended_();
  }

  // Everything that was appended. REQUIRES: Complete was called for what was taken before.
  std::string Take() {
    writing_ = true;
    taken_ = std::exchange(waiting_, nullptr);
    return std::exchange(appended_, std::string());
  }

  // The result of writing what Take returned. After an error, everything else is dropped.
  void Complete(Error error) {
    writing_ = false;
    Done done = std::exchange(taken_, nullptr);
    if (error) Abandon();
    if (done != nullptr) done();
  }

  // Nothing more will be written: completes the writes that Beast waits for, later, and all that follow.
  void Abandon() {
    broken_ = true;
    appended_.clear();
    for (Done* const waiting : {&taken_, &waiting_}) {
      if (*waiting != nullptr) boost::asio::post(this->get_executor(), std::exchange(*waiting, nullptr));
    }
  }

  // Called by Beast, for one write at a time. It completes when the bytes are written, so that what waits here is bounded.
  // Bytes after a close frame are dropped: their write completes when the close frame is written.
  template <typename Buffers, typename Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    const auto first = boost::asio::buffers_begin(buffers);
    const auto last = boost::asio::buffers_end(buffers);
    const auto size = static_cast<size_t>(last - first);
    Done done = [handler = std::forward<Handler>(handler), size]() mutable { std::move(handler)(Error(), size); };
    if (broken_ || (sealed_ && appended_.empty() && !writing_)) {
      return boost::asio::post(this->get_executor(), std::move(done));
    }
    if (sealed_) {
      (appended_.empty() ? taken_ : waiting_) = std::move(done);
      return;
    }
    if (size > 0 && *first == kFinalClose) sealed_ = true;
    appended_.append(first, last);
    waiting_ = std::move(done);
    on_appended_();
  }

 private:
  using Done = absl::AnyInvocable<void()>;

  static constexpr char kFinalClose = '\x88';

  std::function<void()> on_appended_;
  std::string appended_;
  bool sealed_ = false;
  bool writing_ = false;  // From Take to Complete.
  bool broken_ = false;
  // The completion of Beast's last write: of bytes in `appended_`, or of bytes that were taken.
  Done waiting_;
  Done taken_;
};

// The connection closes the transport itself: Beast would wait for the client without a limit. Beast finds this
// overload by the type of its argument.
template <typename Stream, typename Handler>
void async_teardown(boost::beast::role_type /*role*/, WebSocketTransport<Stream>& transport, Handler&& handler) {
  boost::asio::post(transport.get_executor(),
                    boost::beast::bind_front_handler(std::forward<Handler>(handler), boost::system::error_code()));
}

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_WEBSOCKET_TRANSPORT_H_

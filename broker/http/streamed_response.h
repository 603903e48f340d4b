// A response whose body a handler writes piece by piece (response_stream.h): frames the pieces and calls the handler.
// Its connection (connection.h) owns the socket and the time limits.
//
//     [opening] --- Open ---> [open] --- Finish ---> [ended]
//         |                     |                       ^
//         +---------------------+-------- Close --------+
//
// Each response has an object of its own, which drops its connection when it ends. So a handler that keeps the stream
// and calls it later cannot touch what the connection does next.
#ifndef PLAYHEAD_BROKER_HTTP_STREAMED_RESPONSE_H_
#define PLAYHEAD_BROKER_HTTP_STREAMED_RESPONSE_H_

#include <array>
#include <boost/asio/buffer.hpp>
#include <memory>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"
#include "broker/http/io_thread.h"
#include "broker/http/response_head.h"
#include "broker/http/response_stream.h"

namespace playhead::broker::http {

// All methods but Post are for the connection's thread. The handler may end the response within any call it gets.
// Ownership: owns the handler until OnClosed has returned. Borrows `owner` until the response ends, and `thread`, which
// must exist as long as Post may be called.
class StreamedResponse final : public ResponseStream, public std::enable_shared_from_this<StreamedResponse> {
 public:
  using Buffers = std::array<boost::asio::const_buffer, 3>;

  // The connection that sends the response. It never calls the response from within these methods.
  class Owner {
   public:
    // Writes `buffers`, then calls OnWritten; if the write fails or takes too long, calls Close. Keeps the response,
    // which owns the bytes, until the write has ended.
    virtual void WritePiece(const Buffers& buffers) = 0;
    // Drops the response, whose body is complete with `end`, and writes `end`, a constant.
    virtual void WriteEnd(absl::string_view end) = 0;
    // Closes the connection, which calls Close unless the response has ended by then.
    virtual void CloseLater() = 0;

   protected:
    ~Owner() = default;
  };

  // `length` is kChunked or kUntilClose.
  StreamedResponse(Owner& owner, IoThread& thread, BodyLength length, std::shared_ptr<ResponseStreamHandler> handler)
      : thread_(thread), chunked_(length == BodyLength::kChunked), owner_(&owner), handler_(std::move(handler)) {}

  // For the connection. All but Stop REQUIRE that the response has not ended.

  // The head is written.
  void Open();
  // The piece is written.
  void OnWritten();
  // The broker is stopping. Does nothing unless the response is open.
  void Stop();
  // The connection has ended.
  void Close();

  // ResponseStream.
  void Write(std::string bytes) override;
  void Finish() override;
  void Abort() override;
  void Post(absl::AnyInvocable<void()> task) override { thread_.Post(std::move(task)); }

 private:
  IoThread& thread_;
  const bool chunked_;
  Owner* owner_;                                    // nullptr once ended.
  std::shared_ptr<ResponseStreamHandler> handler_;  // nullptr once ended.
  bool open_ = false;                               // Open was called.
  // The piece that is being written.
  std::string chunk_start_;
  std::string piece_;
};

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_STREAMED_RESPONSE_H_

// Parses requests incrementally from the bytes of a connection, first the header, then the body. It knows no sockets.
#ifndef PLAYHEAD_BROKER_HTTP_REQUEST_READER_H_
#define PLAYHEAD_BROKER_HTTP_REQUEST_READER_H_

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "broker/http/request.h"

namespace playhead::broker::http {

// Why a request cannot be read. The connection must end, since the start of the next request is unknown.
struct Refusal {
  absl::Status error;
  int status;  // The HTTP status.
};

// Not thread-safe. Memory: the buffer, one header, and the part of the body read so far.
class RequestReader {
 public:
  enum class Progress { kNeedsMore, kDone, kRefused };

  explicit RequestReader(size_t header_bytes_max) : header_bytes_max_(header_bytes_max) {}

  // Bytes that arrived and were not parsed yet. The connection appends to it; a chunk's header or the trailers of a
  // request may take as much of it as the request's own header.
  boost::beast::flat_buffer& buffer() { return buffer_; }

  // Prepares for the next request.
  void Begin();

  // Continues to parse the request line and headers, and checks what HTTP requires of them:
  //   400  MALFORMED_REQUEST: not HTTP/1; no Host (HTTP/1.1) or several; an ambiguous length.
  //   417, 431, 501, 505  MALFORMED_REQUEST: an expectation, a header size, a transfer coding, or a version that is not
  //        supported.
  Progress ReadHeader();

  // The parsed header. REQUIRES: ReadHeader has returned kDone.
  Verb method() const { return parser_->get().method(); }
  absl::string_view target() const { return target_; }
  boost::beast::http::fields& headers() { return headers_; }
  std::optional<absl::string_view> Header(absl::string_view name) const;  // The first with this name.
  std::optional<uint64_t> content_length() const;
  bool has_body() const;
  bool keep_alive() const { return parser_->keep_alive(); }
  bool is_http_1_0() const { return parser_->get().version() == 10; }
  bool expects_continue() const { return expects_continue_; }

  // Continues to parse the body.
  //   400  MALFORMED_REQUEST: a bad chunk.
  //   413  BODY_TOO_LARGE: longer than `bytes_max`.
  // REQUIRES: ReadHeader has returned kDone.
  Progress ReadBody(size_t bytes_max);

  // How much of the body has been parsed.
  size_t body_bytes() const { return parser_->get().body().size(); }
  // REQUIRES: ReadBody has returned kDone.
  std::string TakeBody() { return std::move(parser_->get().body()); }

  // REQUIRES: the last call returned kRefused.
  const Refusal& refusal() const { return refusal_; }

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  Progress Refuse(int status, absl::string_view message);
  // Translates an error of the parser.
  Progress RefuseFor(const boost::system::error_code& error);
  // Passes the buffer to the parser.
  Progress Put();
  Progress CheckHeader();
  Progress CheckTransferCoding();

  const size_t header_bytes_max_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  // Taken from the parser before the body, so that trailers are not among them.
  boost::beast::http::fields headers_;
  std::string target_;
  bool expects_continue_ = false;
  Refusal refusal_;
};

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_REQUEST_READER_H_

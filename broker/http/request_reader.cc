#include "broker/http/request_reader.h"

#include <boost/beast/http/error.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"

namespace playhead::broker::http {
namespace {

namespace beast_http = boost::beast::http;

}  // namespace

void RequestReader::Begin() {
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(header_bytes_max_));
  parser_->body_limit(boost::none);  // The route's limit is not known yet.
  headers_.clear();
  expects_continue_ = false;
}

RequestReader::Progress RequestReader::ReadHeader() {
  while (!parser_->is_header_done()) {
    const Progress progress = Put();
    if (progress != Progress::kDone) return progress;
  }
  return CheckHeader();
}

std::optional<absl::string_view> RequestReader::Header(absl::string_view name) const {
  const auto found = headers_.find({name.data(), name.size()});
  if (found == headers_.end()) return std::nullopt;
  return absl::string_view(found->value().data(), found->value().size());
}

std::optional<uint64_t> RequestReader::content_length() const {
  const auto length = parser_->content_length();
  return length ? std::optional<uint64_t>(*length) : std::nullopt;
}

bool RequestReader::has_body() const { return parser_->chunked() || content_length().value_or(0) > 0; }

RequestReader::Progress RequestReader::ReadBody(size_t bytes_max) {
  while (!parser_->is_done()) {
    // Before the parser allocates what the header announces, and after each piece of a chunked body.
    if (content_length().value_or(0) > bytes_max || body_bytes() > bytes_max) {
      refusal_ = {MakeError(Reason::kBodyTooLarge, absl::StrCat("the request's body is longer than the ", bytes_max,
                                                                " bytes that this path takes")),
                  413};
      return Progress::kRefused;
    }
    const Progress progress = Put();
    if (progress != Progress::kDone) return progress;
  }
  return Progress::kDone;
}

RequestReader::Progress RequestReader::Put() {
  if (buffer_.size() == 0) return Progress::kNeedsMore;
  boost::system::error_code error;
  buffer_.consume(parser_->put(buffer_.data(), error));
  if (!error) return Progress::kDone;
  if (error != beast_http::error::need_more) return RefuseFor(error);
  // The parser does not limit what surrounds a chunk.
  if (buffer_.size() >= header_bytes_max_) return RefuseFor(beast_http::error::header_limit);
  return Progress::kNeedsMore;
}

RequestReader::Progress RequestReader::Refuse(int status, absl::string_view message) {
  refusal_ = {MakeError(Reason::kMalformedRequest, message), status};
  return Progress::kRefused;
}

RequestReader::Progress RequestReader::RefuseFor(const boost::system::error_code& error) {
  if (error == beast_http::error::header_limit) {
    return Refuse(431, absl::StrCat("the request's line and headers are longer than ", header_bytes_max_, " bytes"));
  }
  if (error == beast_http::error::bad_version) return Refuse(505, "this is not HTTP/1.0 or HTTP/1.1");
  return Refuse(400, absl::StrCat("the request is not HTTP/1.1: ", error.message()));
}

RequestReader::Progress RequestReader::CheckHeader() {
  target_.assign(parser_->get().target().data(), parser_->get().target().size());
  headers_ = std::move(static_cast<beast_http::fields&>(parser_->get().base()));
  const size_t hosts = headers_.count(beast_http::field::host);
  if (hosts > 1 || (hosts == 0 && !is_http_1_0())) {
    return Refuse(400, absl::StrCat("the request has ", hosts, " Host headers; exactly one is needed"));
  }
  const auto expectation = is_http_1_0() ? std::nullopt : Header("Expect");
  expects_continue_ = expectation.has_value();
  if (expectation && !absl::EqualsIgnoreCase(*expectation, "100-continue")) {
    return Refuse(417, "the only expectation that is served is 100-continue");
  }
  return CheckTransferCoding();
}

// If a proxy and the broker disagreed about where a request ends, another request could be hidden in it (request
// smuggling; RFC 9112, 6.1). The parser itself refuses a length together with chunks, and lengths that differ.
RequestReader::Progress RequestReader::CheckTransferCoding() {
  const auto coding = Header("Transfer-Encoding");
  if (!coding) return Progress::kDone;
  if (is_http_1_0()) return Refuse(400, "HTTP/1.0 has no transfer codings");
  // The parser uses the last of them; others may use the first.
  if (headers_.count(beast_http::field::transfer_encoding) > 1) {
    return Refuse(400, "the request has several Transfer-Encoding headers");
  }
  if (!parser_->chunked() || !absl::EqualsIgnoreCase(*coding, "chunked")) {
    return Refuse(501, "the only transfer coding that is served is chunked");
  }
  return Progress::kDone;
}

}  // namespace playhead::broker::http

#include "tests/fuzz/http_targets.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "broker/dialects/vzaps/connect_request.h"
#include "broker/http/request.h"
#include "broker/http/request_reader.h"
#include "broker/http/responder.h"
#include "broker/http/router.h"
#include "broker/http/target.h"
#include "broker/http_api/listing.h"
#include "broker/http_api/parameters.h"
#include "broker/listing/page_size.h"
#include "broker/replay/endpoint.h"
#include "tests/fuzz/promise.h"

namespace playhead::fuzz {
namespace {

// Every byte as %XX.
std::string Encoded(absl::string_view text) {
  std::string encoded;
  for (const char c : text) absl::StrAppendFormat(&encoded, "%%%02x", static_cast<unsigned char>(c));
  return encoded;
}

absl::string_view View(boost::beast::string_view text) { return {text.data(), text.size()}; }

constexpr size_t kHeaderBytesMax = 1024;
constexpr size_t kBodyBytesMax = 4096;

// What a connection makes of the bytes that arrive: each request, up to one that it refuses or that is not complete.
// Which of the two it is is up to the pieces: the parser finds some faults of a line only where the line ends.
std::vector<std::string> RequestsIn(absl::string_view bytes, size_t piece_bytes) {
  using Progress = broker::http::RequestReader::Progress;
  broker::http::RequestReader reader(kHeaderBytesMax);
  std::vector<std::string> requests;
  const auto read = [&](auto step) {
    Progress progress = step();
    while (progress == Progress::kNeedsMore && !bytes.empty()) {
      const absl::string_view piece = bytes.substr(0, piece_bytes);
      reader.buffer().commit(boost::asio::buffer_copy(reader.buffer().prepare(piece.size()),
                                                      boost::asio::buffer(piece.data(), piece.size())));
      bytes.remove_prefix(piece.size());
      progress = step();
    }
    return progress;
  };
  for (;;) {
    reader.Begin();
    Progress progress = read([&] { return reader.ReadHeader(); });
    if (progress == Progress::kDone) {
      requests.push_back(absl::StrCat(reader.target(), reader.has_body() ? " with a body" : ""));
      for (const auto& header : reader.headers()) {
        absl::StrAppend(&requests.back(), "\n", View(header.name_string()), ": ", View(header.value()));
      }
      const bool keep_alive = reader.keep_alive();
      progress = read([&] { return reader.ReadBody(kBodyBytesMax); });
      if (progress == Progress::kDone) {
        Require(reader.body_bytes() <= kBodyBytesMax, "a body has a bound");
        absl::StrAppend(&requests.back(), "\n\n", reader.TakeBody());
        if (keep_alive) continue;
      }
    }
    if (progress == Progress::kRefused) {
      Require(reader.refusal().status >= 400 && reader.refusal().status < 600, "a refusal has a status");
    }
    return requests;
  }
}

}  // namespace

void HttpTarget(absl::string_view bytes) {
  const auto target = broker::http::ParseTarget(bytes);
  if (!target.ok()) return;
  Require(!target->segments.empty(), "a path has a segment");
  std::string again;
  for (const std::string& segment : target->segments) absl::StrAppend(&again, "/", Encoded(segment));
  for (size_t i = 0; i < target->query.size(); ++i) {
    const broker::http::Parameter& parameter = target->query[i];
    absl::StrAppend(&again, i == 0 ? "?" : "&", Encoded(parameter.name), "=", Encoded(parameter.value));
  }
  const auto reread = broker::http::ParseTarget(again);
  Require(reread.ok() && reread->segments == target->segments && reread->query == target->query,
          "a target survives the trip through its encoding");

  static const broker::http::Router& router = *[] {
    auto* const made = new broker::http::Router();
    made->Add(broker::http::Verb::get, "/v1/{name}", {}, [](broker::http::Request, broker::http::Responder) {});
    return made;
  }();
  const auto match = router.Find(broker::http::Verb::get, target->segments);
  const bool expected = target->segments.size() == 2 && target->segments[0] == "v1" && !target->segments[1].empty();
  Require((match.route != nullptr) == expected, "a path is routed by its segments");
  if (expected) Require(match.path_parameters[0].value == target->segments[1], "a parameter is its segment");
}

void HttpRequest(absl::string_view bytes) {
  Require(RequestsIn(bytes, 1) == RequestsIn(bytes, bytes.size()), "how the bytes arrive changes nothing");
}

void HttpParameters(absl::string_view bytes) {
  namespace http_api = broker::http_api;
  auto target = broker::http::ParseTarget(bytes);
  if (!target.ok()) return;
  broker::http::Request request;
  request.query = std::move(target->query);
  if (const auto listing = http_api::ReadListing(request, {"instance"}); listing.ok()) {
    Require(listing->page_size > 0 && listing->page_size <= broker::kPageSizeMax, "a page has a bound");
    Require(absl::StartsWith(listing->after_name, listing->prefix) || listing->after_name.empty(),
            "a page is of its listing");
  }
  http_api::ReadStart(request).status().IgnoreError();
  http_api::FlagParameter(request, "allow_gap").status().IgnoreError();
  http_api::CursorParameter(request, "until").status().IgnoreError();
  if (const auto limit = http_api::NumberParameter(request, "limit"); limit.ok() && limit->has_value()) {
    Require(absl::StrContains(absl::StrCat("0", *request.Query("limit")), absl::StrCat(**limit)),
            "a number is its digits");
  }
  std::string types;
  for (const absl::string_view type : http_api::ListParameter(request, "types")) absl::StrAppend(&types, type, ",");
  if (!types.empty()) Require(types == absl::StrCat(*request.Query("types"), ","), "a list is its parts");

  const auto connect = broker::vzaps::ReadConnectRequest(request);
  if (!connect.ok()) return;
  Require(!connect->access_token.empty() && !connect->instance_token.empty() && !connect->instance.empty(),
          "a connection says who and where");
  Require(connect->events.size() <= broker::vzaps::kEventNamesMax, "names have a bound");
}

void Endpoint(absl::string_view bytes) {
  namespace replay = broker::replay;
  const auto endpoint = replay::ParseEndpoint(bytes);
  if (!endpoint.ok()) return;
  Require(!endpoint->host.empty() && endpoint->port != 0, "an endpoint is somewhere");
  for (const std::string* text : {&endpoint->host, &endpoint->target, &endpoint->host_header}) {
    for (const char c : *text) {
      Require(absl::ascii_isgraph(static_cast<unsigned char>(c)), "nothing breaks out of a request's line or header");
    }
  }
  const auto again = replay::ParseEndpoint(
      absl::StrCat(endpoint->tls ? "https" : "http", "://", endpoint->host_header, endpoint->target));
  Require(again.ok() && *again == *endpoint, "an endpoint survives the trip through its URL");

  static const auto* const only = new auto(replay::EndpointPolicy::Make({"https://example.com/hooks"}, nullptr));
  const bool let = endpoint->tls && endpoint->host == "example.com" && endpoint->port == 443 &&
                   (endpoint->path == "/hooks" || absl::StartsWith(endpoint->path, "/hooks/"));
  Require((*only)->Check(*endpoint).ok() == let, "a policy lets through what begins with its prefix, and no more");
}

}  // namespace playhead::fuzz

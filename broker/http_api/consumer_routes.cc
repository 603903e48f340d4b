#include "broker/http_api/consumer_routes.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "broker/auth/caller.h"
#include "broker/consumers/consumer_info.h"
#include "broker/consumers/consumer_registry.h"
#include "broker/consumers/holder.h"
#include "broker/http/response.h"
#include "broker/http_api/access.h"
#include "broker/http_api/listing.h"
#include "broker/listing/page_token.h"
#include "proto/event_json.h"

namespace playhead::broker::http_api {
namespace {

std::string SourceJson(const ConsumerSource& source) {
  switch (source.kind) {
    case ConsumerSource::Kind::kInstance:
      return absl::StrCat(R"({"instance":)", JsonString(source.name), "}");
    case ConsumerSource::Kind::kPrefix:
      return absl::StrCat(R"({"prefix":)", JsonString(source.name), "}");
    case ConsumerSource::Kind::kAll:
      break;
  }
  return R"({"all":{}})";
}

absl::string_view KindName(EventCount::Kind kind) {
  switch (kind) {
    case EventCount::Kind::kExact:
      return "EXACT";
    case EventCount::Kind::kAtMost:
      return "AT_MOST";
    case EventCount::Kind::kAtLeast:
      break;
  }
  return "AT_LEAST";
}

absl::string_view PauseName(ConsumerPause pause) {
  switch (pause) {
    case ConsumerPause::kNone:
      break;
    case ConsumerPause::kInFlight:
      return "IN_FLIGHT";
    case ConsumerPause::kNoCredit:
      return "NO_CREDIT";
    case ConsumerPause::kExceptionsFull:
      return "EXCEPTIONS_FULL";
    case ConsumerPause::kParkedFull:
      return "PARKED_FULL";
    case ConsumerPause::kStore:
      return "STORE";
    case ConsumerPause::kNoHolder:
      return "NO_HOLDER";
  }
  return "";
}

std::string ConsumerJson(const ConsumerInfo& info) {
  std::string out =
      absl::StrCat(R"({"name":)", JsonString(info.config.name), R"(,"source":)", SourceJson(info.config.source),
                   R"(,"lag":{"event_count":)", info.lag.events, R"(,"kind":")", KindName(info.lag.kind),
                   R"("},"unsettled_count":)", info.unsettled_events, R"(,"in_flight":)", info.in_flight,
                   R"(,"parked_count":)", info.parked_events, R"(,"holder_count":)", info.holders.size());
  if (info.pause != ConsumerPause::kNone) absl::StrAppend(&out, R"(,"pause":")", PauseName(info.pause), "\"");
  return out + "}";
}

std::string PageJson(const std::vector<ConsumerInfo>& rows, size_t page_size) {
  std::string out = R"({"consumers":[)";
  for (size_t i = 0; i < rows.size() && i < page_size; ++i) {
    absl::StrAppend(&out, i == 0 ? "" : ",", ConsumerJson(rows[i]));
  }
  out += ']';
  if (rows.size() > page_size) {
    absl::StrAppend(&out, R"(,"next_page_token":")", EncodePageToken(rows[page_size - 1].config.name), "\"");
  }
  return out + "}";
}

}  // namespace

void ListConsumers(const Services& services, http::Request request, http::Responder responder) {
  std::shared_ptr<Caller> caller = Admit(services, request, Credentials::kSecret, responder);
  if (caller == nullptr) return;
  auto listing = ReadListing(request, {});
  if (!listing.ok()) return std::move(responder).Refuse(listing.status());
  // One row more than the page says whether there is another page.
  services.consumers.List(
      std::move(caller), std::move(listing->prefix), std::move(listing->after_name), listing->page_size + 1,
      [page_size = listing->page_size,
       responder = std::move(responder)](absl::StatusOr<std::vector<ConsumerInfo>> rows) mutable {
        if (!rows.ok()) return std::move(responder).Refuse(rows.status());
        std::move(responder).Send({.content_type = "application/json", .body = PageJson(*rows, page_size)});
      });
}

}  // namespace playhead::broker::http_api

#include "broker/http_api/read_routes.h"

#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "broker/auth/caller.h"
#include "broker/http_api/access.h"
#include "broker/http_api/event_stream.h"
#include "broker/http_api/fetch_body.h"
#include "broker/http_api/frames.h"
#include "broker/http_api/parameters.h"
#include "broker/read/fetch.h"
#include "broker/read/instance_sources.h"
#include "broker/read/many_subscription.h"
#include "broker/read/read_rules.h"
#include "broker/read/store_position_token.h"
#include "broker/read/subscription.h"
#include "storage/event_filter.h"
#include "storage/event_log.h"

namespace playhead::broker::http_api {
namespace {

absl::StatusOr<std::shared_ptr<const storage::EventFilter>> ReadFilter(const http::Request& request) {
  return MakeFilter(ListParameter(request, "types"), request.Query("id_prefix").value_or(""));
}

// Reads the parameters that pages and streams of one log share, and checks that `caller` may read it.
template <typename Out>
absl::StatusOr<Out> ReadCommon(const http::Request& request, std::shared_ptr<Caller> caller) {
  Out out;
  out.instance = std::string(request.PathParameter("name"));
  if (absl::Status status = storage::CheckInstanceName(out.instance); !status.ok()) return status;
  auto start = ReadStart(request);
  if (!start.ok()) return start.status();
  out.start = *start;
  auto filter = ReadFilter(request);
  if (!filter.ok()) return filter.status();
  out.filter = *std::move(filter);
  const auto allow_gap = FlagParameter(request, "allow_gap");
  if (!allow_gap.ok()) return allow_gap.status();
  out.allow_gap = *allow_gap;
  if (absl::Status status = CheckReader(*caller, out.instance, out.filter.get()); !status.ok()) return status;
  out.caller = std::move(caller);
  return out;
}

absl::StatusOr<FetchRequest> ReadFetch(const http::Request& request, std::shared_ptr<Caller> caller) {
  absl::Status named = CheckParameters(request, {"after", "from", "types", "id_prefix", "allow_gap", "until", "limit",
                                                 "reverse", kAccessTokenParameter});
  if (!named.ok()) return named;
  auto fetch = ReadCommon<FetchRequest>(request, std::move(caller));
  if (!fetch.ok()) return fetch.status();
  const auto until = CursorParameter(request, "until");
  if (!until.ok()) return until.status();
  fetch->until = until->value_or(storage::Cursor());
  const auto limit = NumberParameter(request, "limit");
  if (!limit.ok()) return limit.status();
  const auto events_max = CheckFetchLimit(limit->value_or(0));
  if (!events_max.ok()) return events_max.status();
  fetch->events_max = *events_max;
  const auto reverse = FlagParameter(request, "reverse");
  if (!reverse.ok()) return reverse.status();
  fetch->reverse = *reverse;
  return fetch;
}

absl::StatusOr<SubscriptionRequest> ReadSubscription(const http::Request& request, std::shared_ptr<Caller> caller) {
  absl::Status named =
      CheckParameters(request, {"after", "from", "types", "id_prefix", "allow_gap", kAccessTokenParameter});
  if (!named.ok()) return named;
  return ReadCommon<SubscriptionRequest>(request, std::move(caller));
}

absl::StatusOr<ManyStart> ReadManyStart(const storage::EventLog& log, const http::Request& request) {
  const auto text = ReadStartText(request);
  if (!text.ok()) return text.status();
  if (text->is_after) {
    const auto position = DecodeStorePosition(log.store_id(), text->text);
    if (!position.ok()) return position.status();
    return AfterPosition{*position};
  }
  auto start = ParseFrom(text->text);
  if (!start.ok()) return start.status();
  if (std::holds_alternative<FromBeginning>(*start)) return FromBeginning{};
  if (std::holds_alternative<FromNow>(*start)) return FromNow{};
  return std::get<FromTime>(*start);
}

absl::StatusOr<ManySubscriptionRequest> ReadManySubscription(const storage::EventLog& log, const http::Request& request,
                                                             const std::shared_ptr<Caller>& caller) {
  absl::Status named = CheckParameters(
      request, {"instances", "prefix", "after", "from", "types", "id_prefix", "allow_gap", kAccessTokenParameter});
  if (!named.ok()) return named;
  ManySubscriptionRequest out;
  auto start = ReadManyStart(log, request);
  if (!start.ok()) return start.status();
  out.start = *start;
  auto filter = ReadFilter(request);
  if (!filter.ok()) return filter.status();
  out.filter = *std::move(filter);
  const auto allow_gap = FlagParameter(request, "allow_gap");
  if (!allow_gap.ok()) return allow_gap.status();
  out.allow_gap = *allow_gap;
  InstanceSources sources;
  for (const absl::string_view name : ListParameter(request, "instances")) sources.names.emplace_back(name);
  sources.prefix = std::string(request.Query("prefix").value_or(""));
  sources.all = !request.Query("instances") && !request.Query("prefix");
  auto instances = MakeInstanceSelector(std::move(sources), caller, out.filter.get());
  if (!instances.ok()) return instances.status();
  out.instances = *std::move(instances);
  return out;
}

// A HEAD request never starts a stream.
void SendHead(http::Responder responder) { std::move(responder).Send(EventStreamHead()); }

void FetchEvents(const Services& services, const http::Request& request, const std::shared_ptr<Caller>& caller,
                 http::Responder responder) {
  auto fetch = ReadFetch(request, caller);
  if (!fetch.ok()) return std::move(responder).Refuse(fetch.status());
  std::string instance = fetch->instance;
  Fetch::Start(
      services.core, *std::move(fetch),
      [instance = std::move(instance), responder = std::move(responder)](absl::StatusOr<FetchPage> page) mutable {
        if (!page.ok()) return std::move(responder).Refuse(page.status());
        SendFetchPage(std::move(instance), *std::move(page), std::move(responder));
      });
}

}  // namespace

void ReadEvents(const Services& services, http::Request request, http::Responder responder) {
  std::shared_ptr<Caller> caller = Admit(services, request, Credentials::kSecretOrToken, responder);
  if (caller == nullptr) return;
  if (!WantsEventStream(request)) return FetchEvents(services, request, caller, std::move(responder));
  auto subscription = ReadSubscription(request, caller);
  if (!subscription.ok()) return Refuse(request, subscription.status(), std::move(responder));
  if (request.method == http::Verb::head) return SendHead(std::move(responder));
  InstanceFrames frames(subscription->instance, services.core.limits.heartbeat_interval);
  EventStream<Subscription, InstanceFrames>::Start(services.core, *std::move(subscription), std::move(caller),
                                                   std::move(frames), std::move(request), std::move(responder));
}

void ReadManyEvents(const Services& services, http::Request request, http::Responder responder) {
  std::shared_ptr<Caller> caller = Admit(services, request, Credentials::kSecretOrToken, responder);
  if (caller == nullptr) return;
  auto subscription = ReadManySubscription(services.core.log, request, caller);
  if (!subscription.ok()) return Refuse(request, subscription.status(), std::move(responder));
  if (request.method == http::Verb::head) return SendHead(std::move(responder));
  ManyFrames frames(services.core.log, services.core.limits.heartbeat_interval);
  EventStream<ManySubscription, ManyFrames>::Start(services.core, *std::move(subscription), std::move(caller),
                                                   std::move(frames), std::move(request), std::move(responder));
}

}  // namespace playhead::broker::http_api

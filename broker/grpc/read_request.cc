#include "broker/grpc/read_request.h"

#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "broker/read/instance_sources.h"
#include "broker/read/read_rules.h"
#include "broker/read/store_position_token.h"
#include "proto/errors.h"

namespace playhead::broker {
namespace {

template <typename Request>
absl::StatusOr<std::shared_ptr<const storage::EventFilter>> ToFilter(const Request& request) {
  return MakeFilter(std::vector<absl::string_view>(request.types().begin(), request.types().end()),
                    request.id_prefix());
}

// Converts the fields that both kinds of request have.
template <typename Out, typename Request>
absl::StatusOr<Out> ToCommon(const Request& request) {
  if (absl::Status status = storage::CheckInstanceName(request.instance()); !status.ok()) return status;
  auto start = ToStartPosition(request.start());
  if (!start.ok()) return start.status();
  auto filter = ToFilter(request);
  if (!filter.ok()) return filter.status();
  Out out;
  out.instance = request.instance();
  out.start = *start;
  out.filter = *std::move(filter);
  out.allow_gap = request.allow_gap();
  return out;
}

}  // namespace

absl::StatusOr<SubscriptionRequest> ToSubscriptionRequest(const v1::SubscribeRequest& request) {
  return ToCommon<SubscriptionRequest>(request);
}

absl::StatusOr<ManySubscriptionRequest> ToManySubscriptionRequest(const storage::EventLog& log,
                                                                  const v1::SubscribeManyRequest& request,
                                                                  const std::shared_ptr<const Caller>& caller) {
  ManySubscriptionRequest out;
  switch (request.start_case()) {
    case v1::SubscribeManyRequest::kAfterPosition: {
      const auto position = DecodeStorePosition(log.store_id(), request.after_position());
      if (!position.ok()) return position.status();
      out.start = AfterPosition{*position};
      break;
    }
    case v1::SubscribeManyRequest::kBeginning:
      out.start = FromBeginning{};
      break;
    case v1::SubscribeManyRequest::kNow:
      out.start = FromNow{};
      break;
    case v1::SubscribeManyRequest::kTime:
      out.start = FromTime{storage::Timestamp(request.time())};
      break;
    case v1::SubscribeManyRequest::START_NOT_SET:
      return MakeError(Reason::kStartRequired, "say where to read from: after_position, beginning, now or time");
  }
  auto filter = ToFilter(request);
  if (!filter.ok()) return filter.status();
  InstanceSources sources;
  sources.names.assign(request.instances().names().names().begin(), request.instances().names().names().end());
  sources.prefix = request.instances().prefix();
  sources.all = request.instances().has_all();
  auto instances = MakeInstanceSelector(std::move(sources), caller, filter->get());
  if (!instances.ok()) return instances.status();
  out.instances = *std::move(instances);
  out.filter = *std::move(filter);
  out.allow_gap = request.allow_gap();
  return out;
}

absl::StatusOr<FetchRequest> ToFetchRequest(const v1::FetchMissedRequest& request) {
  auto fetch = ToCommon<FetchRequest>(request);
  if (!fetch.ok()) return fetch.status();
  const auto events_max = CheckFetchLimit(request.limit());
  if (!events_max.ok()) return events_max.status();
  fetch->until = storage::Cursor(request.until_cursor());
  fetch->events_max = *events_max;
  fetch->reverse = request.reverse();
  return fetch;
}

v1::Gap ToProto(const Gap& gap) {
  v1::Gap out;
  out.set_cause(v1::Gap::TRIMMED);
  out.set_after_cursor(gap.after.value());
  out.set_last_cursor(gap.last.value());
  out.set_event_count(gap.event_count);
  return out;
}

}  // namespace playhead::broker

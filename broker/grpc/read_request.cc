#include "broker/grpc/read_request.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "broker/auth/permission.h"
#include "broker/instance_sources.h"
#include "broker/store_position_token.h"
#include "proto/errors.h"

namespace playhead::broker {
namespace {

// nullptr for a filter that filters nothing.
absl::StatusOr<std::shared_ptr<const storage::EventFilter>> ToFilter(
    const google::protobuf::RepeatedPtrField<std::string>& types, absl::string_view id_prefix) {
  const std::vector<absl::string_view> patterns(types.begin(), types.end());
  auto filter = storage::EventFilter::Make(patterns, id_prefix);
  if (!filter.ok()) return filter.status();
  if (filter->IsDefault()) return nullptr;
  return std::make_shared<const storage::EventFilter>(*std::move(filter));
}

// Fills in what both kinds of request have.
template <typename Out, typename Request>
absl::StatusOr<Out> ToCommon(const Request& request) {
  if (absl::Status status = storage::CheckInstanceName(request.instance()); !status.ok()) return status;
  auto start = ToStartPosition(request.start());
  if (!start.ok()) return start.status();
  auto filter = ToFilter(request.types(), request.id_prefix());
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
      const auto position = DecodeStorePosition(log, request.after_position());
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
  auto filter = ToFilter(request.types(), request.id_prefix());
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
  if (request.limit() > storage::kFetchEventsMax) {
    return MakeError(Reason::kLimitInvalid,
                     absl::StrCat("`limit` is ", request.limit(), "; 1 to ", storage::kFetchEventsMax,
                                  " are allowed, and 0 for ", storage::kFetchEventsDefault));
  }
  fetch->until = storage::Cursor(request.until_cursor());
  fetch->events_max = request.limit() == 0 ? storage::kFetchEventsDefault : request.limit();
  fetch->reverse = request.reverse();
  return fetch;
}

absl::Status CheckReader(const Caller& caller, absl::string_view instance, const storage::EventFilter* filter) {
  absl::Status status = caller.Check(Permission::kSubscribe, instance);
  if (status.ok() && filter != nullptr && filter->NamesHiddenTypes()) {
    status = caller.Check(Permission::kManage, instance);
  }
  return status;
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

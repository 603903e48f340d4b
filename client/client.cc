#include "client/client.h"

#include <algorithm>
#include <utility>

#include "client/grpc_connection.h"
#include "client/internal/backoff.h"
#include "proto/errors.h"

namespace playhead {
namespace {

// Page sizes for ranges that are walked: few calls, none of them large.
constexpr uint32_t kFetchPageEvents = 1000;
constexpr uint32_t kInstancesPage = 500;
// An attempt that begins in this last part of a call's time has little of it: the last quarter.
constexpr int kLatePart = 4;

const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

// Calls `attempt(deadline)` until it succeeds, `may_repeat` rejects its error, the backoff allows no more attempts, or
// request_timeout would pass before the next one.
template <typename Attempt, typename MayRepeat>
auto Retry(const ClientOptions& options, Attempt attempt, MayRepeat may_repeat) -> decltype(attempt(absl::Time())) {
  const absl::Time deadline = options.timers->Now() + options.request_timeout;
  internal::Backoff backoff(options.backoff);
  absl::Status unreachable;  // Why the attempt before this one did not reach the broker.
  while (true) {
    const bool is_late = deadline - options.timers->Now() < options.request_timeout / kLatePart;
    auto result = attempt(deadline);
    const absl::Status& status = StatusOf(result);
    // An attempt that had little time left says less than the one before it.
    if (is_late && absl::IsDeadlineExceeded(status) && !internal::SaidByBroker(status) && !unreachable.ok()) {
      return unreachable;
    }
    unreachable = absl::IsUnavailable(status) && !internal::SaidByBroker(status) ? status : absl::OkStatus();
    if (status.ok() || !may_repeat(status)) return result;
    const std::optional<absl::Duration> delay = backoff.Next();
    if (!delay) return result;
    const absl::Duration wait = std::max(*delay, RetryAfter(status).value_or(absl::ZeroDuration()));
    if (options.timers->Now() + wait >= deadline) return result;
    SleepOn(*options.timers, wait);
  }
}

// Whether the broker says that nothing was stored and that the same append may succeed later.
bool NothingStored(const absl::Status& status) {
  return internal::SaidByBroker(status) && IsRetryable(status) && !HasReason(status, Reason::kAppendUncertain);
}

v1::FetchMissedRequest ToProto(const FetchRequest& request) {
  v1::FetchMissedRequest proto;
  proto.set_instance(request.instance);
  *proto.mutable_start() = request.start.proto();
  proto.set_until_cursor(request.until_cursor);
  proto.set_limit(static_cast<uint32_t>(std::min<uint64_t>(request.limit, UINT32_MAX)));
  proto.set_reverse(request.reverse);
  proto.mutable_types()->Assign(request.types.begin(), request.types.end());
  proto.set_id_prefix(request.id_prefix);
  proto.set_allow_gap(request.allow_gap);
  return proto;
}

absl::StatusOr<FetchPage> FetchOnePage(Connection& connection, const ClientOptions& options,
                                       const v1::FetchMissedRequest& request) {
  absl::StatusOr<SharedBytes> bytes = Retry(
      options, [&](absl::Time deadline) { return connection.FetchMissed(request, deadline); }, internal::MayReopen);
  if (!bytes.ok()) return bytes.status();
  FetchPage page;
  std::string rest;
  v1::FetchMissedResponse response;
  if (!page.events.Decode(*std::move(bytes), rest) || !response.ParseFromString(rest)) {
    return MakeError(Reason::kDataLoss, "the broker sent a page that cannot be parsed");
  }
  page.next_cursor = response.next_cursor();
  page.first_cursor = response.first_cursor();
  page.head_cursor = response.head_cursor();
  page.end_reached = response.end_reached();
  if (response.has_gap()) page.gap = response.gap();
  return page;
}

}  // namespace

absl::StatusOr<Client> Client::Create(ClientOptions options) {
  if (absl::Status status = internal::CheckBackoff(options.backoff); !status.ok()) return status;
  if (options.request_timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("request_timeout must be positive");
  }
  absl::StatusOr<std::shared_ptr<Connection>> connection = NewGrpcConnection(options);
  if (!connection.ok()) return connection.status();
  return Client(*std::move(connection), std::move(options));
}

Client::Client(std::shared_ptr<Connection> connection, ClientOptions options)
    : connection_(std::move(connection)), options_(std::move(options)) {
  if (options_.timers == nullptr) options_.timers = NewSystemTimers();
}

absl::StatusOr<AppendResult> Client::Append(absl::string_view instance, absl::Span<const NewEvent> events,
                                            const AppendOptions& options) {
  v1::AppendRequest request;
  request.set_instance(std::string(instance));
  for (const NewEvent& event : events) {
    v1::Event& added = *request.add_events();
    added.set_type(std::string(event.type));
    added.set_id(std::string(event.id));
    added.set_created_at(event.created_at);
    added.set_data(event.data.data(), event.data.size());
    for (const auto& [key, value] : event.attributes)
      (*added.mutable_attributes())[std::string(key)] = std::string(value);
  }
  if (options.expected_cursor) request.set_expected_cursor(*options.expected_cursor);
  if (options.producer) *request.mutable_producer() = *options.producer;
  const bool has_identity = options.producer || std::all_of(events.begin(), events.end(),
                                                            [](const NewEvent& event) { return !event.id.empty(); });
  absl::StatusOr<v1::AppendResponse> response = Retry(
      options_, [&](absl::Time deadline) { return connection_->Append(request, deadline); },
      [has_identity](const absl::Status& status) {
        return NothingStored(status) || (has_identity && internal::MayReopen(status));
      });
  if (!response.ok()) return response.status();
  AppendResult result;
  result.head_cursor = response->head_cursor();
  result.durability = response->durability();
  for (const uint64_t cursor : response->cursors()) result.receipts.push_back({cursor});
  for (const uint32_t index : response->duplicates()) {
    if (index < result.receipts.size()) result.receipts[index].duplicate = true;
  }
  return result;
}

absl::StatusOr<Receipt> Client::ReportUpstreamGap(absl::string_view instance, const UpstreamGap& gap) {
  if (absl::Status status = CheckUpstreamGap(gap); !status.ok()) return status;
  const std::string data = EncodeUpstreamGap(gap);
  const absl::StatusOr<AppendResult> appended = Append(instance, {{.type = kUpstreamGapType, .data = data}});
  if (!appended.ok()) return appended.status();
  return appended->receipts.at(0);
}

absl::StatusOr<FetchPage> Client::FetchMissedPage(const FetchRequest& request) {
  return FetchOnePage(*connection_, options_, ToProto(request));
}

PagedRange<Event> Client::FetchMissed(FetchRequest request, std::function<void(const v1::Gap&)> on_gap) {
  const bool limited = request.limit > 0;
  return PagedRange<Event>([connection = connection_, options = options_, next = ToProto(request), limited,
                            left = request.limit,
                            on_gap = std::move(on_gap)]() mutable -> absl::StatusOr<PagedRange<Event>::Page> {
    next.set_limit(limited ? static_cast<uint32_t>(std::min<uint64_t>(left, kFetchPageEvents)) : kFetchPageEvents);
    absl::StatusOr<FetchPage> page = FetchOnePage(*connection, options, next);
    if (!page.ok()) return page.status();
    if (page->gap && on_gap) on_gap(*page->gap);
    PagedRange<Event>::Page out;
    out.items.reserve(page->events.size());
    for (size_t i = 0; i < page->events.size(); ++i) out.items.push_back(page->events.event(i));
    left -= std::min<uint64_t>(left, out.items.size());
    out.last = page->end_reached || (limited && left == 0);
    if (next.reverse()) {
      next.set_until_cursor(page->next_cursor);
    } else {
      next.mutable_start()->set_after_cursor(page->next_cursor);
    }
    return out;
  });
}

absl::StatusOr<v1::Instance> Client::GetInstance(absl::string_view name) {
  v1::GetInstanceRequest request;
  request.set_instance(std::string(name));
  return Retry(
      options_, [&](absl::Time deadline) { return connection_->GetInstance(request, deadline); }, internal::MayReopen);
}

PagedRange<v1::Instance> Client::ListInstances(absl::string_view prefix) {
  v1::ListInstancesRequest first;
  first.set_prefix(std::string(prefix));
  first.set_page_size(kInstancesPage);
  return PagedRange<v1::Instance>([connection = connection_, options = options_,
                                   next =
                                       std::move(first)]() mutable -> absl::StatusOr<PagedRange<v1::Instance>::Page> {
    absl::StatusOr<v1::ListInstancesResponse> response = Retry(
        options, [&](absl::Time deadline) { return connection->ListInstances(next, deadline); }, internal::MayReopen);
    if (!response.ok()) return response.status();
    PagedRange<v1::Instance>::Page page;
    for (v1::Instance& instance : *response->mutable_instances()) page.items.push_back(std::move(instance));
    page.last = response->next_page_token().empty();
    next.set_page_token(response->next_page_token());
    return page;
  });
}

absl::Status Client::DeleteInstance(absl::string_view name) {
  v1::DeleteInstanceRequest request;
  request.set_instance(std::string(name));
  return Retry(
      options_, [&](absl::Time deadline) { return connection_->DeleteInstance(request, deadline); },
      internal::MayReopen);
}

absl::StatusOr<Publisher> Client::NewPublisher(PublisherOptions options) {
  return Publisher::Create(connection_, options_, std::move(options));
}

absl::StatusOr<Subscription> Client::Subscribe(absl::string_view instance, Start start, SubscribeOptions options) {
  return Subscription::Create(connection_, options_, instance, std::move(start), std::move(options));
}

absl::StatusOr<Consumer> Client::Consume(absl::string_view name, ConsumeOptions options) {
  return Consumer::Create(connection_, options_, name, std::move(options));
}

absl::StatusOr<ManySubscription> Client::SubscribeMany(const ManySources& sources, SubscribeManyOptions options) {
  return ManySubscription::Create(connection_, options_, sources, std::move(options));
}

}  // namespace playhead

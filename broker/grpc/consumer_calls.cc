#include "broker/grpc/consumer_calls.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "broker/grpc/consumer_messages.h"
#include "broker/grpc/message_buffer.h"
#include "broker/grpc/parked_page.h"
#include "broker/grpc/unary_call.h"
#include "broker/listing/page_size.h"
#include "broker/listing/page_token.h"
#include "playhead/v1/consumers.pb.h"
#include "proto/errors.h"

namespace playhead::broker {
namespace {

class ConsumerCall final : public UnaryCall {
 public:
  // `method` must be a literal.
  ConsumerCall(absl::string_view method, const ConsumerCallArguments& arguments)
      : UnaryCall(method, arguments.core, arguments.context, arguments.response) {}

  // Returns a callback that turns the result into the reply with `to_response`, or refuses the call.
  template <typename Result, typename ToResponse>
  storage::Callback<Result> Answer(ToResponse to_response) {
    return [this, to_response = std::move(to_response)](absl::StatusOr<Result> result) {
      if (!result.ok()) return Refuse(result.status());
      Reply(ToByteBuffer(to_response(*result)));
    };
  }
};

// Admits the call, parses its request, and starts it with `act(call, request)`, which returns Ok if the call will be
// answered later.
template <typename Request, typename Act>
grpc::ServerUnaryReactor* Start(absl::string_view method, const ConsumerCallArguments& arguments, Act act) {
  auto* const call = new ConsumerCall(method, arguments);
  Request request;
  absl::Status status = call->Accept(arguments.request, request);
  if (status.ok()) status = act(*call, request);
  if (!status.ok()) call->Refuse(status);
  return call;
}

absl::StatusOr<ParkedSelection> ToSelection(const google::protobuf::RepeatedField<uint64_t>& numbers, uint32_t oldest) {
  const bool by_number = !numbers.empty();
  if (by_number == (oldest != 0)) {
    return MakeError(Reason::kParkedInvalid, "parked events are named by `numbers` or by `oldest`: exactly one is set");
  }
  if (static_cast<size_t>(numbers.size()) > kParkedPerCallMax || oldest > kParkedPerCallMax) {
    return MakeError(Reason::kParkedInvalid,
                     absl::StrCat("one call takes up to ", kParkedPerCallMax, " parked events"));
  }
  return ParkedSelection{{numbers.begin(), numbers.end()}, oldest};
}

}  // namespace

grpc::ServerUnaryReactor* StartCreateConsumer(const ConsumerCallArguments& arguments) {
  return Start<v1::CreateConsumerRequest>(
      "CreateConsumer", arguments, [&](ConsumerCall& call, const v1::CreateConsumerRequest& request) {
        auto config = ToConsumerConfig(request.config());
        if (!config.ok()) return config.status();
        auto start = ToConsumerStart(arguments.core.log, request.start());
        if (!start.ok()) return start.status();
        arguments.consumers.Create(
            call.caller(), *std::move(config), *std::move(start),
            call.Answer<ConsumerRegistry::Created>([&log = arguments.core.log](const ConsumerRegistry::Created& made) {
              v1::CreateConsumerResponse response;
              *response.mutable_consumer() = ToProto(log, made.info);
              response.set_created(made.created);
              return response;
            }));
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* StartGetConsumer(const ConsumerCallArguments& arguments) {
  return Start<v1::GetConsumerRequest>(
      "GetConsumer", arguments, [&](ConsumerCall& call, const v1::GetConsumerRequest& request) {
        arguments.consumers.Get(call.caller(), request.name(),
                                call.Answer<ConsumerInfo>([&log = arguments.core.log](const ConsumerInfo& info) {
                                  v1::GetConsumerResponse response;
                                  *response.mutable_consumer() = ToProto(log, info);
                                  return response;
                                }));
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* StartListConsumers(const ConsumerCallArguments& arguments) {
  return Start<v1::ListConsumersRequest>(
      "ListConsumers", arguments, [&](ConsumerCall& call, const v1::ListConsumersRequest& request) {
        const auto page_size = CheckPageSize(request.page_size());
        if (!page_size.ok()) return page_size.status();
        auto after = DecodePageToken(request.page_token(), request.prefix());
        if (!after.ok()) return after.status();
        // One row more than the page shows whether there is another page.
        arguments.consumers.List(
            call.caller(), request.prefix(), *std::move(after), *page_size + 1,
            call.Answer<std::vector<ConsumerInfo>>(
                [&log = arguments.core.log, page_size = *page_size](const std::vector<ConsumerInfo>& rows) {
                  v1::ListConsumersResponse response;
                  for (const ConsumerInfo& row : rows) {
                    if (static_cast<size_t>(response.consumers_size()) == page_size) {
                      response.set_next_page_token(EncodePageToken(response.consumers().rbegin()->config().name()));
                      break;
                    }
                    *response.add_consumers() = ToProto(log, row);
                  }
                  return response;
                }));
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* StartDeleteConsumer(const ConsumerCallArguments& arguments) {
  return Start<v1::DeleteConsumerRequest>(
      "DeleteConsumer", arguments, [&](ConsumerCall& call, const v1::DeleteConsumerRequest& request) {
        arguments.consumers.Delete(call.caller(), request.name(), [&call](const absl::Status& status) {
          if (!status.ok()) return call.Refuse(status);
          call.Reply(ToByteBuffer(v1::DeleteConsumerResponse()));
        });
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* StartResetConsumer(const ConsumerCallArguments& arguments) {
  return Start<v1::ResetConsumerRequest>(
      "ResetConsumer", arguments, [&](ConsumerCall& call, const v1::ResetConsumerRequest& request) {
        auto start = ToConsumerStart(arguments.core.log, request.start());
        if (!start.ok()) return start.status();
        arguments.consumers.Reset(call.caller(), request.name(), *std::move(start),
                                  {.dry_run = request.dry_run(),
                                   .again_max = request.events_again_max(),
                                   .skipped_max = request.events_skipped_max()},
                                  call.Answer<ResetResult>([&log = arguments.core.log](const ResetResult& result) {
                                    return ToProto(log, result);
                                  }));
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* StartListParked(const ConsumerCallArguments& arguments) {
  return Start<v1::ListParkedRequest>(
      "ListParked", arguments, [&](ConsumerCall& call, const v1::ListParkedRequest& request) {
        const auto page_size = CheckPageSize(request.page_size());
        if (!page_size.ok()) return page_size.status();
        const auto after = DecodeParkedToken(request.page_token());
        if (!after.ok()) return after.status();
        arguments.consumers.ListParked(
            call.caller(), request.consumer(), *after, *page_size + 1,
            [&call, &log = arguments.core.log, page_size = *page_size,
             with_events = request.with_events()](absl::StatusOr<std::vector<ParkedRow>> rows) {
              if (!rows.ok()) return call.Refuse(rows.status());
              MakeParkedPage(log, *std::move(rows), page_size, with_events,
                             call.Answer<v1::ListParkedResponse>(
                                 [](v1::ListParkedResponse& response) { return std::move(response); }));
            });
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* StartRequeueParked(const ConsumerCallArguments& arguments) {
  return Start<v1::RequeueParkedRequest>(
      "RequeueParked", arguments, [&](ConsumerCall& call, const v1::RequeueParkedRequest& request) {
        auto selection = ToSelection(request.numbers(), request.oldest());
        if (!selection.ok()) return selection.status();
        arguments.consumers.RequeueParked(call.caller(), request.consumer(), *std::move(selection), request.dry_run(),
                                          call.Answer<ParkedResult>([](const ParkedResult& result) {
                                            v1::RequeueParkedResponse response;
                                            response.set_requeued_count(result.taken);
                                            response.set_parked_count(result.left);
                                            return response;
                                          }));
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* StartDropParked(const ConsumerCallArguments& arguments) {
  return Start<v1::DropParkedRequest>(
      "DropParked", arguments, [&](ConsumerCall& call, const v1::DropParkedRequest& request) {
        auto selection = ToSelection(request.numbers(), request.oldest());
        if (!selection.ok()) return selection.status();
        arguments.consumers.DropParked(call.caller(), request.consumer(), *std::move(selection), request.dry_run(),
                                       call.Answer<ParkedResult>([](const ParkedResult& result) {
                                         v1::DropParkedResponse response;
                                         response.set_dropped_count(result.taken);
                                         response.set_parked_count(result.left);
                                         return response;
                                       }));
        return absl::OkStatus();
      });
}

}  // namespace playhead::broker

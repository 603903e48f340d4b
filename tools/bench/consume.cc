#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/grpc_endpoint.h"
#include "playhead/v1/consumers.grpc.pb.h"
#include "tools/bench/bench_flags.h"
#include "tools/bench/commands.h"
#include "tools/bench/latency_histogram.h"
#include "tools/bench/report.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/exit_code.h"

namespace playhead::tools {
namespace {

struct HowToSettle {
  bool each = false;        // Acknowledges every event by its cursor, rather than up to the last of each message.
  bool fail_first = false;  // Every event fails at its first delivery.
};

// One Consume stream that settles every message it receives, read by one thread.
class Holder {
 public:
  Holder(const GrpcEndpoint& endpoint, v1::Consumers::Stub& stub, HowToSettle how) : endpoint_(endpoint), how_(how) {
    endpoint_.Prepare(context_);
    stream_ = stub.Consume(&context_);
  }

  // Holds the consumer that `create` describes until `events` are acknowledged and confirmed.
  absl::Status Run(const v1::CreateConsumerRequest& create, uint64_t events) {
    v1::ConsumeRequest open;
    *open.mutable_open()->mutable_create() = create;
    stream_->Write(open);
    v1::ConsumeResponse response;
    while ((events_ < events || confirmed_ < sent_) && stream_->Read(&response)) {
      if (response.has_confirmed()) Confirm(response.confirmed().up_to_number());
      if (response.has_refused()) return absl::InternalError(response.ShortDebugString());
      if (!response.events().empty()) Settle(response);
    }
    if (events_ < events || confirmed_ < sent_) return Finish();
    stream_->WritesDone();
    while (stream_->Read(&response)) {
    }
    return Finish();
  }

  uint64_t events() const { return events_; }
  uint64_t bytes() const { return bytes_; }
  const LatencyHistogram& confirmations() const { return confirmations_; }

 private:
  void Settle(const v1::ConsumeResponse& response) {
    v1::ConsumeRequest request;
    v1::Settlement& settlement = *request.mutable_settle()->add_settlements();
    settlement.set_instance(response.instance());
    const bool fails = how_.fail_first && response.attempts().empty();
    if (fails) {
      settlement.mutable_nack();
    } else {
      settlement.mutable_ack();
    }
    // "Up to a cursor" would include events that were redelivered meanwhile.
    const bool names_each = how_.each || how_.fail_first;
    if (!names_each) settlement.set_up_to_cursor(response.events().rbegin()->cursor());
    for (const v1::Event& event : response.events()) {
      if (names_each) settlement.add_cursors(event.cursor());
      if (!fails) bytes_ += event.data().size();
    }
    if (!fails) events_ += static_cast<uint64_t>(response.events_size());
    request.mutable_settle()->set_number(++sent_);
    sent_at_.push_back(absl::Now());
    stream_->Write(request);
  }

  void Confirm(uint64_t number) {
    const absl::Time now = absl::Now();
    for (; confirmed_ < number; ++confirmed_) {
      confirmations_.Record(now - sent_at_.front());
      sent_at_.pop_front();
    }
  }

  absl::Status Finish() {
    const grpc::Status status = stream_->Finish();
    return endpoint_.ToStatus(status, context_);
  }

  const GrpcEndpoint& endpoint_;
  const HowToSettle how_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::ConsumeRequest, v1::ConsumeResponse>> stream_;
  uint64_t events_ = 0;
  uint64_t bytes_ = 0;
  uint64_t sent_ = 0;
  uint64_t confirmed_ = 0;
  std::deque<absl::Time> sent_at_;  // When the unconfirmed settlements were sent.
  LatencyHistogram confirmations_;
};

class BenchConsumeCommand : public Command {
 public:
  Info info() const override {
    return {
        .name = "bench consume",
        .arguments = "[INSTANCE]",
        .summary = "Consume a log from its start, acknowledging every event.",
        .description =
            R"(One stream holds a new consumer of INSTANCE (bench-0 if not given, as `bench append` leaves it), acknowledges
every message as it comes, and ends when the last acknowledgement is confirmed, which means on disk. For example:
  playhead bench consume                  everything up to the last event of a message
  playhead bench consume --each           every event by itself
  playhead bench consume --fail_first     every event fails once: what is acknowledged came again
The consumer is deleted in the end.
)",
        .arguments_max = 1};
  }

  void AddFlags(FlagSet& flags) override {
    flags.Section("Load");
    flags.Bool("each", &how_.each, "Names every event in its acknowledgement, rather than the last of each message.");
    flags.Bool("fail_first", &how_.fail_first, "Fails every event when it first comes.");
    flags.Number<uint32_t>("in_flight_max", &in_flight_max_, 1, 10'000, "Events handed over and not yet settled.");
    client_.Add(flags, /*streams=*/false);
  }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    const std::string instance = arguments.empty() ? "bench-0" : arguments[0];
    absl::StatusOr<Client> client = client_.Connect();
    if (!client.ok()) return client.status();
    const absl::StatusOr<v1::Instance> log = client->GetInstance(instance);
    if (!log.ok()) return log.status();
    if (log->event_count() == 0) return UsageError(absl::StrCat(instance, " has no events: run bench append first"));
    const absl::StatusOr<GrpcEndpoint> endpoint = GrpcEndpoint::Create(client_.options());
    if (!endpoint.ok()) return endpoint.status();
    v1::Consumers::Stub stub(endpoint->NewChannel());

    v1::CreateConsumerRequest create;
    create.mutable_config()->set_name(UniqueName("bench"));
    create.mutable_config()->mutable_source()->set_instance(instance);
    create.mutable_config()->set_in_flight_max(in_flight_max_);
    create.mutable_start()->mutable_beginning();
    const absl::Time start = absl::Now();
    Holder holder(*endpoint, stub, how_);
    absl::Status status = holder.Run(create, log->event_count());
    const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
    v1::DeleteConsumerRequest request;
    request.set_name(create.config().name());
    status.Update(endpoint
                      ->Call<v1::DeleteConsumerResponse>(stub, &v1::Consumers::Stub::DeleteConsumer, request,
                                                         absl::InfiniteFuture())
                      .status());
    if (!status.ok()) return status;
    return WriteOut(Format(holder, seconds));
  }

 private:
  std::string Format(const Holder& holder, double seconds) const {
    Report report;
    report
        .Row(how_.fail_first ? "consume, each failed once"
             : how_.each     ? "consume, each acknowledged by itself"
                             : "consume, acknowledged cumulatively")
        .Figure("events_per_second", "events/s", static_cast<double>(holder.events()) / seconds)
        .Figure("mib_per_second", "MiB/s of payload", static_cast<double>(holder.bytes()) / seconds / (1 << 20))
        .Figure("events", "events", static_cast<double>(holder.events()))
        .Figure("seconds", "s", seconds, 2)
        .Latencies("confirmed_", holder.confirmations());
    return report.Format(client_.json);
  }

  HowToSettle how_;
  uint32_t in_flight_max_ = 10'000;
  ClientFlags client_;
};

}  // namespace

std::unique_ptr<Command> MakeBenchConsumeCommand() { return std::make_unique<BenchConsumeCommand>(); }

}  // namespace playhead::tools

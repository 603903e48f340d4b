#include "broker/dialects/photon/fetch_call.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "broker/dialects/photon/credentials.h"
#include "broker/dialects/photon/frame_reader.h"
#include "broker/dialects/photon/unary_call.h"
#include "broker/grpc/message_buffer.h"
#include "broker/grpc/stalled_calls.h"
#include "broker/model/position.h"
#include "broker/open_instance.h"
#include "broker/read/fetch.h"
#include "photon/whatsapp/v1/message_service.pb.h"
#include "proto/errors.h"
#include "proto/event_wire.h"
#include "storage/limits.h"

namespace playhead::broker::photon {
namespace {

// How many events are read and rendered at a time, so that no reading thread is occupied for long.
constexpr uint32_t kPageEventsMax = 500;

// The maximum size of a reply: one event may make it larger than kReplyBytesMax.
constexpr size_t kReplyGrantBytes = storage::kEventBytesCeiling + (size_t{64} << 10);

class FetchCall final : public UnaryCall {
 public:
  FetchCall(const Dialect& dialect, grpc::CallbackServerContext& context, grpc::ByteBuffer& response)
      : UnaryCall("FetchMissedEvents", context, response), dialect_(dialect) {}

  void Start(const grpc::ByteBuffer& request) {
    Admission admission = Admit(dialect_, context(), request.Length());
    if (!admission.credentials.ok()) {
      return RefuseLate(dialect_.core.timers, admission.refusal_delay, admission.credentials.status());
    }
    credentials_ = *std::move(admission.credentials);
    if (absl::Status status = Submit(request); !status.ok()) Refuse(status);
  }

  void OnCancel() override { cancelled_.store(true, std::memory_order_relaxed); }

  void OnDone() override {
    const bool written = replied_ && !cancelled_.load(std::memory_order_relaxed);
    if (number_) dialect_.continuations.FetchEnded(credentials_.connection, *number_, written, SteadyNow());
    UnaryCall::OnDone();
  }

 private:
  absl::Status Submit(const grpc::ByteBuffer& buffer) {
    ::photon::whatsapp::v1::FetchMissedEventsRequest message;
    if (absl::Status status = ParseRequest(buffer, message); !status.ok()) return status;
    const auto from = model::ParsePosition(message.cursor().value());
    if (!from) {
      return MakeError(Reason::kMalformedRequest,
                       "the cursor is none: give `cursor.value` of an event, or a cursor of the native API in decimal");
    }
    if (message.limit() > 0) frames_max_ = std::min(message.limit(), kFetchLimitMax);
    number_ = dialect_.continuations.FetchStarted(credentials_.connection, *from, SteadyNow());
    deadline_ = SteadyNow() + absl::ToChronoNanoseconds(dialect_.options.fetch_time_max);
    OpenInstance(dialect_.core.log, credentials_.caller.get(), credentials_.audience.instance,
                 [this, from = *from](absl::StatusOr<std::shared_ptr<storage::Instance>> instance) {
                   if (!instance.ok()) return Refuse(instance.status());
                   instance_ = *std::move(instance);
                   ReadFrom(from);
                 });
    return absl::OkStatus();
  }

  void ReadFrom(const Position& position) {
    const model::Resume resume = model::ResumeAt(*instance_, position);
    if (resume.replaced) {
      dialect_.figures.replaced_positions.Increment();
      dialect_.continuations.FetchReplaced(credentials_.connection, *number_, resume.position);
    }
    reached_.position = resume.position;
    after_ = resume.after;
    reader_.emplace(credentials_.audience, resume.position, dialect_.figures.events_not_rendered);
    ReadPage();
  }

  void ReadPage() {
    FetchRequest request;
    request.instance = credentials_.audience.instance;
    request.start = AfterCursor{after_};
    request.events_max = static_cast<uint32_t>(std::min<int64_t>(kPageEventsMax, frames_max_ - frame_count_));
    request.filter = credentials_.audience.filter();
    request.caller = credentials_.caller;
    request.allow_gap = true;
    Fetch::Start(dialect_.core, std::move(request), [this](absl::StatusOr<FetchPage> page) {
      if (!page.ok()) return Refuse(page.status());
      OnPage(*std::move(page));
    });
  }

  void OnPage(FetchPage page) {
    reader_->Add(std::move(page.slices));
    while (frame_count_ < frames_max_) {
      auto frame = reader_->Next();
      if (!frame) {  // The whole page is in the reply, or is not rendered.
        after_ = page.next;
        reached_.position = {instance_->number(), page.next, 0};
        const bool stop = page.end_reached || cancelled_.load(std::memory_order_relaxed) ||
                          (frame_count_ > 0 && SteadyNow() >= deadline_);
        page = FetchPage();
        return stop ? Answer() : ReadPage();
      }
      const size_t bytes = reply_.size() + 1 + VarintBytes(frame->bytes.size()) + frame->bytes.size();
      if (bytes > kReplyBytesMax && !reply_.empty()) break;
      if (bytes > dialect_.core.limits.delivery_bytes_free && grant_.bytes() == 0) {
        if (auto grant = dialect_.reply_budget.TryAcquire(kReplyGrantBytes)) {
          grant_ = *std::move(grant);
        } else if (frame_count_ > 0) {
          break;  // Clients that do not read their replies may hold the budget for long.
        } else {
          page = FetchPage();
          return Reserve();
        }
      }
      reply_.push_back(kEventsTag);
      AppendVarint(frame->bytes.size(), reply_);
      reply_ += frame->bytes;
      ++frame_count_;
      reached_ = {frame->position, frame->position};
    }
    Answer();
  }

  // Waits for memory for one large event. Holds nothing of the delivery budget meanwhile, since those who wait for that
  // budget may hold some of this one.
  void Reserve() {
    dialect_.reply_budget.Acquire(kReplyGrantBytes, [this](ByteBudget::Grant grant) {
      grant_ = std::move(grant);
      ReadFrom(reached_.position);
    });
  }

  void Answer() {
    grant_.ShrinkTo(reply_.size());
    if (grant_.bytes() > 0) {
      watch_.emplace(dialect_.stalled_calls, dialect_.reply_budget, context());
      watch_->WriteStarted();
    }
    replied_ = true;
    dialect_.continuations.FetchReplied(credentials_.connection, *number_, reached_);
    Reply(std::move(reply_));
  }

  const Dialect dialect_;
  Credentials credentials_;
  std::optional<uint64_t> number_;  // Its number in `continuations`.
  int64_t frames_max_ = std::numeric_limits<int64_t>::max();
  SteadyTime deadline_;
  std::shared_ptr<storage::Instance> instance_;

  storage::Cursor after_;
  std::optional<FrameReader> reader_;
  Continuations::Reached reached_;
  std::string reply_;  // The response, encoded: `repeated Event events = 1`.
  int64_t frame_count_ = 0;
  ByteBudget::Grant grant_;  // For `reply_`, until it is written.
  std::optional<StalledCalls::Watch> watch_;

  bool replied_ = false;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace

grpc::ServerUnaryReactor* StartFetchCall(const Dialect& dialect, grpc::CallbackServerContext& context,
                                         const grpc::ByteBuffer& request, grpc::ByteBuffer& response) {
  auto* const call = new FetchCall(dialect, context, response);
  call->Start(request);
  return call;
}

}  // namespace playhead::broker::photon

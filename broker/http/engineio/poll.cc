#include "broker/http/engineio/poll.h"

#include <utility>

namespace playhead::broker::http::engineio {
namespace {

constexpr char kContentType[] = "text/plain; charset=UTF-8";

}  // namespace

Response PollResponse(std::string payload) { return {.content_type = kContentType, .body = std::move(payload)}; }

std::shared_ptr<Poll> Poll::Start(Responder responder, absl::AnyInvocable<void()> gone) {
  std::shared_ptr<Poll> poll(new Poll(std::move(gone)));
  std::move(responder).Stream(PollResponse(""), poll);
  return poll;
}

// A connection that ended before it took the handler just drops it.
Poll::~Poll() {
  if (gone_) std::move(gone_)();
}

void Poll::Decide(std::optional<std::string> payload) {
  std::shared_ptr<ResponseStream> stream;
  {
    absl::MutexLock lock(&mu_);
    decided_ = true;
    if (stream_ == nullptr) {
      payload_ = std::move(payload);
      return;
    }
    stream = stream_;
  }
  stream->Post(
      [self = shared_from_this(), payload = std::move(payload)]() mutable { self->Write(std::move(payload)); });
}

void Poll::OnOpen(std::shared_ptr<ResponseStream> stream) {
  std::optional<std::string> payload;
  {
    absl::MutexLock lock(&mu_);
    stream_ = std::move(stream);
    if (!decided_) return;
    payload = std::move(payload_);
  }
  Write(std::move(payload));
}

void Poll::Write(std::optional<std::string> payload) {
  if (payload) return stream_->Write(*std::move(payload));
  gone_ = nullptr;
  stream_->Abort();
}

void Poll::OnWritable() {
  gone_ = nullptr;
  stream_->Finish();
}

// An answer that was decided is still sent.
void Poll::OnStopping() {
  absl::MutexLock lock(&mu_);
  if (!decided_) stream_->Abort();
}

void Poll::OnClosed() {
  if (auto gone = std::exchange(gone_, nullptr)) gone();
}

}  // namespace playhead::broker::http::engineio

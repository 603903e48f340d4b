#include "broker/http/responder.h"

#include <utility>

#include "broker/log.h"
#include "proto/errors.h"

namespace playhead::broker::http {

Responder& Responder::operator=(Responder&& other) noexcept {
  if (this != &other) {
    AnswerUnsent();
    sink_ = std::move(other.sink_);
  }
  return *this;
}

void Responder::Send(Response response) && { std::exchange(sink_, nullptr)->Respond(std::move(response)); }

void Responder::Refuse(const absl::Status& error) && {
  LogRefusal("http", error);
  std::move(*this).Send(JsonError(error));
}

void Responder::Stream(Response head, std::shared_ptr<ResponseStreamHandler> handler) && {
  std::exchange(sink_, nullptr)->RespondStreaming(std::move(head), std::move(handler));
}

void Responder::Accept(Request request, const WebSocketOptions& options, std::shared_ptr<WebSocketHandler> handler) && {
  std::exchange(sink_, nullptr)->AcceptWebSocket(std::move(request), options, std::move(handler));
}

void Responder::AnswerUnsent() {
  if (sink_ == nullptr) return;
  std::move(*this).Refuse(MakeError(Reason::kInternal, "the request was dropped without an answer; please report it"));
}

}  // namespace playhead::broker::http

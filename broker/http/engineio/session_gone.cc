#include "broker/http/engineio/session_gone.h"

#include <utility>

#include "broker/http/engineio/bad_request.h"
#include "broker/http/engineio/client_library.h"
#include "broker/http/engineio/poll.h"

namespace playhead::broker::http::engineio {

void AnswerSessionGone(const Request& request, Responder responder) {
  if (request.method == Verb::post && IsPython(request)) return Poll::Start(std::move(responder), nullptr)->Abort();
  std::move(responder).Send(BadRequestResponse(BadRequest::kSessionUnknown));
}

}  // namespace playhead::broker::http::engineio

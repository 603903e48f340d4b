#include "broker/http/engineio/session_gone.h"

#include <utility>

#include "absl/strings/match.h"
#include "broker/http/engineio/bad_request.h"
#include "broker/http/engineio/poll.h"

namespace playhead::broker::http::engineio {

void AnswerSessionGone(const Request& request, Responder responder) {
  const bool is_python = absl::StrContains(request.Header("User-Agent").value_or(""), "python-requests");
  if (request.method == Verb::post && is_python) return Poll::Start(std::move(responder), nullptr)->Abort();
  std::move(responder).Send(BadRequestResponse(BadRequest::kSessionUnknown));
}

}  // namespace playhead::broker::http::engineio

#include "broker/dialects/vzaps/answers.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <utility>

#include "broker/late_refusal.h"
#include "broker/log.h"
#include "broker/model/json.h"

namespace playhead::broker::vzaps {

http::Response ErrorAnswer(const absl::Status& error) {
  http::Response answer = http::JsonError(error);
  const absl::string_view message(error.message());
  boost::json::object body = {{"error", model::JsonView(message)}, {"message", model::JsonView(message)}};
  for (const http::ResponseHeader& header : answer.headers) {
    if (header.name == "error-code") body.emplace("code", header.value);
  }
  answer.body = boost::json::serialize(body);
  return answer;
}

void Refuse(const Core& core, absl::string_view wrong_secret, http::Responder responder, absl::Status error) {
  LogRefusal("vzaps", error);
  const absl::Duration delay = core.auth.RefusalDelay(error, wrong_secret);
  RefuseAfter(core.timers, delay, [responder = std::move(responder), error = std::move(error)]() mutable {
    std::move(responder).Send(ErrorAnswer(error));
  });
}

}  // namespace playhead::broker::vzaps

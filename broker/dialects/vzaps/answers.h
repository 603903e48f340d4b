// HTTP responses of this dialect.
#ifndef PLAYHEAD_BROKER_DIALECTS_VZAPS_ANSWERS_H_
#define PLAYHEAD_BROKER_DIALECTS_VZAPS_ANSWERS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "broker/core.h"
#include "broker/http/responder.h"
#include "broker/http/response.h"

namespace playhead::broker::vzaps {

// {"error":"what is wrong","message":"what is wrong","code":"KEY_REVOKED"}: some SDKs read `error`, others `message`,
// both as text. Otherwise the same as http::JsonError. REQUIRES: not Ok.
http::Response ErrorAnswer(const absl::Status& error);

// Logs the error and responds with ErrorAnswer; with a delay if there were too many refusals (core.auth).
// `wrong_secret` is the secret that was refused; empty if the error is another one.
void Refuse(const Core& core, absl::string_view wrong_secret, http::Responder responder, absl::Status error);

}  // namespace playhead::broker::vzaps

#endif  // PLAYHEAD_BROKER_DIALECTS_VZAPS_ANSWERS_H_

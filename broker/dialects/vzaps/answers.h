// What this dialect answers over HTTP.
#ifndef PLAYHEAD_BROKER_DIALECTS_VZAPS_ANSWERS_H_
#define PLAYHEAD_BROKER_DIALECTS_VZAPS_ANSWERS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "broker/core.h"
#include "broker/http/responder.h"
#include "broker/http/response.h"

namespace playhead::broker::vzaps {

// {"error":"what is wrong","message":"what is wrong","code":"KEY_REVOKED"}: some SDKs read `error` first, others
// `message`, and both as text. Otherwise as http::JsonError. REQUIRES: not Ok.
http::Response ErrorAnswer(const absl::Status& error);

// Answers with ErrorAnswer, and has it logged; later, if this is one refusal too many (core.auth). `wrong_secret` was
// just refused; empty if it is something else that is wrong.
void Refuse(const Core& core, absl::string_view wrong_secret, http::Responder responder, absl::Status error);

}  // namespace playhead::broker::vzaps

#endif  // PLAYHEAD_BROKER_DIALECTS_VZAPS_ANSWERS_H_

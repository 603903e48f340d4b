// The messages between client and broker other than events: JSON texts {"type","payload"?,"requestId"?}.
//
// The texts of replies and errors are those of the original (apps/api/src/modules/websocket/realtime.gateway.ts).
#ifndef PLAYHEAD_BROKER_DIALECTS_MULTIWA_MESSAGES_H_
#define PLAYHEAD_BROKER_DIALECTS_MULTIWA_MESSAGES_H_

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace playhead::broker::multiwa {

struct ClientMessage {
  std::string type;
  boost::json::value payload;
  // Any JSON value, returned with the reply. Unset if there was none.
  std::optional<std::string> request_id;
};

// nullopt if the text is not a JSON object.
std::optional<ClientMessage> ParseMessage(absl::string_view text);

struct SubscribeRequest {
  std::string profile;
  std::vector<std::string> events;   // Any strings; never empty.
  std::optional<std::string> since;  // As sent by the client: a cursor, as text or as a number.
};

// InvalidArgument, with a message for the client.
absl::StatusOr<SubscribeRequest> ReadSubscribe(const boost::json::value& payload);

// The cursor of an acknowledgement, as sent by the client; "" if there is none.
std::string ReadAckCursor(const boost::json::value& payload);

using RequestId = std::optional<std::string>;

std::string WelcomeMessage(absl::string_view client_id, absl::Time now);
// `cursor` is where the stream starts, and `replay` the number of events in the log after it.
std::string SubscribedMessage(const SubscribeRequest& request, absl::string_view cursor, uint64_t replay,
                              const RequestId& request_id);
std::string UnsubscribedMessage(const RequestId& request_id);
std::string PongMessage(absl::Time now, const RequestId& request_id);
std::string ErrorMessage(absl::string_view error, const RequestId& request_id);

// The body of a refused HTTP request.
std::string HttpErrorBody(absl::string_view code, absl::string_view message);

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_MESSAGES_H_

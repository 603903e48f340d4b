// A client of VZaps' realtime API that does what the test tells it, in the way of any of the SDKs.
#ifndef PLAYHEAD_TESTS_INTEGRATION_VZAPS_CLIENT_H_
#define PLAYHEAD_TESTS_INTEGRATION_VZAPS_CLIENT_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/support/http_connection.h"
#include "tests/support/raw_websocket.h"

namespace playhead::testing {

// `POST /token`. `address` is HOST:PORT; `headers` are whole lines.
HttpResponse PostToken(const std::string& address, absl::string_view body, absl::string_view headers = "");
std::string TokenBody(absl::string_view client_token, absl::string_view client_secret);
// The token in an answer. Empty if it has none.
std::string AccessTokenOf(const HttpResponse& answer);

struct VZapsRequest {
  enum class Credentials { kHeaders, kQuery, kBoth };

  std::string access_token;
  std::string client_token;
  std::string instance_token;
  std::string instance = "device";
  std::string events;  // As query parameters: "events=Message,Presence", "events=message&events=presence".
  std::string last_event_id;
  Credentials credentials = Credentials::kBoth;
  std::string user_agent;
};

struct VZapsEvent {
  std::string id;
  std::string type;
  std::string instance_id;
  std::string created_at;
  std::string data;    // JSON.
  size_t bytes = 0;    // Of the frame.
  bool ended = false;  // The connection ended instead.
};

// A request of the client named `client`, with a token from `POST /token` of a broker that runs open.
VZapsRequest VZapsRequestOf(const std::string& address, const std::string& client, const std::string& instance);

// Not thread-safe. Blocks; aborts the test if nothing comes for two minutes.
class VZapsConnection {
 public:
  // Connects. answer() has status 101 if the connection was accepted.
  VZapsConnection(const std::string& address, const VZapsRequest& request);

  const HttpResponse& answer() const { return answer_; }
  RawWebSocket& socket() { return *socket_; }

  // The next event, skipping pings and pongs. Fails the test if a text frame is no event.
  VZapsEvent Next();
  // The numbers in `data.event.n` of the next `count` events.
  std::vector<int> Take(size_t count);
  // The id of the event with that number, which Take has returned.
  std::string IdOf(int number) const { return ids_.at(number); }

  bool Ack(absl::string_view id, absl::string_view key = "event_id");
  bool AckNumber(int number) { return Ack(IdOf(number)); }
  // Waits until the broker has read everything that was sent.
  void AwaitRead();

 private:
  std::unique_ptr<RawWebSocket> socket_;
  HttpResponse answer_;
  std::map<int, std::string> ids_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_INTEGRATION_VZAPS_CLIENT_H_

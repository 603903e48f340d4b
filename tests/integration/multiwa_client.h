// A client of MultiWA's realtime API as documented, and brokers that serve it.
#ifndef PLAYHEAD_TESTS_INTEGRATION_MULTIWA_CLIENT_H_
#define PLAYHEAD_TESTS_INTEGRATION_MULTIWA_CLIENT_H_

#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/support/raw_websocket.h"
#include "tests/support/test_server.h"

namespace playhead::testing {

// Options with HTTP, and with a marker interval of zero, so that the broker knows at once what its clients have read.
broker::ServerOptions MultiWaOptions();

// Appends a message in MultiWA's own format.
void PublishMultiWa(TestServer& server, absl::string_view profile, absl::string_view id,
                    absl::string_view type = "message.received");

// Sends and receives JSON. Not thread-safe.
class MultiWaClient {
 public:
  explicit MultiWaClient(TestServer& server, absl::string_view target = "/ws?apiKey=any");

  const boost::json::value& welcome() const { return welcome_; }
  RawWebSocket& socket() { return socket_; }

  void Say(absl::string_view text);

  // The next message as text. Answers the pings before it if `reads` is set.
  std::string NextText();
  boost::json::value Next();

  std::string Ask(absl::string_view text);

  // Subscribes. Returns the payload of the acknowledgement.
  boost::json::value Subscribe(absl::string_view profile, absl::string_view more = "",
                               absl::string_view events = "\"*\"");

  // The `id` of the data of the next event.
  std::string NextId();

  // The code with which the broker closes the connection. Fails the test if another message comes first.
  uint16_t AwaitClose();

  // Waits until the broker knows that everything up to now was read: the first answer comes after the broker's marker,
  // which this client answers before it asks the second question.
  void Settle();

  bool reads = true;

 private:
  RawWebSocket socket_;
  boost::json::value welcome_;
};

// A broker that runs open.
class MultiWaFixture : public ::testing::Test {
 protected:
  explicit MultiWaFixture(broker::ServerOptions options = MultiWaOptions()) : server_(std::move(options)) {}

  // Appends a message for each id.
  void Publish(absl::string_view profile, const std::vector<std::string>& ids,
               absl::string_view type = "message.received") {
    for (const std::string& id : ids) PublishMultiWa(server_, profile, id, type);
  }

  TestServer server_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_INTEGRATION_MULTIWA_CLIENT_H_

// Where the broker of a load serves, and constants that the load's writers and readers share.
#ifndef PLAYHEAD_TESTS_LOAD_PLACE_H_
#define PLAYHEAD_TESTS_LOAD_PLACE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/client.h"

namespace playhead::testing {

// How long to wait for anything that must happen.
inline constexpr absl::Duration kLoadPatience = absl::Minutes(2);

// The names of all instances of a load start with this.
inline constexpr absl::string_view kLoadPrefix = "load-";
// The instance whose events are webhooks, which every dialect renders.
inline constexpr absl::string_view kWebhookInstance = "load-webhook";

// The addresses (HOST:PORT) of a broker that runs open. The test holds its sockets, so that no connect is refused
// between two brokers.
struct Place {
  std::string grpc;
  std::string http;

  // A client that reconnects quickly.
  Client NewClient() const {
    ClientOptions options{.target = grpc};
    options.backoff.initial_delay = absl::Milliseconds(20);
    options.backoff.max_delay = absl::Milliseconds(200);
    return *Client::Create(options);
  }
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_LOAD_PLACE_H_

// The flags of all commands that talk to a broker: its address, credentials, timeouts, and JSON output.
#ifndef PLAYHEAD_TOOLS_CLI_CLIENT_FLAGS_H_
#define PLAYHEAD_TOOLS_CLI_CLIENT_FLAGS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/client.h"
#include "client/options.h"
#include "tools/cli/flags.h"

namespace playhead::tools {

struct ClientFlags {
  std::string target = "127.0.0.1:50051";
  absl::Duration timeout = absl::Seconds(5);
  int max_attempts = 0;
  bool json = false;
  std::string key;  // A secret: never printed.
  std::string ca;
  std::string client_cert;
  std::string client_key;
  bool tls = false;  // Implied by ca, client_cert and client_key.
  bool insecure_send_key = false;

  // With `streams`, for a command that holds a stream and reconnects, --max_attempts too.
  void Add(FlagSet& flags, bool streams);

  ClientOptions options() const;
  absl::StatusOr<Client> Connect() const { return Client::Create(options()); }
};

// Reports on stderr, once for each interruption, that the connection is lost and being retried. For on_reconnect.
void SayReconnecting(int attempt, const absl::Status& cause);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_CLIENT_FLAGS_H_

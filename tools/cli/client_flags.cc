#include "tools/cli/client_flags.h"

#include <cstdio>

#include "proto/errors.h"
#include "tools/cli/text.h"

namespace playhead::tools {

void ClientFlags::Add(FlagSet& flags, bool streams) {
  flags.Section("Broker and output");
  flags.Text("target", &target, "HOST:PORT", "The broker; also unix:PATH.");
  flags.Duration("timeout", &timeout, absl::Milliseconds(1), absl::Hours(24),
                 "How long one request may take, with its retries.");
  if (streams) {
    flags.Number<int>("max_attempts", &max_attempts, 0, 1'000'000,
                      "Give up after so many attempts in a row to reach the broker; 0 is never.");
  }
  flags.Bool("json", &json, "Print one JSON object a line.");
}

ClientOptions ClientFlags::options() const {
  ClientOptions options;
  options.target = target;
  options.request_timeout = timeout;
  options.backoff.max_attempts = max_attempts;
  return options;
}

void SayReconnecting(int attempt, const absl::Status& cause) {
  if (attempt != 1) return;
  std::fprintf(stderr, "playhead: reconnecting: %s: %s\n", ToProto(cause).code().c_str(),
               Printable(cause.message()).c_str());
}

}  // namespace playhead::tools

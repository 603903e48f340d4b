#include "tools/cli/client_flags.h"

#include <cstdio>

#include "proto/errors.h"
#include "tools/cli/text.h"

namespace playhead::tools {

void ClientFlags::Add(FlagSet& flags, bool streams) {
  flags.Section("Broker and output");
  flags.Text("target", &target, "HOST:PORT", "The broker; also unix:PATH.");
  flags.Duration("timeout", &timeout, absl::Milliseconds(1), absl::Hours(24),
                 "How long one request may take, including its retries.");
  if (streams) {
    flags.Number<int>("max_attempts", &max_attempts, 0, 1'000'000,
                      "Give up after this many failed attempts in a row to reach the broker; 0 is never.");
  }
  flags.Bool("json", &json, "Print one JSON object a line.");

  flags.Section("Access");
  flags.Text("key", &key, "SECRET",
             "The secret of a key (playhead keys create). Other users of this machine can see the command line: better "
             "use PLAYHEAD_KEY or a --flagfile.");
  flags.Bool("tls", &tls, "Encrypt the connection (TLS), and trust the authorities that the system trusts.");
  flags.Text("ca", &ca, "FILE", "Use TLS, and trust the authorities in FILE (PEM) instead.");
  flags.Text("client_cert", &client_cert, "FILE", "Use TLS with this client certificate, if the broker requires one.");
  flags.Text("client_key", &client_key, "FILE", "The private key of the client certificate.");
  flags.Bool("insecure_send_key", &insecure_send_key,
             "Send the key to another machine even in plain text, where others can read it.");
}

ClientOptions ClientFlags::options() const {
  ClientOptions options;
  options.target = target;
  options.request_timeout = timeout;
  options.backoff.max_attempts = max_attempts;
  options.key = key;
  options.allow_key_in_plain_text = insecure_send_key;
  if (tls || !ca.empty() || !client_cert.empty() || !client_key.empty()) {
    options.tls = TlsOptions{.ca_file = ca, .cert_file = client_cert, .key_file = client_key};
  }
  return options;
}

void SayReconnecting(int attempt, const absl::Status& cause) {
  if (attempt != 1) return;
  std::fprintf(stderr, "playhead: reconnecting: %s: %s\n", ToProto(cause).code().c_str(),
               Printable(cause.message()).c_str());
}

}  // namespace playhead::tools

// A TLS handshake in memory, and its outcome on either side.
#ifndef PLAYHEAD_TESTS_BROKER_TLS_TLS_HANDSHAKE_H_
#define PLAYHEAD_TESTS_BROKER_TLS_TLS_HANDSHAKE_H_

#include <openssl/ssl.h>

#include <string>
#include <vector>

#include "tools/tls/certificate_authority.h"

namespace playhead::testing {

struct TlsClient {
  std::string ca;                      // PEM of the authority it trusts.
  std::vector<std::string> protocols;  // Offered by ALPN; empty for none.
  int version_max = TLS1_3_VERSION;
  tools::KeyPair certificate;  // Shown if asked for; empty for none.
};

struct TlsResult {
  bool accepted = false;  // Both sides are content.
  int version = 0;
  std::string protocol;
  std::string certificate;  // The server's, PEM.
};

// Runs a client against a server's context until both are done or one has failed.
TlsResult Handshake(SSL_CTX* server, const TlsClient& client);

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_BROKER_TLS_TLS_HANDSHAKE_H_

// The TLS context of a listener that terminates TLS itself (HTTP).
#ifndef PLAYHEAD_BROKER_TLS_HTTP_CONTEXT_H_
#define PLAYHEAD_BROKER_TLS_HTTP_CONTEXT_H_

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "absl/status/statusor.h"
#include "broker/tls/certificate_pem.h"

namespace playhead::broker {

// Creates a server's context: TLS 1.2 and later, only ciphers with forward secrecy and authentication, and ALPN with
// `http/1.1` (RFC 7301; a client that only offers other protocols is refused).
//   FailedPrecondition  the library refuses the certificate or its key, for instance as too weak.
absl::StatusOr<std::shared_ptr<boost::asio::ssl::context>> MakeHttpContext(const CertificatePem& pem);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_TLS_HTTP_CONTEXT_H_

// What a listener that terminates TLS itself (HTTP) needs of a certificate.
#ifndef PLAYHEAD_BROKER_TLS_HTTP_CONTEXT_H_
#define PLAYHEAD_BROKER_TLS_HTTP_CONTEXT_H_

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "absl/status/statusor.h"
#include "broker/tls/certificate_pem.h"

namespace playhead::broker {

// A server's context: TLS 1.2 and later, forward secrecy and authenticated ciphers only, `http/1.1` for those who ask
// by ALPN (RFC 7301; a client that offers only other protocols is refused).
//   FailedPrecondition  the library refuses the certificate or its key, for instance as too weak.
absl::StatusOr<std::shared_ptr<boost::asio::ssl::context>> MakeHttpContext(const CertificatePem& pem);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_TLS_HTTP_CONTEXT_H_

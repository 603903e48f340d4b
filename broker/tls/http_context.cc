#include "broker/tls/http_context.h"

#include <openssl/ssl.h>

#include <boost/asio/buffer.hpp>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace playhead::broker {
namespace {

namespace ssl = boost::asio::ssl;

// For TLS 1.2; all ciphers of TLS 1.3 are of this kind.
constexpr char kCiphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

// Protocols in ALPN's encoding: each has its length first.
constexpr unsigned char kProtocols[] = "\x08http/1.1";
constexpr unsigned int kProtocolsBytes = sizeof(kProtocols) - 1;

// The context of sessions that clients resume; required if clients present certificates.
constexpr unsigned char kSessionContext[] = "playhead";

int SelectProtocol(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                   unsigned int in_size, void* /*unused*/) {
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, out_size, kProtocols, kProtocolsBytes, in, in_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

absl::StatusOr<std::shared_ptr<ssl::context>> MakeHttpContext(const CertificatePem& pem) {
  try {
    auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
    SSL_CTX* native = context->native_handle();
    SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(native, kCiphers);
    SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);  // Idle connections hold no record buffers.
    SSL_CTX_set_session_id_context(native, kSessionContext, sizeof(kSessionContext) - 1);
    SSL_CTX_set_alpn_select_cb(native, SelectProtocol, nullptr);
    context->use_certificate_chain(boost::asio::buffer(pem.cert_chain));
    context->use_private_key(boost::asio::buffer(pem.private_key), ssl::context::pem);
    if (!pem.client_ca.empty()) {
      context->add_certificate_authority(boost::asio::buffer(pem.client_ca));
      context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
    }
    return context;
  } catch (const boost::system::system_error& error) {
    return absl::FailedPreconditionError(absl::StrCat("the certificate or its key is refused: ", error.what()));
  }
}

}  // namespace playhead::broker

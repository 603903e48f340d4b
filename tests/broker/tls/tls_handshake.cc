#include "tests/broker/tls/tls_handshake.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <memory>

namespace playhead::testing {
namespace {

template <auto kFree>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using ContextPtr = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using SslPtr = std::unique_ptr<SSL, Freed<SSL_free>>;
using X509Ptr = std::unique_ptr<X509, Freed<X509_free>>;

BioPtr Bio(const std::string& text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

X509Ptr ParseCertificate(const std::string& pem) {
  return X509Ptr(PEM_read_bio_X509(Bio(pem).get(), nullptr, nullptr, nullptr));
}

ContextPtr MakeClient(const TlsClient& client) {
  ContextPtr context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), client.version_max);
  SSL_CTX_set_security_level(context.get(), 0);  // It would not offer what the server must refuse.
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), ParseCertificate(client.ca).get());
  std::string protocols;
  for (const std::string& name : client.protocols) protocols += static_cast<char>(name.size()) + name;
  if (!protocols.empty()) {
    SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(protocols.data()),
                            static_cast<unsigned int>(protocols.size()));
  }
  if (!client.certificate.certificate.empty()) {
    SSL_CTX_use_certificate(context.get(), ParseCertificate(client.certificate.certificate).get());
    const KeyPtr key(PEM_read_bio_PrivateKey(Bio(client.certificate.private_key).get(), nullptr, nullptr, nullptr));
    SSL_CTX_use_PrivateKey(context.get(), key.get());
  }
  return context;
}

// 1 when done, 0 to be called again, -1 when it has failed.
int Step(SSL* ssl) {
  const int result = SSL_do_handshake(ssl);
  if (result == 1) return 1;
  return SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ ? 0 : -1;
}

}  // namespace

TlsResult Handshake(SSL_CTX* server, const TlsClient& client) {
  const ContextPtr client_context = MakeClient(client);
  const SslPtr client_ssl(SSL_new(client_context.get()));
  const SslPtr server_ssl(SSL_new(server));
  BIO* client_end = nullptr;
  BIO* server_end = nullptr;
  BIO_new_bio_pair(&client_end, 0, &server_end, 0);
  SSL_set_bio(client_ssl.get(), client_end, client_end);
  SSL_set_bio(server_ssl.get(), server_end, server_end);
  SSL_set_connect_state(client_ssl.get());
  SSL_set_accept_state(server_ssl.get());
  SSL_set_tlsext_host_name(client_ssl.get(), "localhost");
  SSL_set1_host(client_ssl.get(), "localhost");

  int client_done = 0;
  int server_done = 0;
  // With TLS 1.3 the server judges the client's certificate when the client is done already.
  while (client_done >= 0 && server_done >= 0 && client_done + server_done < 2) {
    if (client_done == 0) client_done = Step(client_ssl.get());
    if (server_done == 0) server_done = Step(server_ssl.get());
  }
  TlsResult result;
  result.accepted = client_done == 1 && server_done == 1;
  ERR_clear_error();
  if (!result.accepted) return result;
  result.version = SSL_version(client_ssl.get());
  const unsigned char* protocol = nullptr;
  unsigned int protocol_bytes = 0;
  SSL_get0_alpn_selected(client_ssl.get(), &protocol, &protocol_bytes);
  if (protocol_bytes > 0) result.protocol.assign(reinterpret_cast<const char*>(protocol), protocol_bytes);
  const X509Ptr peer(SSL_get1_peer_certificate(client_ssl.get()));
  const BioPtr out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(out.get(), peer.get());
  char* data = nullptr;
  const auto size = static_cast<size_t>(BIO_get_mem_data(out.get(), &data));
  result.certificate.assign(data, size);
  return result;
}

}  // namespace playhead::testing

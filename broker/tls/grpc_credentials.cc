#include "broker/tls/grpc_credentials.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "broker/log.h"

namespace playhead::broker {
namespace {

// gRPC's C++ certificate providers either never change or read a certificate and its key as two files at two moments.
// Its C interface calls a callback at each connection and uses its result as a whole; C++ has no wrapper for it, so
// this class is one.
class ReloadingCredentials : public grpc::ServerCredentials {
 public:
  explicit ReloadingCredentials(const Certificates& certificates)
      : certificates_(certificates),
        request_(certificates.current()->client_ca.empty()
                     ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                     : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY) {}

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>& /*processor*/) override {}

 private:
  // A listening socket of the server, and which certificate gRPC was last given for it.
  struct Socket {
    const Certificates* certificates;
    uint64_t generation = 0;  // gRPC calls Fetch with the socket's lock held.
  };

  // gRPC 1.51 reads a socket's certificate without that lock. This is safe as long as connections of one socket are
  // accepted one after the other, which they are; but two sockets of one port run concurrently. So each address of a
  // name gets its own credentials.
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    int bound = 0;
    for (const std::string& numeric : NumericAddresses(address)) {
      // Further addresses of a name get the port that was picked for the first.
      std::string wanted = numeric;
      if (bound != 0 && absl::EndsWith(numeric, ":0")) {
        wanted = absl::StrCat(absl::StripSuffix(numeric, "0"), bound);
      }
      const int port = AddSocket(wanted, server);
      if (bound == 0) bound = port;
    }
    return bound;
  }

  int AddSocket(const std::string& address, grpc_server* server) {
    sockets_.push_back(std::make_unique<Socket>(Socket{&certificates_}));
    grpc_server_credentials* credentials = grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config_fetcher(request_, &Fetch, sockets_.back().get()));
    const int port = grpc_server_add_http2_port(server, address.c_str(), credentials);
    grpc_server_credentials_release(credentials);
    return port;
  }

  static grpc_ssl_certificate_config_reload_status Fetch(void* user_data, grpc_ssl_server_certificate_config** config) {
    auto& socket = *static_cast<Socket*>(user_data);
    const std::shared_ptr<const CertificatePem> pem = socket.certificates->current();
    if (pem->generation == socket.generation) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    const grpc_ssl_pem_key_cert_pair pair = {pem->private_key.c_str(), pem->cert_chain.c_str()};
    // gRPC requires authorities even if clients are not asked for a certificate; then it does not use them.
    const std::string& authorities = pem->client_ca.empty() ? pem->cert_chain : pem->client_ca;
    *config = grpc_ssl_server_certificate_config_create(authorities.c_str(), &pair, 1);
    socket.generation = pem->generation;
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  // HOST:PORT for each address of HOST. Anything that is not a host name, or an unknown one, is left to gRPC.
  static std::vector<std::string> NumericAddresses(const std::string& address) {
    const size_t colon = address.rfind(':');
    if (colon == std::string::npos || absl::StartsWith(address, "external:") || absl::StartsWith(address, "unix:")) {
      return {address};
    }
    absl::string_view host = absl::string_view(address).substr(0, colon);
    if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE;
    addrinfo* found = nullptr;
    if (getaddrinfo(std::string(host).c_str(), nullptr, &hints, &found) != 0) return {address};
    const std::string port = address.substr(colon);
    std::vector<std::string> addresses;
    for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
      std::array<char, NI_MAXHOST> text{};
      if (getnameinfo(info->ai_addr, info->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0) {
        continue;
      }
      addresses.push_back(info->ai_family == AF_INET6 ? absl::StrCat("[", text.data(), "]", port)
                                                      : absl::StrCat(text.data(), port));
    }
    freeaddrinfo(found);
    return addresses;
  }

  const Certificates& certificates_;
  const grpc_ssl_client_certificate_request_type request_;
  std::vector<std::unique_ptr<Socket>> sockets_;
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const Certificates& certificates) {
  return std::make_shared<ReloadingCredentials>(certificates);
}

}  // namespace playhead::broker

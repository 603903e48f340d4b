#include "client/grpc_endpoint.h"

#include <arpa/inet.h>
#include <grpcpp/create_channel.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/internal/grpc_bytes.h"

namespace playhead {
namespace {

// Large frames, because history arrives in messages of half a MiB and every frame costs a slice.
constexpr int kFrameBytesMax = 1 << 20;

// A secret has about 60 bytes; a broker accepts headers of 8 KiB in total.
constexpr size_t kKeyBytesMax = 1024;

int Milliseconds(absl::Duration duration) { return static_cast<int>(absl::ToInt64Milliseconds(duration)); }

bool IsLoopbackHost(absl::string_view host) {
  const std::string text(absl::StripSuffix(absl::StripPrefix(host, "["), "]"));
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == IN_LOOPBACKNET;
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
  return absl::EqualsIgnoreCase(text, "localhost");
}

// HOST, HOST:PORT, [V6]:PORT, V6.
bool IsLoopbackAddress(absl::string_view address) {
  const size_t colon = address.rfind(':');
  const bool one_colon = colon != absl::string_view::npos && address.find(':') == colon;
  const bool bracketed = absl::StartsWith(address, "[") && !absl::EndsWith(address, "]");
  return IsLoopbackHost(one_colon || bracketed ? address.substr(0, colon) : address);
}

absl::StatusOr<std::string> ReadPem(absl::string_view what, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::InvalidArgumentError(absl::StrCat(what, ": cannot read ", path, ": ", std::strerror(errno)));
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (!absl::StrContains(text, "-----BEGIN ")) {
    return absl::InvalidArgumentError(absl::StrCat(what, ": ", path, " is not in PEM"));
  }
  return text;
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeCredentials(const std::optional<TlsOptions>& tls) {
  if (!tls.has_value()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;  // Without root certificates gRPC trusts the system's.
  if (!tls->ca_file.empty()) {
    absl::StatusOr<std::string> pem = ReadPem("ca_file", tls->ca_file);
    if (!pem.ok()) return pem.status();
    options.pem_root_certs = *std::move(pem);
  }
  if (tls->cert_file.empty() != tls->key_file.empty()) {
    return absl::InvalidArgumentError("cert_file and key_file of a client go together: give both or none");
  }
  if (!tls->cert_file.empty()) {
    absl::StatusOr<std::string> cert = ReadPem("cert_file", tls->cert_file);
    if (!cert.ok()) return cert.status();
    absl::StatusOr<std::string> key = ReadPem("key_file", tls->key_file);
    if (!key.ok()) return key.status();
    options.pem_cert_chain = *std::move(cert);
    options.pem_private_key = *std::move(key);
  }
  return grpc::SslCredentials(options);
}

// The likely reason why a connection was established but ended before HTTP/2 began, judged by the error texts of gRPC
// 1.51. Empty for any other error.
absl::string_view HandshakeHint(absl::string_view message, bool tls) {
  if (!absl::StrContains(message, "failed to connect")) return "";
  if (!tls && absl::StrContains(message, "Socket closed")) {
    return "closed the connection at once: it may speak TLS, and this client was not told to";
  }
  if (tls && absl::StrContains(message, "wrong version number")) {
    return "does not speak TLS, and this client was told to";
  }
  if (tls && absl::StrContains(message, "certificate verify failed")) {
    return "has a certificate that is not valid now, or not from an authority that this client trusts";
  }
  return "";
}

// The error never contains the key.
absl::Status CheckKey(const ClientOptions& options) {
  if (options.key.empty()) return absl::OkStatus();
  if (options.key.size() > kKeyBytesMax || !std::all_of(options.key.begin(), options.key.end(), absl::ascii_isgraph)) {
    return absl::InvalidArgumentError(absl::StrCat("the key is not one: up to ", kKeyBytesMax,
                                                   " printable characters without spaces or line breaks"));
  }
  if (!options.tls.has_value() && !options.allow_key_in_plain_text && !IsLoopbackTarget(options.target)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the key is not sent to ", options.target, " in plain text, where others could read it: use TLS"));
  }
  return absl::OkStatus();
}

}  // namespace

bool IsLoopbackTarget(absl::string_view target) {
  if (absl::StartsWith(target, "unix:") || absl::StartsWith(target, "unix-abstract:")) return true;
  for (const absl::string_view scheme : {"ipv4:", "ipv6:"}) {
    if (!absl::ConsumePrefix(&target, scheme)) continue;
    const std::vector<absl::string_view> addresses = absl::StrSplit(target, ',');
    return std::all_of(addresses.begin(), addresses.end(), IsLoopbackAddress);
  }
  if (absl::ConsumePrefix(&target, "dns:")) {
    // dns:HOST, dns:///HOST, or dns://SERVER/HOST: the host follows the last slash.
    target = target.substr(target.rfind('/') + 1);
  }
  return IsLoopbackAddress(target);
}

absl::StatusOr<GrpcEndpoint> GrpcEndpoint::Create(const ClientOptions& options) {
  if (options.target.empty()) return absl::InvalidArgumentError("target is empty: give HOST:PORT");
  for (const absl::Duration duration : {options.open_timeout, options.keepalive_interval, options.keepalive_timeout}) {
    if (duration < absl::Milliseconds(1) || duration > absl::Hours(24)) {
      return absl::InvalidArgumentError(
          "open_timeout, keepalive_interval and keepalive_timeout must be between 1 ms and 24 hours");
    }
  }
  if (absl::Status status = CheckKey(options); !status.ok()) return status;
  auto credentials = MakeCredentials(options.tls);
  if (!credentials.ok()) return credentials.status();
  return GrpcEndpoint(options, *std::move(credentials));
}

GrpcEndpoint::GrpcEndpoint(const ClientOptions& options, std::shared_ptr<grpc::ChannelCredentials> credentials)
    : target_(options.target),
      tls_(options.tls.has_value()),
      authorization_(options.key.empty() ? "" : absl::StrCat("Bearer ", options.key)),
      credentials_(std::move(credentials)) {
  // The user of a broken channel replaces it, so that attempts follow the client's backoff; the channel's own backoff is
  // set to an hour to keep it out of the way. The local subchannel pool prevents a new channel from sharing the broken
  // connection of the old one.
  arguments_.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments_.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 3'600'000);
  arguments_.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 3'600'000);
  arguments_.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, Milliseconds(options.open_timeout));
  arguments_.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments_.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keepalive_interval));
  arguments_.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(options.keepalive_timeout));
  arguments_.SetInt(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, kFrameBytesMax);
  // A proxy set in the environment could read a key that is sent in plain text.
  if (!tls_ && !authorization_.empty()) arguments_.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
}

std::shared_ptr<grpc::Channel> GrpcEndpoint::NewChannel() const {
  return grpc::CreateCustomChannel(target_, credentials_, arguments_);
}

void GrpcEndpoint::Prepare(grpc::ClientContext& context) const {
  if (!authorization_.empty()) context.AddMetadata("authorization", authorization_);
}

absl::Status GrpcEndpoint::ToStatus(const grpc::Status& status, const grpc::ClientContext& context) const {
  const absl::Status result = internal::FromGrpcStatus(status, context);
  if (result.code() != absl::StatusCode::kUnavailable) return result;
  const absl::string_view why = HandshakeHint(result.message(), tls_);
  return why.empty() ? result : absl::UnavailableError(absl::StrCat(target_, " ", why, " (", result.message(), ")"));
}

}  // namespace playhead

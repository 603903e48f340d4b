#include "broker/listen/listen_policy.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "broker/listen/listen_address.h"

namespace playhead::broker {
namespace {

bool IsLoopback(const in_addr& address) { return (ntohl(address.s_addr) >> 24) == IN_LOOPBACKNET; }

bool IsLoopback(const sockaddr* address) {
  if (address->sa_family == AF_UNIX) return true;
  if (address->sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, address, sizeof(in));
    return IsLoopback(in.sin_addr);
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, address, sizeof(in));
    if (IN6_IS_ADDR_LOOPBACK(&in.sin6_addr)) return true;
    if (!IN6_IS_ADDR_V4MAPPED(&in.sin6_addr)) return false;
    in_addr mapped{};  // ::ffff:127.0.0.1
    std::memcpy(&mapped, in.sin6_addr.s6_addr + 12, sizeof(mapped));
    return IsLoopback(mapped);
  }
  return false;
}

bool IsSocketLoopback(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  return getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
         IsLoopback(reinterpret_cast<const sockaddr*>(&address));
}

bool IsHostLoopback(absl::string_view host) {
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (host.empty() || getaddrinfo(std::string(host).c_str(), nullptr, &hints, &found) != 0) return false;
  bool all = found != nullptr;
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) all = all && IsLoopback(info->ai_addr);
  freeaddrinfo(found);
  return all;
}

bool IsLoopback(const ListenAddress& listen) {
  return listen.fd.has_value() ? IsSocketLoopback(*listen.fd) : IsHostLoopback(listen.host);
}

}  // namespace

absl::Status CheckListen(const std::string& listen, const ListenGuards& guards) {
  const absl::StatusOr<ListenAddress> address = ParseListenAddress(listen);
  if (!address.ok()) return address.status();
  if (guards.allow_anyone || (guards.keys && guards.tls) || IsLoopback(*address)) return absl::OkStatus();
  const absl::string_view missing = guards.keys  ? "TLS (--tls_cert, --tls_key)"
                                    : guards.tls ? "a key or --admin_secret_file"
                                                 : "TLS (--tls_cert, --tls_key) and a key or --admin_secret_file";
  return absl::FailedPreconditionError(absl::StrCat(
      "refusing to listen on ", listen, ", which others can reach, without ", missing,
      ": listen on 127.0.0.1, or give --insecure_allow_anyone_on_the_network if something else guards it"));
}

}  // namespace playhead::broker

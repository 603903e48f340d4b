// A socket that listens for as long as the test runs, so that it can be handed to one broker after another.
#ifndef PLAYHEAD_TESTS_SUPPORT_HELD_SOCKET_H_
#define PLAYHEAD_TESTS_SUPPORT_HELD_SOCKET_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"

namespace playhead::testing {

// A BrokerProcess inherits it if its flags name it; other programs do not. Not thread-safe.
class HeldSocket {
 public:
  HeldSocket() : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd_, 512) != 0 ||
        getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      std::abort();
    }
    address_ = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
  }
  ~HeldSocket() { close(fd_); }
  HeldSocket(const HeldSocket&) = delete;
  HeldSocket& operator=(const HeldSocket&) = delete;

  // The value of a broker's --grpc_listen or --http_listen flag (fd:N).
  std::string listen() const { return absl::StrCat("fd:", fd_); }
  // HOST:PORT.
  const std::string& address() const { return address_; }

 private:
  const int fd_;
  std::string address_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_HELD_SOCKET_H_

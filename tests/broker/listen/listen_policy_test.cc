#include "broker/listen/listen_policy.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace playhead::broker {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Whether an open broker without TLS may listen there, because only this machine can reach it.
bool MayRunOpen(const std::string& listen) { return CheckListen(listen, {}).ok(); }

std::string Refusal(const std::string& listen, const ListenGuards& guards) {
  const absl::Status status = CheckListen(listen, guards);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  return std::string(status.message());
}

class Socket {
 public:
  explicit Socket(int family) : fd_(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() { close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  template <typename Address>
  bool Bind(const Address& address) {
    return bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  std::string listen() const { return absl::StrCat("fd:", fd_); }

 private:
  const int fd_;
};

TEST(ListenPolicyTest, LoopbackMayRunOpen) {
  for (const char* listen :
       {"127.0.0.1:0", "127.1.2.3:50051", "localhost:50051", "[::1]:50051", "[::ffff:127.0.0.1]:50051"}) {
    EXPECT_TRUE(MayRunOpen(listen)) << listen;
  }
}

TEST(ListenPolicyTest, NothingElseMay) {
  for (const char* listen : {"0.0.0.0:50051", "[::]:50051", "10.0.0.1:50051", "128.0.0.1:1", "[fe80::1]:1",
                             "[::ffff:10.0.0.1]:1", "host.invalid:1"}) {
    EXPECT_FALSE(MayRunOpen(listen)) << listen;
  }
}

TEST(ListenPolicyTest, ASocketThatWasHandedInIsJudgedByWhereItIsBound) {
  Socket loopback(AF_INET);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_TRUE(loopback.Bind(address));
  EXPECT_TRUE(MayRunOpen(loopback.listen()));

  Socket any(AF_INET);
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  ASSERT_TRUE(any.Bind(address));
  EXPECT_FALSE(MayRunOpen(any.listen()));

  Socket local(AF_UNIX);
  const sa_family_t unnamed = AF_UNIX;  // The kernel picks a name.
  ASSERT_TRUE(local.Bind(unnamed));
  EXPECT_TRUE(MayRunOpen(local.listen()));

  EXPECT_FALSE(MayRunOpen("fd:9999"));
}

TEST(ListenPolicyTest, OthersNeedKeysAndTlsBoth) {
  const std::string listen = "0.0.0.0:50051";
  EXPECT_THAT(Refusal(listen, {}), AllOf(HasSubstr("0.0.0.0:50051"), HasSubstr("--tls_cert"),
                                         HasSubstr("--admin_secret_file"), HasSubstr("--insecure_allow_anyone")));
  EXPECT_THAT(Refusal(listen, {.keys = true}), AllOf(HasSubstr("--tls_cert"), Not(HasSubstr("--admin_secret_file"))));
  EXPECT_THAT(Refusal(listen, {.tls = true}), AllOf(Not(HasSubstr("--tls_cert")), HasSubstr("--admin_secret_file")));
  EXPECT_TRUE(CheckListen(listen, {.keys = true, .tls = true}).ok());
  EXPECT_TRUE(CheckListen(listen, {.allow_anyone = true}).ok());
}

TEST(ListenPolicyTest, AMalformedAddressIsSaidToBeOne) {
  for (const char* listen : {"", "localhost", ":1", "localhost:", "localhost:65536", "localhost:-1", "fd:", "fd:x"}) {
    EXPECT_EQ(CheckListen(listen, {.allow_anyone = true}).code(), absl::StatusCode::kInvalidArgument) << listen;
  }
}

}  // namespace
}  // namespace playhead::broker

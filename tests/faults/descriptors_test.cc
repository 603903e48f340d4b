// A broker with few file descriptors, and a flood of connections that would use up all of them.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "proto/errors.h"
#include "tests/faults/fault_fixture.h"
#include "tests/support/http_connection.h"

namespace playhead::testing {
namespace {

using ::testing::HasSubstr;

constexpr int kDescriptors = 256;
constexpr int kFlood = 400;

// Connections that never say anything.
class Flood {
 public:
  explicit Flood(const std::string& address) {
    const std::vector<std::string> host_port = absl::StrSplit(address, ':');
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int port = 0;
    if (!absl::SimpleAtoi(host_port.back(), &port)) std::abort();
    to.sin_port = htons(static_cast<uint16_t>(port));
    for (int i = 0; i < kFlood; ++i) {
      const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) std::abort();
      open_.push_back(fd);
    }
  }
  ~Flood() { End(); }
  Flood(const Flood&) = delete;
  Flood& operator=(const Flood&) = delete;

  // Waits until the broker has closed so many of them. False if that takes too long.
  bool AwaitClosed(size_t count) {
    const absl::Time patience = absl::Now() + kPatience;
    for (size_t closed = 0; closed < count;) {
      if (absl::Now() > patience) return false;
      std::vector<pollfd> waiting;
      for (const int fd : open_) waiting.push_back({fd, POLLIN, 0});
      if (poll(waiting.data(), waiting.size(), 1000) < 0) return false;
      std::vector<int> left;
      for (const pollfd& one : waiting) {
        std::array<char, 4096> said;
        // What it says before does not matter: a refusal, or the first frame of HTTP/2.
        if (one.revents == 0 || recv(one.fd, said.data(), said.size(), 0) > 0) {
          left.push_back(one.fd);
        } else {
          close(one.fd);
          ++closed;
        }
      }
      open_.swap(left);
    }
    return true;
  }

  void End() {
    for (const int fd : open_) close(fd);
    open_.clear();
  }

 private:
  std::vector<int> open_;
};

class DescriptorsTest : public FaultFixture {
 protected:
  void ServeWithFew() {
    const std::string limit = absl::StrCat("--nofile=", kDescriptors, ":", kDescriptors);
    // Small files, so that the store needs new ones all the time.
    Serve({"--wal_bytes_max=1MiB", "--write_buffer_bytes=1MiB"}, {.runner = {"prlimit", limit}});
  }

  // Processor time that the broker has had so far.
  absl::Duration ProcessorTime() {
    std::string stat;
    std::getline(std::ifstream(absl::StrCat("/proc/", broker().pid(), "/stat")), stat);
    // Behind the name, which may hold anything: utime and stime are fields 14 and 15, the first behind it is 3.
    const std::vector<std::string> fields = absl::StrSplit(stat.substr(stat.rfind(')') + 2), ' ');
    int64_t user = 0;
    int64_t system = 0;
    if (!absl::SimpleAtoi(fields[11], &user) || !absl::SimpleAtoi(fields[12], &system)) std::abort();
    return absl::Seconds(static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK)));
  }

  // Whoever is connected is served, whatever knocks at `address`; and who comes later, once there is room.
  void ExpectServiceDespiteFlood(const std::string& address) {
    SingleAppender appender(broker().address(), "p");
    uint64_t appended = 0;
    const auto append = [&] { return appender.Append("bot", std::string(16'000, 'x'), ++appended).status(); };
    ASSERT_TRUE(append().ok());
    HttpConnection http(broker().http_address());
    ASSERT_EQ(http.Get("/healthz").status, 200);

    Flood flood(address);
    EXPECT_TRUE(flood.AwaitClosed(kFlood - kDescriptors)) << "they hang";
    // What it does in a while is what is measured, once it is done with the flood.
    absl::Duration used = absl::InfiniteDuration();
    for (int tries = 0; tries < 60 && used > absl::Milliseconds(300); ++tries) {
      const absl::Duration before = ProcessorTime();
      absl::SleepFor(absl::Seconds(1));
      used = ProcessorTime() - before;
    }
    EXPECT_LT(used, absl::Milliseconds(300)) << "it spins";

    for (int i = 0; i < 300; ++i) {
      const absl::Status status = append();
      ASSERT_TRUE(status.ok()) << status;
    }
    EXPECT_EQ(http.Get("/healthz").status, 200);
    EXPECT_THAT(http.Get("/metrics").body, HasSubstr("\nplayhead_store_reopens_total 0\n"));
    Publisher late = *NewClient().NewPublisher();
    auto stored = late.Append("late", {.type = "t", .data = "x"});

    flood.End();
    EXPECT_TRUE(stored.get().ok());
    const absl::Time patience = absl::Now() + kPatience;
    while (HttpConnection(broker().http_address()).Get("/healthz").status != 200) ASSERT_LT(absl::Now(), patience);
    EXPECT_EQ(DataOf("bot").size(), appended);
    EXPECT_EQ(broker().Terminate(), 0);
  }
};

TEST_F(DescriptorsTest, AFloodOfGrpcConnectionsTakesNothingFromClientsAndStore) {
  ASSERT_NO_FATAL_FAILURE(ServeWithFew());
  ExpectServiceDespiteFlood(broker().address());
}

TEST_F(DescriptorsTest, AFloodOfHttpConnectionsTakesNothingFromClientsAndStore) {
  ASSERT_NO_FATAL_FAILURE(ServeWithFew());
  ExpectServiceDespiteFlood(broker().http_address());
}

TEST_F(DescriptorsTest, WhatIsTooFewForABrokerIsSaidPlainly) {
  const Refusal refusal = ServeInVain({}, {.runner = {"prlimit", "--nofile=64:64"}});
  EXPECT_EQ(refusal.exit_code, 1);
  EXPECT_THAT(refusal.said, HasSubstr("only 64 files and connections"));
  EXPECT_THAT(refusal.said, HasSubstr("ulimit -n"));
}

TEST_F(DescriptorsTest, ALimitThatMayBeRaisedIsRaised) {
  ASSERT_NO_FATAL_FAILURE(Serve({}, {.runner = {"prlimit", "--nofile=64:4096"}}));
  std::string limits;
  std::getline(std::ifstream(absl::StrCat("/proc/", broker().pid(), "/limits")), limits, '\0');
  EXPECT_THAT(limits, ::testing::ContainsRegex("Max open files +4096 +4096"));
}

}  // namespace
}  // namespace playhead::testing

#include "tests/faults/overload_fixture.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/client.h"
#include "tests/load/numbered_messages.h"

namespace playhead::testing {

size_t OverloadTest::Descriptors() {
  const std::filesystem::directory_iterator open(absl::StrCat("/proc/", broker().pid(), "/fd"));
  return static_cast<size_t>(std::distance(begin(open), end(open)));
}

std::unique_ptr<v1::EventLog::Stub> OverloadTest::NewStub() {
  return v1::EventLog::NewStub(grpc::CreateChannel(broker().address(), grpc::InsecureChannelCredentials()));
}

std::vector<uint64_t> OverloadTest::NumbersOf(const std::string& instance) {
  std::vector<uint64_t> numbers;
  Client client = NewClient();
  for (const auto& event : client.FetchMissed({.instance = instance, .start = Start::Beginning()})) {
    if (!event.ok()) {
      ADD_FAILURE() << event.status();
      break;
    }
    numbers.push_back(NumberIn(event->data()));
    EXPECT_EQ(event->cursor(), numbers.size()) << "a hole";
  }
  return numbers;
}

size_t OverloadTest::StatusKib(absl::string_view name) {
  std::ifstream status(absl::StrCat("/proc/", broker().pid(), "/status"));
  for (std::string line; std::getline(status, line);) {
    size_t kib = 0;
    const std::vector<std::string> words = absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    if (words.size() > 1 && words[0] == name && absl::SimpleAtoi(words[1], &kib)) return kib;
  }
  ADD_FAILURE() << "no " << name;
  return 0;
}

}  // namespace playhead::testing

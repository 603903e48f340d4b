#include "tools/doctor/process_limits.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "tests/support/temp_dir.h"

namespace playhead::tools {
namespace {

using ::testing::HasSubstr;
using testing::TempDir;

TEST(DoctorProcessLimitsTest, ReadsWhatTheKernelTells) {
  const auto limits = ParseProcessLimits(
      "Limit                     Soft Limit           Hard Limit           Units     \n"
      "Max core file size        0                    unlimited            bytes     \n"
      "Max open files            1024                 524288               files     \n");
  ASSERT_TRUE(limits.has_value());
  EXPECT_EQ(limits->open_files, 1024u);
  EXPECT_EQ(limits->open_files_max, 524'288u);
  EXPECT_EQ(limits->core_bytes, 0u);
  EXPECT_FALSE(ParseProcessLimits("").has_value());
  EXPECT_FALSE(ParseProcessLimits("Max open files 12\nMax core file size 0 0 bytes\n").has_value());
  EXPECT_TRUE(ReadProcessLimits("self").has_value());
  EXPECT_FALSE(ReadProcessLimits("no-such-process").has_value());
}

TEST(DoctorProcessLimitsTest, OpenFilesAreHeldAgainstWhatMayCome) {
  broker::ServerOptions options;
  EXPECT_EQ(JudgeOpenFiles(65'536, options, 10, "this process").severity, Severity::kGood);
  EXPECT_EQ(JudgeOpenFiles(kUnlimited, options, 10, "this process").severity, Severity::kGood);
  EXPECT_EQ(JudgeOpenFiles(1024, options, 10, "this process").code, "OPEN_FILES_FEW");
  EXPECT_EQ(JudgeOpenFiles(100, options, 10, "this process").code, "OPEN_FILES_TOO_FEW");
  options.http_listen = "127.0.0.1:0";
  options.limits.http_connections_max = 10'000;
  EXPECT_EQ(JudgeOpenFiles(8192, options, 10, "this process").code, "CONNECTIONS_BEYOND_OPEN_FILES");
  EXPECT_THAT(JudgeOpenFiles(8192, options, 10, "this process").finding, HasSubstr("up to 7648 connections"));
  EXPECT_EQ(JudgeOpenFiles(65'536, options, 10, "this process").severity, Severity::kGood);
  EXPECT_THAT(JudgeOpenFiles(65'536, options, 600, "this process").finding, HasSubstr("has 600 and keeps 512 open"));
}

TEST(DoctorProcessLimitsTest, TellsWhichProcessHasTheStore) {
  const TempDir dir;
  EXPECT_FALSE(FindStoreHolder(dir.path()).has_value());  // There is no store.
  const std::string file = dir.path() + "/LOCK";
  std::ofstream(file).close();
  EXPECT_FALSE(FindStoreHolder(dir.path()).has_value());  // Nobody holds it.
  int ready[2];
  int end[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(end), 0);
  const pid_t holder = ::fork();
  if (holder == 0) {
    const int lock_file = ::open(file.c_str(), O_RDWR);
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    char byte = ::fcntl(lock_file, F_SETLK, &lock) == 0 ? 'y' : 'n';
    ::close(end[1]);
    if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
    ::_exit(::read(end[0], &byte, 1) == 0 ? 0 : 1);  // Until the other side closes.
  }
  char locked = 0;
  ASSERT_EQ(::read(ready[0], &locked, 1), 1);
  ASSERT_EQ(locked, 'y');
  const auto found = FindStoreHolder(dir.path());
  ::close(end[1]);
  ::waitpid(holder, nullptr, 0);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->process, holder);
  EXPECT_FALSE(FindStoreHolder(dir.path()).has_value());
}

TEST(DoctorProcessLimitsTest, CountsTables) {
  const TempDir dir;
  for (const char* name : {"000001.sst", "000002.sst", "000003.log", "CURRENT"}) {
    std::ofstream(dir.path() + "/" + name).close();
  }
  EXPECT_EQ(CountTableFiles(dir.path()), 2u);
  EXPECT_EQ(CountTableFiles(dir.path() + "/later"), 0u);
}

}  // namespace
}  // namespace playhead::tools

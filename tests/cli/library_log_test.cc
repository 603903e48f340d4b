#include "tools/cli/library_log.h"

#include <grpc/support/log.h>
#include <gtest/gtest.h>

#include "tests/support/log_lines.h"

namespace playhead::tools {
namespace {

TEST(LibraryLogTest, TheBrokersLogHasTheErrorsOfGrpcAndNothingOfWhatItTraces) {
  testing::LogLines lines;
  ForwardLibraryLogs();
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_DEBUG);  // As GRPC_VERBOSITY=DEBUG.
  gpr_log(GPR_DEBUG, "authorization: Bearer ph_k0_secret");
  gpr_log(GPR_INFO, "authorization: Bearer ph_k0_secret");
  gpr_log(GPR_ERROR, "the handshake failed");
  lines.Await("event=grpc left_out=0 message=\"the handshake failed\"");
  EXPECT_EQ(lines.Count("secret"), 0);
}

TEST(LibraryLogTest, AMessageOfGrpcIsOneFieldOfTheLogWhateverItContains) {
  testing::LogLines lines;
  ForwardLibraryLogs();
  // Repeated, since only one line a second is logged.
  while (lines.Count("the peer") == 0) gpr_log(GPR_ERROR, "the peer said \"no\"\nevent=forged");
  EXPECT_EQ(lines.Count(R"( message="the peer said \"no\"\nevent=forged")"), 1);
}

}  // namespace
}  // namespace playhead::tools

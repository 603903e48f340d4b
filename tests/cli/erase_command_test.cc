// What `playhead erase` reports of an erasure that somebody else cancels. A stand-in for the broker answers: a real one
// would begin the erasure before another command could cancel it.
#include <gmock/gmock.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "playhead/v1/erasure.grpc.pb.h"
#include "playhead/v1/erasure.pb.h"
#include "tools/cli/command.h"
#include "tools/cli/commands.h"
#include "tools/cli/exit_code.h"

namespace playhead::tools {
namespace {

using ::testing::HasSubstr;

// Takes any erasure, and says that it was canceled when it is asked for its progress.
class CancelingErasures final : public v1::Erasures::Service {
 public:
  grpc::Status EraseEvents(grpc::ServerContext* /*context*/, const v1::EraseEventsRequest* request,
                           v1::Erasure* erasure) override {
    erasure->set_number(7);
    erasure->set_dry_run(request->dry_run());
    erasure->set_state(v1::Erasure::QUEUED);
    return grpc::Status::OK;
  }
  grpc::Status GetErasure(grpc::ServerContext* /*context*/, const v1::GetErasureRequest* request,
                          v1::Erasure* erasure) override {
    erasure->set_number(request->number());
    erasure->set_state(v1::Erasure::CANCELED);
    return grpc::Status::OK;
  }
};

TEST(EraseCommandTest, ACanceledErasureIsAFailureAndNotReportedAsDone) {
  CancelingErasures service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  ASSERT_NE(server, nullptr);
  for (const char* const waits : {"--wait", "--dry_run"}) {
    std::vector<std::unique_ptr<Command>> commands;
    commands.push_back(MakeEraseCommand());
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int exit_code =
        RunCommandLine(commands, {"erase", "a", "--id=x", waits, absl::StrCat("--target=127.0.0.1:", port)});
    const std::string out = ::testing::internal::GetCapturedStdout();
    const std::string err = ::testing::internal::GetCapturedStderr();
    EXPECT_EQ(exit_code, static_cast<int>(ExitCode::kFailed)) << waits;
    EXPECT_EQ(out, "Erasure 7 was canceled.\n") << waits;
    EXPECT_THAT(err, HasSubstr("canceled before it began")) << waits;
  }
}

}  // namespace
}  // namespace playhead::tools

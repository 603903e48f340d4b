// Overload by gRPC calls that cost the client little and could cost the broker much.
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "playhead/v1/event_log.grpc.pb.h"
#include "tests/faults/overload_fixture.h"
#include "tests/support/seed.h"

namespace playhead::testing {
namespace {

// A hundred thousand streams a minute from one client that waits for nothing; for a minute, or for an hour with
// PLAYHEAD_SOAK.
TEST_F(OverloadTest, StreamsThatAreCancelledAtOnceLeaveNothingBehind) {
  constexpr size_t kStreams = 50;
  constexpr absl::Duration kInterval = absl::Milliseconds(30);
  // Less than 50 bytes for each stream of one minute.
  constexpr double kLeftBytesMax = 4 * kMiB;
  const absl::Duration lasting = Soak() ? absl::Hours(1) : absl::Minutes(1);
  ASSERT_NO_FATAL_FAILURE(Serve());
  SingleAppender filler(broker().address(), "filler");
  ASSERT_TRUE(filler.Append("long", std::string(512 << 10, 'x'), 1).ok());
  const size_t idle_descriptors = Descriptors();
  v1::SubscribeRequest from_beginning;
  from_beginning.set_instance("long");
  from_beginning.mutable_start()->set_after_cursor(0);
  size_t opened = 0;
  uint64_t rounds = 0;
  const auto open_for = [&](absl::Duration time) {
    const auto stub = NewStub();
    const absl::Time end = absl::Now() + time;
    for (absl::Time next = absl::Now(); next < end; next = std::max(next + kInterval, absl::Now())) {
      absl::SleepFor(next - absl::Now());
      std::vector<std::unique_ptr<grpc::ClientContext>> calls;
      std::vector<std::unique_ptr<grpc::ClientReader<v1::SubscribeResponse>>> streams;
      for (size_t i = 0; i < kStreams; ++i) {
        calls.push_back(std::make_unique<grpc::ClientContext>());
        streams.push_back(stub->Subscribe(calls.back().get(), from_beginning));
      }
      for (const auto& call : calls) call->TryCancel();
      for (const auto& stream : streams) stream->Finish();
      opened += kStreams;
      // So that the broker is never behind by more than what this machine can take: gRPC's queue of calls has no bound.
      // Always the same append, which is stored once: what is stored takes memory, too.
      if (++rounds % 10 == 0) {
        ASSERT_TRUE(filler.Append("pace", "x", 1).ok());
      }
    }
  };
  open_for(lasting / 6);
  absl::Time patience = absl::Now() + kPatience;
  while (Figure("playhead_subscribers") != 0) ASSERT_LT(absl::Now(), patience) << "streams are left";
  // The minimum over ten seconds, since gRPC frees some memory only after a while.
  double early_bytes = Figure("playhead_allocated_bytes");
  for (const absl::Time end = absl::Now() + absl::Seconds(10); absl::Now() < end; absl::SleepFor(kInterval)) {
    early_bytes = std::min(early_bytes, Figure("playhead_allocated_bytes"));
  }
  open_for(lasting - lasting / 6);
  // Passes through the broker after all of the streams.
  EXPECT_TRUE(filler.Append("long", "x", 2).ok());
  patience = absl::Now() + kPatience;
  while (Figure("playhead_subscribers") != 0) ASSERT_LT(absl::Now(), patience) << "streams are left";
  while (Descriptors() > idle_descriptors + 20) ASSERT_LT(absl::Now(), patience) << "connections are left";
  patience = absl::Now() + kPatience;
  double late_bytes = Figure("playhead_allocated_bytes");
  std::cout << opened << " streams; allocated " << early_bytes / kMiB << " MiB, later " << late_bytes / kMiB
            << " MiB; resident at most " << PeakKib() / 1024 << " MiB" << std::endl;
  for (; late_bytes > early_bytes + kLeftBytesMax; late_bytes = Figure("playhead_allocated_bytes")) {
    ASSERT_LT(absl::Now(), patience) << "memory is left";
  }
  EXPECT_EQ(broker().Terminate(), 0);
}

// gRPC would decompress a few hundred kilobytes to a quarter of a gigabyte, for any client.
TEST_F(OverloadTest, ACompressedMessageIsRefusedAndNotUnpacked) {
  ASSERT_NO_FATAL_FAILURE(Serve());
  const size_t idle_kib = PeakKib();
  const grpc::Slice zeros(std::string(kMiB, '\0'));
  const std::vector<grpc::Slice> many(256, zeros);
  const grpc::ByteBuffer message(many.data(), many.size());
  grpc::GenericStub stub(grpc::CreateChannel(broker().address(), grpc::InsecureChannelCredentials()));
  for (const grpc_compression_algorithm algorithm : {GRPC_COMPRESS_GZIP, GRPC_COMPRESS_DEFLATE}) {
    for (const char* const method :
         {"/playhead.v1.EventLog/Append", "/playhead.v1.EventLog/AppendStream", "/grpc.health.v1.Health/Check"}) {
      grpc::ClientContext context;
      context.set_compression_algorithm(algorithm);
      grpc::ByteBuffer reply;
      std::promise<grpc::Status> status;
      stub.UnaryCall(&context, method, grpc::StubOptions(), &message, &reply,
                     [&status](grpc::Status ended) { status.set_value(std::move(ended)); });
      EXPECT_EQ(status.get_future().get().error_code(), grpc::StatusCode::UNIMPLEMENTED) << method;
    }
  }
  EXPECT_LT(PeakKib(), idle_kib + 64 * 1024);
  EXPECT_EQ(broker().Terminate(), 0);
}

// Protocol Buffers would log a line about each, for any client.
TEST_F(OverloadTest, WhoeverSendsTextThatIsNoneFillsNoLog) {
  ASSERT_NO_FATAL_FAILURE(Serve());
  v1::GetInstanceRequest request;
  request.set_instance("bot");
  std::string bytes = request.SerializeAsString();
  bytes.back() = '\xff';
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer message(&slice, 1);
  grpc::GenericStub stub(grpc::CreateChannel(broker().address(), grpc::InsecureChannelCredentials()));
  const size_t said_before = Said().size();
  for (int i = 0; i < 200; ++i) {
    grpc::ClientContext context;
    grpc::ByteBuffer reply;
    std::promise<grpc::Status> status;
    stub.UnaryCall(&context, "/playhead.v1.EventLog/GetInstance", grpc::StubOptions(), &message, &reply,
                   [&status](grpc::Status ended) { status.set_value(std::move(ended)); });
    EXPECT_FALSE(status.get_future().get().ok());
  }
  EXPECT_LT(Said().size(), said_before + 10'000) << Said().substr(said_before);
  EXPECT_EQ(broker().Terminate(), 0);
}

}  // namespace
}  // namespace playhead::testing

// Writers over gRPC.
#ifndef PLAYHEAD_TESTS_FAULTS_LOAD_GRPC_WRITERS_H_
#define PLAYHEAD_TESTS_FAULTS_LOAD_GRPC_WRITERS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "client/client.h"
#include "client/grpc_endpoint.h"
#include "client/publisher.h"
#include "playhead/v1/event_log.grpc.pb.h"
#include "tests/faults/load/writer.h"

namespace playhead::testing {

// Unary Append, with a producer identity.
class CallWriter final : public Writer {
 public:
  // `target` is HOST:PORT. Events have `text_bytes` bytes of text.
  CallWriter(const std::string& target, NumberedLog& log, Tally& tally, size_t text_bytes);

  bool Offer() override;
  void Settle() override {}

 private:
  const GrpcEndpoint endpoint_;
  const std::unique_ptr<v1::EventLog::Stub> stub_;
  const size_t text_bytes_;
};

// AppendStream, through the client's publisher, which is subject to flow control and never refused.
class StreamWriter final : public Writer {
 public:
  StreamWriter(Client client, NumberedLog& log, Tally& tally, size_t text_bytes, size_t window_bytes);

  bool Offer() override;
  void Settle() override;

 private:
  const size_t text_bytes_;
  uint64_t offered_ = 0;
  Publisher publisher_;  // Last: its callbacks use the others.
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_FAULTS_LOAD_GRPC_WRITERS_H_

// Readers over gRPC. They read as fast as they can, and reopen a stream that ends with a refusal from where they are.
#ifndef PLAYHEAD_TESTS_FAULTS_LOAD_GRPC_READERS_H_
#define PLAYHEAD_TESTS_FAULTS_LOAD_GRPC_READERS_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "client/grpc_endpoint.h"
#include "playhead/v1/event_log.grpc.pb.h"
#include "tests/faults/load/reader.h"
#include "tests/support/consume_session.h"

namespace playhead::testing {

// Subscribe.
class SubscribeReader final : public Reader {
 public:
  // `target` is HOST:PORT. Returns once the first message has come.
  SubscribeReader(const std::string& target, const NumberedLog& log, Tally& tally);
  ~SubscribeReader() override;

  void Read() override;
  bool done() const override { return order_.at_end(); }

 private:
  void Open();

  const GrpcEndpoint endpoint_;
  const std::unique_ptr<v1::EventLog::Stub> stub_;
  InOrder order_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReader<v1::SubscribeResponse>> stream_;
};

// SubscribeMany of a prefix that only the names of `logs` have.
class SubscribeManyReader final : public Reader {
 public:
  // As SubscribeReader.
  SubscribeManyReader(const std::string& target, std::string prefix, const std::vector<const NumberedLog*>& logs,
                      Tally& tally);
  ~SubscribeManyReader() override;

  void Read() override;
  bool done() const override;

 private:
  void Open();

  const GrpcEndpoint endpoint_;
  const std::unique_ptr<v1::EventLog::Stub> stub_;
  const std::string prefix_;
  Tally& tally_;
  std::string position_;
  std::map<std::string, InOrder> orders_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReader<v1::SubscribeManyResponse>> stream_;
};

// Consume. It settles each event, and in the end waits until all settlements are confirmed.
class ConsumeReader final : public Reader {
 public:
  ConsumeReader(const std::string& target, std::string consumer, const NumberedLog& log, Tally& tally);

  void Read() override;
  bool done() const override { return order_.at_end(); }

 private:
  void Open();

  const GrpcEndpoint endpoint_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::string consumer_;
  InOrder order_;
  std::unique_ptr<ConsumeSession> session_;
};

// FetchMissed: page by page from the beginning to the end, repeatedly.
class FetchReader final : public Reader {
 public:
  FetchReader(const std::string& target, const NumberedLog& log, Tally& tally);

  void Read() override;
  bool done() const override { return order_.at_end(); }

 private:
  const GrpcEndpoint endpoint_;
  const std::unique_ptr<v1::EventLog::Stub> stub_;
  InOrder order_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_FAULTS_LOAD_GRPC_READERS_H_

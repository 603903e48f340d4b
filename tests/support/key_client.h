// Calls to a broker with keys, as a client in any language makes them.
#ifndef PLAYHEAD_TESTS_SUPPORT_KEY_CLIENT_H_
#define PLAYHEAD_TESTS_SUPPORT_KEY_CLIENT_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "playhead/v1/event_log.grpc.pb.h"
#include "playhead/v1/keys.grpc.pb.h"
#include "proto/errors.h"

namespace playhead::testing {

// How a call ended.
struct CallOutcome {
  grpc::Status status;
  std::map<std::string, std::string> trailers;

  bool ok() const { return status.ok(); }
  // `error-code`; empty if there is none.
  std::string code() const;
};

CallOutcome OutcomeOf(const grpc::Status& status, const grpc::ClientContext& context);

// Fails the test unless status, `error-code` and `x-retryable` are those of `reason`.
void ExpectRefused(const CallOutcome& outcome, Reason reason);

// Adds `authorization: Bearer <secret>` to a call, unless the secret is empty, and a deadline, so that no test hangs.
void SetSecret(grpc::ClientContext& context, const std::string& secret);

// Makes calls with one secret. Thread-safe.
class KeyClient {
 public:
  KeyClient(std::shared_ptr<grpc::Channel> channel, std::string secret);

  const std::string& secret() const { return secret_; }
  v1::EventLog::Stub& events() { return *events_; }
  v1::Keys::Stub& keys() { return *keys_; }

  CallOutcome Append(const std::string& instance, int events = 1, size_t data_bytes = 1);
  // `types` is the filter of both.
  CallOutcome Fetch(const std::string& instance, const std::vector<std::string>& types = {});
  // Subscribes from the beginning. Reads to the end of a refused stream; cancels an accepted one after its first
  // message.
  CallOutcome Subscribe(const std::string& instance, const std::vector<std::string>& types = {});
  // Sends one request on a stream, and half-closes it.
  CallOutcome AppendStream(const std::string& instance);
  CallOutcome Get(const std::string& instance);
  CallOutcome Delete(const std::string& instance);
  CallOutcome List(std::vector<std::string>& names);

  CallOutcome CreateKey(const v1::CreateKeyRequest& request, v1::CreateKeyResponse& response);
  CallOutcome RevokeKey(const std::string& id);
  CallOutcome RotateKey(const v1::RotateKeyRequest& request, v1::RotateKeyResponse& response);

 private:
  template <typename Stub, typename Request, typename Response>
  CallOutcome Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                   const Request& request, Response& response);

  std::string secret_;
  std::unique_ptr<v1::EventLog::Stub> events_;
  std::unique_ptr<v1::Keys::Stub> keys_;
};

v1::CreateKeyRequest KeyRequest(const std::vector<v1::Permission>& permissions,
                                const std::vector<std::string>& instances);

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_KEY_CLIENT_H_

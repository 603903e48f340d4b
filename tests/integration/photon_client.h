// A client of the Photon API for tests: stubs, metadata, and frames read one at a time. It does only what the test
// tells it: it does not reconnect, and remembers no cursor.
#ifndef PLAYHEAD_TESTS_INTEGRATION_PHOTON_CLIENT_H_
#define PLAYHEAD_TESTS_INTEGRATION_PHOTON_CLIENT_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "photon/whatsapp/v1/media_service.grpc.pb.h"
#include "photon/whatsapp/v1/message_service.grpc.pb.h"

namespace playhead::testing {

// How a call ended, with its trailers.
struct PhotonOutcome {
  grpc::Status status;
  std::map<std::string, std::string> trailers;

  // Empty if there is none.
  std::string trailer(const std::string& key) const;
};

struct PhotonCredentials {
  std::string access_token = "token";
  std::string phone_number_id = "phone";
  std::string app_secret;
};

// A stream. Its destructor cancels it. Not thread-safe.
class PhotonStream {
 public:
  using Frame = ::photon::whatsapp::v1::SubscribeEventsResponse;

  PhotonStream(::photon::whatsapp::v1::MessageService::Stub& stub, const PhotonCredentials& credentials);
  ~PhotonStream();

  // The next frame of any kind; nullopt at the end of the stream.
  std::optional<Frame> Read();
  // The ids of the next `count` messages, skipping heartbeats; fewer at the end of the stream.
  std::vector<std::string> ReadIds(size_t count);
  // How the stream ended. REQUIRES: Read returned nullopt.
  PhotonOutcome Finish();
  void Cancel() { context_.TryCancel(); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<Frame>> reader_;
};

// A client with a connection of its own.
class PhotonClient {
 public:
  explicit PhotonClient(const std::string& address, PhotonCredentials credentials = {});

  PhotonStream Subscribe() { return PhotonStream(*messages_, credentials_); }
  // Subscribes on a connection whose first stream may be bounced, and retries until a stream stays. Reads the first
  // heartbeat of that stream.
  std::unique_ptr<PhotonStream> SubscribeAfterBounce();

  struct Missed {
    PhotonOutcome outcome;
    std::vector<std::string> ids;
    std::string cursor;  // Of the last event. Empty if there is none.
    size_t bytes = 0;    // Of the reply.
  };
  Missed Fetch(const std::string& cursor, std::optional<int> limit = std::nullopt);

  PhotonCredentials& credentials() { return credentials_; }
  ::photon::whatsapp::v1::MessageService::Stub& messages() { return *messages_; }
  ::photon::whatsapp::v1::MediaService::Stub& media() { return *media_; }

  // Adds the credentials to a call, and a deadline that ends a hanging test.
  void Prepare(grpc::ClientContext& context) const;
  static PhotonOutcome OutcomeOf(const grpc::Status& status, const grpc::ClientContext& context);

 private:
  PhotonCredentials credentials_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<::photon::whatsapp::v1::MessageService::Stub> messages_;
  std::unique_ptr<::photon::whatsapp::v1::MediaService::Stub> media_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_INTEGRATION_PHOTON_CLIENT_H_

#include "client/keys_client.h"

#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "client/grpc_endpoint.h"
#include "playhead/v1/keys.grpc.pb.h"

namespace playhead {
namespace {

constexpr uint32_t kKeysPage = 500;

}  // namespace

class KeysClient::Remote {
 public:
  Remote(GrpcEndpoint endpoint, absl::Duration timeout)
      : endpoint_(std::move(endpoint)), timeout_(timeout), stub_(endpoint_.NewChannel()) {}

  template <typename Response, typename Request, typename Method>
  absl::StatusOr<Response> Call(Method method, const Request& request) {
    return endpoint_.Call<Response>(stub_, method, request, absl::Now() + timeout_);
  }

 private:
  const GrpcEndpoint endpoint_;
  const absl::Duration timeout_;
  v1::Keys::Stub stub_;
};

absl::StatusOr<KeysClient> KeysClient::Create(const ClientOptions& options) {
  absl::StatusOr<GrpcEndpoint> endpoint = GrpcEndpoint::Create(options);
  if (!endpoint.ok()) return endpoint.status();
  if (options.request_timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("request_timeout must be positive");
  }
  return KeysClient(std::make_shared<Remote>(*std::move(endpoint), options.request_timeout));
}

KeysClient::KeysClient(std::shared_ptr<Remote> remote) : remote_(std::move(remote)) {}

absl::StatusOr<v1::CreateKeyResponse> KeysClient::CreateKey(const v1::CreateKeyRequest& request) {
  return remote_->Call<v1::CreateKeyResponse>(&v1::Keys::Stub::Create, request);
}

PagedRange<v1::Key> KeysClient::ListKeys() {
  v1::ListKeysRequest first;
  first.set_page_size(kKeysPage);
  return PagedRange<v1::Key>(
      [remote = remote_, next = std::move(first)]() mutable -> absl::StatusOr<PagedRange<v1::Key>::Page> {
        auto response = remote->Call<v1::ListKeysResponse>(&v1::Keys::Stub::List, next);
        if (!response.ok()) return response.status();
        PagedRange<v1::Key>::Page page;
        for (v1::Key& key : *response->mutable_keys()) page.items.push_back(std::move(key));
        page.last = response->next_page_token().empty();
        next.set_page_token(response->next_page_token());
        return page;
      });
}

absl::StatusOr<v1::Key> KeysClient::RevokeKey(absl::string_view id) {
  v1::RevokeKeyRequest request;
  request.set_id(std::string(id));
  auto response = remote_->Call<v1::RevokeKeyResponse>(&v1::Keys::Stub::Revoke, request);
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_key());
}

absl::StatusOr<v1::RotateKeyResponse> KeysClient::RotateKey(const v1::RotateKeyRequest& request) {
  return remote_->Call<v1::RotateKeyResponse>(&v1::Keys::Stub::Rotate, request);
}

}  // namespace playhead

#include "broker/grpc/keys_service.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "broker/auth/permission.h"
#include "broker/auth/secret.h"
#include "broker/grpc/message_buffer.h"
#include "broker/grpc/unary_call.h"
#include "broker/listing/page_size.h"
#include "broker/listing/page_token.h"
#include "playhead/v1/keys.grpc.pb.h"
#include "proto/errors.h"

namespace playhead::broker {
namespace {

using Generated = v1::Keys;
using RawService = Generated::WithRawCallbackMethod_Create<Generated::WithRawCallbackMethod_List<
    Generated::WithRawCallbackMethod_Revoke<Generated::WithRawCallbackMethod_Rotate<Generated::Service>>>>;

class KeysCall final : public UnaryCall {
 public:
  using UnaryCall::UnaryCall;

  // Managing keys requires the permission to manage everything.
  absl::Status Accept(const grpc::ByteBuffer& buffer, google::protobuf::MessageLite& request) {
    if (absl::Status status = Enter(buffer); !status.ok()) return status;
    if (absl::Status status = caller()->CheckAll(Permission::kManage); !status.ok()) return status;
    return ParseRequest(buffer, request);
  }
};

absl::Status List(const KeyStore& keys, const v1::ListKeysRequest& request, KeysCall* call) {
  const auto page_size = CheckPageSize(request.page_size());
  if (!page_size.ok()) return page_size.status();
  const auto after = DecodePageToken(request.page_token(), "");
  if (!after.ok()) return after.status();
  if (!after->empty() && !IsKeyId(*after)) {
    return MakeError(Reason::kPageTokenInvalid, "`page_token` must be empty, or the next_page_token of a page");
  }
  // One row more than the page shows whether there is another page.
  const std::vector<v1::Key> rows = keys.List(*after, *page_size + 1);
  v1::ListKeysResponse response;
  for (const v1::Key& row : rows) {
    if (static_cast<size_t>(response.keys_size()) == *page_size) {
      response.set_next_page_token(EncodePageToken(response.keys().rbegin()->id()));
      break;
    }
    *response.add_keys() = row;
  }
  call->Reply(ToByteBuffer(response));
  return absl::OkStatus();
}

class KeysService final : public RawService {
 public:
  KeysService(const Core& core, KeyStore& keys) : core_(core), keys_(keys) {}

  grpc::ServerUnaryReactor* Create(grpc::CallbackServerContext* context, const grpc::ByteBuffer* buffer,
                                   grpc::ByteBuffer* response) override {
    auto* const call = new KeysCall("Keys.Create", core_, *context, *response);
    v1::CreateKeyRequest request;
    if (absl::Status status = call->Accept(*buffer, request); !status.ok()) {
      call->Refuse(status);
    } else {
      keys_.Create(call->caller()->key_id(), std::move(request), call->Answer<v1::CreateKeyResponse>());
    }
    return call;
  }

  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context, const grpc::ByteBuffer* buffer,
                                 grpc::ByteBuffer* response) override {
    auto* const call = new KeysCall("Keys.List", core_, *context, *response);
    v1::ListKeysRequest request;
    absl::Status status = call->Accept(*buffer, request);
    if (status.ok()) status = broker::List(keys_, request, call);
    if (!status.ok()) call->Refuse(status);
    return call;
  }

  grpc::ServerUnaryReactor* Revoke(grpc::CallbackServerContext* context, const grpc::ByteBuffer* buffer,
                                   grpc::ByteBuffer* response) override {
    auto* const call = new KeysCall("Keys.Revoke", core_, *context, *response);
    v1::RevokeKeyRequest request;
    if (absl::Status status = call->Accept(*buffer, request); !status.ok()) {
      call->Refuse(status);
    } else {
      keys_.Revoke(call->caller()->key_id(), std::move(request), call->Answer<v1::RevokeKeyResponse>());
    }
    return call;
  }

  grpc::ServerUnaryReactor* Rotate(grpc::CallbackServerContext* context, const grpc::ByteBuffer* buffer,
                                   grpc::ByteBuffer* response) override {
    auto* const call = new KeysCall("Keys.Rotate", core_, *context, *response);
    v1::RotateKeyRequest request;
    if (absl::Status status = call->Accept(*buffer, request); !status.ok()) {
      call->Refuse(status);
    } else {
      keys_.Rotate(call->caller()->key_id(), std::move(request), call->Answer<v1::RotateKeyResponse>());
    }
    return call;
  }

 private:
  const Core core_;
  KeyStore& keys_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeKeysService(const Core& core, KeyStore& keys) {
  return std::make_unique<KeysService>(core, keys);
}

}  // namespace playhead::broker

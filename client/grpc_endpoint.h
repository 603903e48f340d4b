// GrpcEndpoint: a broker's address and the gRPC settings that all connections and calls to it share.
#ifndef PLAYHEAD_CLIENT_GRPC_ENDPOINT_H_
#define PLAYHEAD_CLIENT_GRPC_ENDPOINT_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/options.h"

namespace playhead {

// Thread safety: immutable; all methods may be called from any thread.
class GrpcEndpoint {
 public:
  // Reads the files that the options name.
  //   InvalidArgument  an option is out of range; a file cannot be read or is not PEM; the key is malformed, or would
  //                    be sent to another machine in plain text.
  static absl::StatusOr<GrpcEndpoint> Create(const ClientOptions& options);

  // Connects when the first call needs it, with one attempt: it does not retry on a schedule of its own.
  std::shared_ptr<grpc::Channel> NewChannel() const;

  // Adds the metadata that every call carries.
  void Prepare(grpc::ClientContext& context) const;

  // Translates the status of a finished call. If the connection failed because only one side speaks TLS, or because of
  // the broker's certificate, the message explains that.
  absl::Status ToStatus(const grpc::Status& status, const grpc::ClientContext& context) const;

  // One attempt at a unary call of a generated stub: Call<Reply>(stub, &Stub::Method, request, deadline).
  template <typename Response, typename Stub, typename Request, typename Method>
  absl::StatusOr<Response> Call(Stub& stub, Method method, const Request& request, absl::Time deadline) const {
    grpc::ClientContext context;
    if (deadline != absl::InfiniteFuture()) context.set_deadline(absl::ToChronoTime(deadline));
    Prepare(context);
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    if (!status.ok()) return ToStatus(status, context);
    return response;
  }

 private:
  GrpcEndpoint(const ClientOptions& options, std::shared_ptr<grpc::ChannelCredentials> credentials);

  std::string target_;
  bool tls_;
  std::string authorization_;  // Empty without a key.
  std::shared_ptr<grpc::ChannelCredentials> credentials_;
  grpc::ChannelArguments arguments_;
};

// Whether `target`, in gRPC's address syntax, is this machine, judged by its name alone: unix:, localhost or a loopback
// address.
bool IsLoopbackTarget(absl::string_view target);

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_GRPC_ENDPOINT_H_

// The HTTP endpoint of webhooks, which Meta calls.
//
//   GET  /webhook  the handshake by which Meta checks that the address is ours: answers the challenge, if the token is
//                  right.
//   POST /webhook  a body. 200 once all of it is durable; 401 if its signature is not valid; 503 if Meta should send it
//                  again.
#ifndef PLAYHEAD_BROKER_WEBHOOK_ENDPOINT_H_
#define PLAYHEAD_BROKER_WEBHOOK_ENDPOINT_H_

#include <memory>
#include <optional>
#include <string>

#include "broker/auth/secret.h"
#include "broker/core.h"
#include "broker/http/request.h"
#include "broker/http/responder.h"
#include "broker/http/router.h"
#include "broker/webhook/options.h"
#include "broker/webhook/secret_store.h"
#include "broker/webhook/unverified.h"

namespace playhead::broker::webhook {

inline constexpr size_t kVerifyTokenBytesMax = 256;

// The token in the file at `path`: 1 to kVerifyTokenBytesMax visible ASCII characters; one newline at the end does not
// count. Reads a disk.
//   NotFound, FailedPrecondition  as ReadPrivateFile.
//   InvalidArgument               it contains something else.
absl::StatusOr<SecretHash> LoadVerifyToken(const std::string& path);

// Thread safety: all of it.   Blocking: none; signatures are computed on the thread of the request.
class Endpoint {
 public:
  // Reads the verify token's file. Borrows what `core` refers to and `secrets`, which must outlive every request.
  //   Errors as for LoadVerifyToken.
  static absl::StatusOr<std::unique_ptr<Endpoint>> Make(const Core& core, const SecretStore& secrets,
                                                        const Options& options);

  // The router must not be used after this object is destroyed.
  void AddRoutes(http::Router& router) const;

 private:
  Endpoint(const Core& core, const SecretStore& secrets, std::optional<SecretHash> verify_token,
           std::unique_ptr<UnverifiedStore> unverified);

  void Handshake(const http::Request& request, http::Responder responder) const;
  void Receive(http::Request request, http::Responder responder) const;
  absl::Status CheckReady() const;

  const Core core_;
  const SecretStore& secrets_;
  const std::optional<SecretHash> verify_token_;       // Without one, every handshake is refused.
  const std::unique_ptr<UnverifiedStore> unverified_;  // nullptr unless unverified bodies are kept.
};

}  // namespace playhead::broker::webhook

#endif  // PLAYHEAD_BROKER_WEBHOOK_ENDPOINT_H_

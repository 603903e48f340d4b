// gRPC's server credentials over certificates that change while it serves.
#ifndef PLAYHEAD_BROKER_TLS_GRPC_CREDENTIALS_H_
#define PLAYHEAD_BROKER_TLS_GRPC_CREDENTIALS_H_

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "broker/tls/certificates.h"

namespace playhead::broker {

// Each new connection gets the newest certificate and key, always both of one generation. Whether clients must show a
// certificate is decided once, here.
//
// For one port, or one ExternalConnectionAcceptor, of one server.
// Ownership: borrows `certificates`; it and the credentials must outlive the server, which asks them at each
// connection.
std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const Certificates& certificates);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_TLS_GRPC_CREDENTIALS_H_

// gRPC server credentials from certificates that change while the server runs.
#ifndef PLAYHEAD_BROKER_TLS_GRPC_CREDENTIALS_H_
#define PLAYHEAD_BROKER_TLS_GRPC_CREDENTIALS_H_

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "broker/tls/certificates.h"

namespace playhead::broker {

// Each new connection gets the newest certificate and its key, always of one generation. Whether clients must present a
// certificate is decided once, when the credentials are created.
//
// For one port, or one ExternalConnectionAcceptor, of one server.
// Ownership: borrows `certificates`. It and the credentials must outlive the server, which uses them at each
// connection.
std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const Certificates& certificates);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_TLS_GRPC_CREDENTIALS_H_

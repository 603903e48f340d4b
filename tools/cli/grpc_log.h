// Where gRPC's own complaints go (failed TLS handshakes, mostly), which it would print on stderr in a form of its own.
#ifndef PLAYHEAD_TOOLS_CLI_GRPC_LOG_H_
#define PLAYHEAD_TOOLS_CLI_GRPC_LOG_H_

namespace playhead::tools {

// For clients: nowhere, since a call's status says it again; an error is one line on stderr. GRPC_VERBOSITY in the
// environment brings them back.
void DropGrpcLog();

// For the broker: to its log, one line a second at most; the next one counts those left out.
void ForwardGrpcLog();

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_GRPC_LOG_H_

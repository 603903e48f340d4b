// Where the complaints of libraries go, which would print them on stderr in a form of their own: gRPC's (failed TLS
// handshakes, mostly), and those of Protocol Buffers about messages that it cannot read. The latter go nowhere: whoever
// sent such a message is told, and could fill a disk with them.
#ifndef PLAYHEAD_TOOLS_CLI_LIBRARY_LOG_H_
#define PLAYHEAD_TOOLS_CLI_LIBRARY_LOG_H_

namespace playhead::tools {

// For clients: nowhere, since a call's status says it again; an error is one line on stderr. GRPC_VERBOSITY in the
// environment brings gRPC's back.
void DropLibraryLogs();

// For the broker: gRPC's to its log, one line a second at most; the next one counts those left out.
void ForwardLibraryLogs();

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_LIBRARY_LOG_H_

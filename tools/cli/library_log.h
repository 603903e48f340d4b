// Redirects the log messages that libraries would print on stderr in their own format: gRPC's (mostly failed TLS
// handshakes), and those of Protocol Buffers about messages it cannot parse. The latter are dropped: the sender of such
// a message gets an error, and could otherwise fill a disk with them.
#ifndef PLAYHEAD_TOOLS_CLI_LIBRARY_LOG_H_
#define PLAYHEAD_TOOLS_CLI_LIBRARY_LOG_H_

namespace playhead::tools {

// For clients: drops them, since the call's status has the same information and errors are one line on stderr.
// GRPC_VERBOSITY in the environment restores gRPC's.
void DropLibraryLogs();

// For the broker: writes gRPC's errors to its log, at most one line a second, which counts those left out before it.
// Nothing else, whatever GRPC_VERBOSITY and GRPC_TRACE in the environment say: gRPC's traces contain calls with their
// keys.
void ForwardLibraryLogs();

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_LIBRARY_LOG_H_

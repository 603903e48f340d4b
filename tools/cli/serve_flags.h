// The options of `serve`, for all commands that read a broker's configuration.
#ifndef PLAYHEAD_TOOLS_CLI_SERVE_FLAGS_H_
#define PLAYHEAD_TOOLS_CLI_SERVE_FLAGS_H_

#include "broker/server_options.h"
#include "tools/cli/flags.h"

namespace playhead::tools {

struct ServeOptions {
  broker::ServerOptions server;
  // Whether a crash may write a core dump (tools/cli/core_dumps.h).
  bool core_dumps = false;
};

// Binds the flags of `serve` to `options`, which must outlive the set.
void AddServeFlags(FlagSet& flags, ServeOptions& options);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_SERVE_FLAGS_H_

#include "tools/version.h"

#include <grpcpp/grpcpp.h>
#include <rocksdb/version.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "tools/cli/commands.h"
#include "tools/cli/event_printer.h"

namespace playhead::tools {
namespace {

class VersionCommand : public Command {
 public:
  Info info() const override {
    return {.name = "version", .arguments = "", .summary = "Print the version of this build.", .description = ""};
  }

  void AddFlags(FlagSet& /*flags*/) override {}

  absl::Status Run(absl::Span<const std::string> /*arguments*/) override {
    return WriteOut(absl::StrCat("playhead ", kVersion, " (store format ", kStoreFormat, ", RocksDB ",
                                 rocksdb::GetRocksVersionAsString(), ", gRPC ", grpc::Version(), ")\n"));
  }
};

}  // namespace

std::unique_ptr<Command> MakeVersionCommand() { return std::make_unique<VersionCommand>(); }

}  // namespace playhead::tools

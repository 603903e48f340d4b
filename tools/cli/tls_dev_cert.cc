#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/cli/commands.h"
#include "tools/cli/event_printer.h"
#include "tools/tls/dev_certificates.h"

namespace playhead::tools {
namespace {

class TlsDevCertCommand : public Command {
 public:
  Info info() const override {
    return {.name = "tls dev-cert",
            .arguments = "DIR",
            .summary = "Create a certificate for local use.",
            .description =
                R"(Creates a private authority (ca.pem, ca-key.pem) and a server's certificate (cert.pem,
key.pem) for localhost, 127.0.0.1 and ::1 in DIR, and prints how to use them. Run again, it
keeps the authority and renews the certificate for the given hosts; a running broker starts
using it automatically.
It never overwrites files that it did not make. Only you can read the keys.
)",
            .arguments_min = 1,
            .arguments_max = 1};
  }

  void AddFlags(FlagSet& flags) override {
    flags.Texts("host", &hosts_, "NAME", "Another name or IP address at which clients reach the broker.");
  }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    const absl::StatusOr<DevCertificates> made = MakeDevCertificates(arguments[0], hosts_);
    if (!made.ok()) return made.status();
    return WriteOut(absl::StrCat(made->ca_reused ? "Renewed " : "Made ", made->cert, ", signed by ", made->ca, ".\n",
                                 "  broker:   playhead serve --tls_cert=", made->cert, " --tls_key=", made->key,
                                 " ...\n", "  clients:  --ca=", made->ca, " or PLAYHEAD_CA=", made->ca, "\n",
                                 "  grpc-js:  GRPC_DEFAULT_SSL_ROOTS_FILE_PATH=", made->ca, "\n"));
  }

 private:
  std::vector<std::string> hosts_;
};

}  // namespace

std::unique_ptr<Command> MakeTlsDevCertCommand() { return std::make_unique<TlsDevCertCommand>(); }

}  // namespace playhead::tools

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/webhooks_client.h"
#include "proto/event_json.h"
#include "tools/cli/client_flags.h"
#include "tools/cli/commands.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/secret_file.h"
#include "tools/cli/terminal.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

// The service's name for all instances.
constexpr absl::string_view kAll = "*";
constexpr absl::Duration kKeepPreviousMax = absl::Hours(24 * 30);

std::string TimeText(int64_t micros) { return FormatMicros(micros).substr(0, 19) + "Z"; }

std::string SecretJson(const v1::WebhookSecret& secret) {
  std::string out = absl::StrCat("{\"instance\":", JsonString(secret.instance()), ",\"set_at\":\"",
                                 FormatMicros(secret.set_at()), "\"");
  if (secret.previous_until() != 0) {
    absl::StrAppend(&out, ",\"previous_until\":\"", FormatMicros(secret.previous_until()), "\"");
  }
  return out + "}\n";
}

std::string WhoText(absl::string_view instance) {
  return instance == kAll ? "all instances that have none of their own" : Printable(instance);
}

class WebhookSecretCommand : public Command {
 public:
  Info info() const override {
    return {.name = "webhook secret",
            .arguments = "[INSTANCE]",
            .summary = "Set the app secret that signs webhooks.",
            .description =
                R"(Sets the app secret with which webhooks of INSTANCE (a phone number id), or of all without one of
their own, must be signed. Meta shows it in the app's dashboard under Settings > Basic. It is read
from a file or from stdin, so that it appears in no process list and no shell history.
  playhead webhook secret --all --secret_file=app-secret.txt
  pass show meta/app-secret | playhead webhook secret 106540352242922 --secret_file=-
  playhead webhook secret 106540352242922 --delete
)",
            .arguments_min = 0,
            .arguments_max = 1};
  }

  void AddFlags(FlagSet& flags) override {
    flags.Section("The secret");
    flags.Bool("all", &all_, "For all instances without a secret of their own, instead of INSTANCE.");
    flags.Text("secret_file", &secret_file_, "FILE", "A file that holds the secret; - is stdin.");
    flags.Duration("keep_previous", &keep_previous_, absl::ZeroDuration(), kKeepPreviousMax,
                   "How long the previous secret stays valid; 0 ends it at once.");
    flags.Bool("delete", &delete_, "Delete the secret and the previous one.");
    client_.Add(flags, /*streams=*/false);
  }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    if (all_ != arguments.empty()) return UsageError("give either INSTANCE or --all");
    if (delete_ != secret_file_.empty()) return UsageError("give either --secret_file=FILE or --delete");
    const std::string instance = all_ ? std::string(kAll) : arguments[0];
    absl::StatusOr<WebhooksClient> client = WebhooksClient::Create(client_.options());
    if (!client.ok()) return client.status();
    return delete_ ? Delete(*client, instance) : Set(*client, instance);
  }

 private:
  absl::Status Set(WebhooksClient& client, const std::string& instance) const {
    auto secret = ReadSecretFile(secret_file_);
    if (!secret.ok()) return secret.status();
    v1::SetWebhookSecretRequest request;
    request.set_instance(instance);
    request.set_secret(*std::move(secret));
    request.set_keep_previous_seconds(static_cast<uint32_t>(absl::ToInt64Seconds(keep_previous_)));
    const absl::StatusOr<v1::WebhookSecret> set = client.SetSecret(request);
    if (!set.ok()) return set.status();
    if (client_.json) return WriteOut(SecretJson(*set));
    return WriteOut(absl::StrCat("Set the secret of ", WhoText(instance), ".",
                                 set->previous_until() == 0 ? ""
                                                            : absl::StrCat(" The one before verifies until ",
                                                                           TimeText(set->previous_until()), "."),
                                 "\n"));
  }

  absl::Status Delete(WebhooksClient& client, const std::string& instance) const {
    if (absl::Status status = client.DeleteSecret(instance); !status.ok()) return status;
    return client_.json ? absl::OkStatus() : WriteOut(absl::StrCat("Deleted the secret of ", WhoText(instance), ".\n"));
  }

  bool all_ = false;
  bool delete_ = false;
  std::string secret_file_;
  absl::Duration keep_previous_ = absl::Hours(24);
  ClientFlags client_;
};

class WebhookSecretsCommand : public Command {
 public:
  Info info() const override {
    return {
        .name = "webhook secrets",
        .arguments = "",
        .summary = "List whose app secrets are set, and since when.",
        .description = R"(Lists whose app secrets are set; never a secret. * stands for all without one of their own.
)"};
  }

  void AddFlags(FlagSet& flags) override { client_.Add(flags, /*streams=*/false); }

  absl::Status Run(absl::Span<const std::string> /*arguments*/) override {
    absl::StatusOr<WebhooksClient> client = WebhooksClient::Create(client_.options());
    if (!client.ok()) return client.status();
    const auto secrets = client->ListSecrets();
    if (!secrets.ok()) return secrets.status();
    const absl::Status status = WriteOut(Format(*secrets));
    return IsOutputClosed(status) ? absl::OkStatus() : status;
  }

 private:
  std::string Format(const std::vector<v1::WebhookSecret>& secrets) const {
    std::string out;
    if (client_.json) {
      for (const v1::WebhookSecret& secret : secrets) out += SecretJson(secret);
      return out;
    }
    size_t width = 8;
    for (const v1::WebhookSecret& secret : secrets) width = std::max(width, secret.instance().size());
    const auto columns = static_cast<int>(width);
    absl::StrAppend(&out,
                    Painter(stdout)(Colour::kBold,
                                    absl::StrFormat("%-*s  %-20s  %s", columns, "INSTANCE", "SET", "PREVIOUS UNTIL")),
                    "\n");
    for (const v1::WebhookSecret& secret : secrets) {
      absl::StrAppendFormat(&out, "%-*s  %-20s  %s\n", columns, secret.instance(), TimeText(secret.set_at()),
                            secret.previous_until() == 0 ? "-" : TimeText(secret.previous_until()));
    }
    return out;
  }

  ClientFlags client_;
};

}  // namespace

std::unique_ptr<Command> MakeWebhookSecretCommand() { return std::make_unique<WebhookSecretCommand>(); }
std::unique_ptr<Command> MakeWebhookSecretsCommand() { return std::make_unique<WebhookSecretsCommand>(); }

}  // namespace playhead::tools

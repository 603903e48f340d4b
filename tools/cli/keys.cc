#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "client/keys_client.h"
#include "proto/event_json.h"
#include "tools/cli/client_flags.h"
#include "tools/cli/commands.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/key_text.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

// The broker allows 30 days.
constexpr absl::Duration kGraceMax = absl::Hours(24 * 30);

// "never" or a time, as microseconds; 0 is never.
absl::StatusOr<int64_t> ParseExpiry(absl::string_view text) {
  if (text == "never") return 0;
  const std::optional<absl::Time> time = ParseTime(text);
  if (!time.has_value()) {
    return UsageError(absl::StrCat("--expires: \"", text, "\" is not a time such as 2027-01-31T00:00:00Z, nor never"));
  }
  return absl::ToUnixMicros(*time);
}

std::vector<std::string> SplitList(absl::string_view text) { return absl::StrSplit(text, ',', absl::SkipWhitespace()); }

// The secret as a new or rotated key shows it, once.
std::string SecretText(const v1::Key& key, absl::string_view secret, bool json) {
  if (json) return absl::StrCat("{\"id\":", JsonString(key.id()), ",\"secret\":", JsonString(secret), "}\n");
  return absl::StrCat("  ", secret, "\nThis secret is not shown again. Clients send it with --key or PLAYHEAD_KEY.\n");
}

class KeysCreateCommand : public Command {
 public:
  Info info() const override {
    return {.name = "keys create",
            .arguments = "NAME",
            .summary = "Create a key, and show its secret once.",
            .description =
                R"(Creates a key. NAME is for people. With --json it prints only {"id":...,"secret":...}.
  playhead keys create crm --allow=subscribe --instances='bot-*'
  playhead keys create admin --allow=append,subscribe,manage --instances='*'
)",
            .arguments_min = 1,
            .arguments_max = 1};
  }

  void AddFlags(FlagSet& flags) override {
    flags.Section("The key");
    flags.Text("allow", &allow_, "LIST", "What it may do: append, subscribe, manage, separated by commas. Required.");
    flags.Text("instances", &instances_, "LIST",
               "The instances it covers: exact names, prefix*, or * for all, separated by commas. Required.");
    flags.Text("expires", &expires_, "TIME", "When it stops working (RFC 3339), or never.");
    flags.Number<uint64_t>("quota_events_per_second", &events_per_second_, 0, kUnbounded,
                           "Events it may append, on average; 0 is no limit, here and below.");
    flags.Bytes<uint64_t>("quota_bytes_per_second", &bytes_per_second_, 0, kUnbounded,
                          "Bytes it may append, on average.");
    flags.Number<uint64_t>("quota_streams", &streams_, 0, kUnbounded, "Streams it may hold open at once.");
    flags.Number<uint64_t>("quota_instances", &quota_instances_, 0, kUnbounded,
                           "Instances that may exist among those it covers.");
    client_.Add(flags, /*streams=*/false);
  }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    v1::CreateKeyRequest request;
    request.set_name(arguments[0]);
    for (const std::string& word : SplitList(allow_)) {
      const std::optional<v1::Permission> permission = ParsePermission(absl::StripAsciiWhitespace(word));
      if (!permission.has_value()) {
        return UsageError(absl::StrCat("--allow: \"", word, "\" is not append, subscribe or manage"));
      }
      request.add_permissions(*permission);
    }
    for (const std::string& pattern : SplitList(instances_)) {
      request.add_instances(std::string(absl::StripAsciiWhitespace(pattern)));
    }
    if (request.permissions().empty()) return UsageError("give --allow=append,subscribe,manage, or some of them");
    if (request.instances().empty()) return UsageError("give --instances=NAME,PREFIX*; '*' is all");
    const absl::StatusOr<int64_t> expires_at = ParseExpiry(expires_);
    if (!expires_at.ok()) return expires_at.status();
    request.set_expires_at(*expires_at);
    v1::KeyQuotas& quotas = *request.mutable_quotas();
    quotas.set_append_events_per_second(events_per_second_);
    quotas.set_append_bytes_per_second(bytes_per_second_);
    quotas.set_streams_max(streams_);
    quotas.set_instances_max(quota_instances_);

    absl::StatusOr<KeysClient> client = KeysClient::Create(client_.options());
    if (!client.ok()) return client.status();
    const absl::StatusOr<v1::CreateKeyResponse> made = client->CreateKey(request);
    if (!made.ok()) return made.status();
    const v1::Key& key = made->key();
    return WriteOut(absl::StrCat(
        client_.json ? ""
                     : absl::StrCat("Made ", key.id(), " (", Printable(key.name()), "): ", PermissionsText(key), " on ",
                                    absl::StrJoin(key.instances(), ","), "; expires ", ExpiryText(key), ".\n"),
        SecretText(key, made->secret(), client_.json)));
  }

 private:
  static constexpr uint64_t kUnbounded = std::numeric_limits<int64_t>::max();

  std::string allow_;
  std::string instances_;
  std::string expires_ = "never";
  uint64_t events_per_second_ = 0;
  uint64_t bytes_per_second_ = 0;
  uint64_t streams_ = 0;
  uint64_t quota_instances_ = 0;
  ClientFlags client_;
};

class KeysListCommand : public Command {
 public:
  Info info() const override {
    return {.name = "keys list",
            .arguments = "",
            .summary = "List keys; never their secrets.",
            .description = R"(Lists all keys, revoked and expired ones included.
)"};
  }

  void AddFlags(FlagSet& flags) override { client_.Add(flags, /*streams=*/false); }

  absl::Status Run(absl::Span<const std::string> /*arguments*/) override {
    absl::StatusOr<KeysClient> client = KeysClient::Create(client_.options());
    if (!client.ok()) return client.status();
    std::vector<v1::Key> keys;  // The broker limits their number.
    for (const absl::StatusOr<v1::Key>& key : client->ListKeys()) {
      if (!key.ok()) return key.status();
      keys.push_back(*key);
    }
    const int64_t now = absl::ToUnixMicros(absl::Now());
    std::string out;
    if (client_.json) {
      for (const v1::Key& key : keys) absl::StrAppend(&out, KeyJson(key, now), "\n");
    } else {
      out = KeyTable(keys, now);
    }
    const absl::Status status = WriteOut(out);
    return IsOutputClosed(status) ? absl::OkStatus() : status;
  }

 private:
  ClientFlags client_;
};

class KeysRevokeCommand : public Command {
 public:
  Info info() const override {
    return {.name = "keys revoke",
            .arguments = "ID",
            .summary = "End a key for good, and its streams within a second.",
            .description = R"(Revokes a key, at once and for good. Revoking it again changes nothing.
)",
            .arguments_min = 1,
            .arguments_max = 1};
  }

  void AddFlags(FlagSet& flags) override { client_.Add(flags, /*streams=*/false); }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    absl::StatusOr<KeysClient> client = KeysClient::Create(client_.options());
    if (!client.ok()) return client.status();
    const absl::StatusOr<v1::Key> key = client->RevokeKey(arguments[0]);
    if (!key.ok()) return key.status();
    return WriteOut(client_.json ? KeyJson(*key, absl::ToUnixMicros(absl::Now())) + "\n"
                                 : absl::StrCat("Revoked ", key->id(), " (", Printable(key->name()), ").\n"));
  }

 private:
  ClientFlags client_;
};

class KeysRotateCommand : public Command {
 public:
  Info info() const override {
    return {.name = "keys rotate",
            .arguments = "ID",
            .summary = "Give a key a new secret; the old one works a while longer.",
            .description =
                R"(Gives a key a new secret and shows it once. The old one keeps working for the grace period, so that
clients can be changed one after the other. With --json it prints only {"id":...,"secret":...}.
)",
            .arguments_min = 1,
            .arguments_max = 1};
  }

  void AddFlags(FlagSet& flags) override {
    flags.Section("Rotating");
    flags.Duration("grace", &grace_, absl::ZeroDuration(), kGraceMax,
                   "How long the old secret keeps working; 0 ends it at once.");
    flags.Text("expires", &expires_, "TIME", "The key's new expiry time (RFC 3339), or never. Unchanged by default.");
    client_.Add(flags, /*streams=*/false);
  }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    v1::RotateKeyRequest request;
    request.set_id(arguments[0]);
    request.set_grace_seconds(static_cast<uint32_t>(absl::ToInt64Seconds(grace_)));
    if (!expires_.empty()) {
      const absl::StatusOr<int64_t> expires_at = ParseExpiry(expires_);
      if (!expires_at.ok()) return expires_at.status();
      request.set_expires_at(*expires_at);
    }
    absl::StatusOr<KeysClient> client = KeysClient::Create(client_.options());
    if (!client.ok()) return client.status();
    const absl::StatusOr<v1::RotateKeyResponse> rotated = client->RotateKey(request);
    if (!rotated.ok()) return rotated.status();
    const v1::Key& key = rotated->key();
    std::string line;
    if (!client_.json) {
      line = absl::StrCat("Rotated ", key.id(), " (", Printable(key.name()), "). The old secret ",
                          key.previous_secret_until() == 0
                              ? "works no more"
                              : absl::StrCat("works until ", SecondsText(key.previous_secret_until())),
                          "; the new one:\n");
    }
    return WriteOut(line + SecretText(key, rotated->secret(), client_.json));
  }

 private:
  absl::Duration grace_ = absl::Hours(24);
  std::string expires_;
  ClientFlags client_;
};

}  // namespace

std::unique_ptr<Command> MakeKeysCreateCommand() { return std::make_unique<KeysCreateCommand>(); }
std::unique_ptr<Command> MakeKeysListCommand() { return std::make_unique<KeysListCommand>(); }
std::unique_ptr<Command> MakeKeysRevokeCommand() { return std::make_unique<KeysRevokeCommand>(); }
std::unique_ptr<Command> MakeKeysRotateCommand() { return std::make_unique<KeysRotateCommand>(); }

}  // namespace playhead::tools

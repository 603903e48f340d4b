#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/limits_client.h"
#include "proto/event_json.h"
#include "tools/cli/client_flags.h"
#include "tools/cli/commands.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

constexpr absl::string_view kDefault = "default";

std::string Value(bool set, uint64_t value, bool bytes) {
  if (!set) return "-";
  if (value == 0) return "no bound";
  return bytes ? FormatBytes(value) : WithThousands(value);
}

std::string Row(absl::string_view name, const v1::InstanceLimits& limits) {
  return absl::StrFormat("%-24s  %14s  %14s  %14s\n", name,
                         Value(limits.has_append_events_per_second(), limits.append_events_per_second(), false),
                         Value(limits.has_append_bytes_per_second(), limits.append_bytes_per_second(), true),
                         Value(limits.has_stored_bytes_max(), limits.stored_bytes_max(), true));
}

std::string Header() {
  return absl::StrFormat("%-24s  %14s  %14s  %14s\n", "INSTANCE", "EVENTS/S", "BYTES/S", "STORED");
}

// The limits that are set: {"append_events_per_second":5}.
std::string LimitsJson(const v1::InstanceLimits& limits) {
  std::vector<std::string> members;
  const auto add = [&members](bool set, absl::string_view name, uint64_t value) {
    if (set) members.push_back(absl::StrCat("\"", name, "\":", value));
  };
  add(limits.has_append_events_per_second(), "append_events_per_second", limits.append_events_per_second());
  add(limits.has_append_bytes_per_second(), "append_bytes_per_second", limits.append_bytes_per_second());
  add(limits.has_stored_bytes_max(), "stored_bytes_max", limits.stored_bytes_max());
  std::string out = "{";
  for (size_t i = 0; i < members.size(); ++i) absl::StrAppend(&out, i == 0 ? "" : ",", members[i]);
  return out + "}";
}

std::string RowJson(absl::string_view instance, const v1::InstanceLimits& limits) {
  return absl::StrCat("{\"instance\":", instance.empty() ? "null" : JsonString(instance),
                      ",\"limits\":", LimitsJson(limits), "}\n");
}

absl::Status Write(absl::string_view out) {
  const absl::Status status = WriteOut(out);
  return IsOutputClosed(status) ? absl::OkStatus() : status;
}

class LimitsShowCommand : public Command {
 public:
  Info info() const override {
    return {
        .name = "limits show",
        .arguments = "[INSTANCE]",
        .summary = "Show the limits of instances, and how much one stores.",
        .description =
            R"(Without INSTANCE: the default limits, and the instances with limits of their own. With it: its own limits,
those that apply, and how many bytes it stores.
)",
        .arguments_min = 0,
        .arguments_max = 1};
  }

  void AddFlags(FlagSet& flags) override { client_.Add(flags, /*streams=*/false); }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    absl::StatusOr<LimitsClient> client = LimitsClient::Create(client_.options());
    if (!client.ok()) return client.status();
    const auto shown = client->GetLimits(arguments.empty() ? "" : arguments[0]);
    if (!shown.ok()) return shown.status();
    if (!arguments.empty()) return Write(One(arguments[0], *shown));
    std::string out = client_.json ? RowJson("", shown->default_()) : Header() + Row(kDefault, shown->default_());
    for (const auto& row : client->ListLimits()) {
      if (!row.ok()) return row.status();
      out += client_.json ? RowJson(row->instance(), row->limits()) : Row(row->instance(), row->limits());
    }
    return Write(out);
  }

 private:
  std::string One(const std::string& instance, const v1::GetLimitsResponse& shown) const {
    if (client_.json) {
      return absl::StrCat("{\"instance\":", JsonString(instance), ",\"own\":", LimitsJson(shown.own()),
                          ",\"default\":", LimitsJson(shown.default_()),
                          ",\"effective\":", LimitsJson(shown.effective()), ",\"stored_bytes\":", shown.stored_bytes(),
                          "}\n");
    }
    return absl::StrCat(Header(), Row("its own", shown.own()), Row("default", shown.default_()),
                        Row("what holds", shown.effective()), instance, " stores ",
                        ApproximateBytes(static_cast<double>(shown.stored_bytes())), ".\n");
  }

  ClientFlags client_;
};

class LimitsSetCommand : public Command {
 public:
  Info info() const override {
    return {.name = "limits set",
            .arguments = "[INSTANCE]",
            .summary = "Limit what can be appended to an instance, or to all by default.",
            .description =
                R"(Without INSTANCE it sets the default. Limits not given stay unchanged; 0 is no limit. For example:
  playhead limits set --events_per_second=100 --stored_bytes=1GiB
  playhead limits set busy-bot --events_per_second=0
)",
            .arguments_min = 0,
            .arguments_max = 1};
  }

  void AddFlags(FlagSet& flags) override {
    flags.Section("The limits");
    flags.OptionalNumber("events_per_second", &events_per_second_, "N", "Events appended per second, on average.");
    flags.Text("bytes_per_second", &bytes_per_second_, "SIZE", "Bytes appended per second, on average; such as 64KiB.");
    flags.Text("stored_bytes", &stored_bytes_, "SIZE",
               "Bytes of stored events; beyond that, appends are refused until retention or a trim has made room.");
    client_.Add(flags, /*streams=*/false);
  }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    const std::string instance = arguments.empty() ? "" : arguments[0];
    const auto bytes = SizeOf("bytes_per_second", bytes_per_second_);
    if (!bytes.ok()) return bytes.status();
    const auto stored = SizeOf("stored_bytes", stored_bytes_);
    if (!stored.ok()) return stored.status();
    if (!events_per_second_.has_value() && !bytes->has_value() && !stored->has_value()) {
      return UsageError("give --events_per_second, --bytes_per_second or --stored_bytes");
    }
    absl::StatusOr<LimitsClient> client = LimitsClient::Create(client_.options());
    if (!client.ok()) return client.status();
    const auto before = client->GetLimits(instance);
    if (!before.ok()) return before.status();
    v1::InstanceLimits limits = instance.empty() ? before->default_() : before->own();
    if (events_per_second_.has_value()) limits.set_append_events_per_second(*events_per_second_);
    if (bytes->has_value()) limits.set_append_bytes_per_second(**bytes);
    if (stored->has_value()) limits.set_stored_bytes_max(**stored);
    if (absl::Status status = client->SetLimits(instance, limits); !status.ok()) return status;
    return Write(client_.json ? RowJson(instance, limits)
                              : Header() + Row(instance.empty() ? kDefault : instance, limits));
  }

 private:
  static absl::StatusOr<std::optional<uint64_t>> SizeOf(absl::string_view flag, const std::string& text) {
    if (text.empty()) return std::optional<uint64_t>();
    const std::optional<uint64_t> bytes = ParseBytes(text);
    if (!bytes.has_value()) return UsageError(absl::StrCat("--", flag, ": \"", text, "\" is not a size such as 64MiB"));
    return bytes;
  }

  std::optional<uint64_t> events_per_second_;
  std::string bytes_per_second_;
  std::string stored_bytes_;
  ClientFlags client_;
};

class LimitsClearCommand : public Command {
 public:
  Info info() const override {
    return {
        .name = "limits clear",
        .arguments = "[INSTANCE]",
        .summary = "Remove the limits of an instance, or the default.",
        .description =
            R"(With INSTANCE: the default applies to it again. Without: instances without limits of their own have none.
)",
        .arguments_min = 0,
        .arguments_max = 1};
  }

  void AddFlags(FlagSet& flags) override { client_.Add(flags, /*streams=*/false); }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    const std::string instance = arguments.empty() ? "" : arguments[0];
    absl::StatusOr<LimitsClient> client = LimitsClient::Create(client_.options());
    if (!client.ok()) return client.status();
    if (absl::Status status = client->ClearLimits(instance); !status.ok()) return status;
    return Write(client_.json       ? RowJson(instance, {})
                 : instance.empty() ? "There is no default any more.\n"
                                    : absl::StrCat("The default holds for ", instance, ".\n"));
  }

 private:
  ClientFlags client_;
};

}  // namespace

std::unique_ptr<Command> MakeLimitsShowCommand() { return std::make_unique<LimitsShowCommand>(); }
std::unique_ptr<Command> MakeLimitsSetCommand() { return std::make_unique<LimitsSetCommand>(); }
std::unique_ptr<Command> MakeLimitsClearCommand() { return std::make_unique<LimitsClearCommand>(); }

}  // namespace playhead::tools

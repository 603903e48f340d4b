#include "tools/cli/append_input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/event_json.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/json_pointers.h"

namespace playhead::tools {
namespace {

class PayloadParser : public LineParser {
 public:
  explicit PayloadParser(const LineFormat& format) : format_(format) {}

  absl::StatusOr<LineEvent> Parse(absl::string_view line) override {
    return LineEvent{.instance = format_.instance, .event = {.type = format_.type, .data = line}};
  }

 private:
  const LineFormat format_;
};

class PointerParser : public LineParser {
 public:
  explicit PointerParser(const LineFormat& format) : format_(format) {}

  absl::StatusOr<LineEvent> Parse(absl::string_view line) override {
    if (absl::Status status = pointers_.Load(line); !status.ok()) return status;
    LineEvent event{.instance = format_.instance, .event = {.type = format_.type, .data = line}};
    if (absl::Status status = Find(format_.instance_at, instance_, event.instance); !status.ok()) return status;
    if (absl::Status status = Find(format_.type_at, type_, event.event.type); !status.ok()) return status;
    if (absl::Status status = Find(format_.id_at, id_, event.event.id); !status.ok()) return status;
    return event;
  }

 private:
  absl::Status Find(const std::vector<std::string>& at, std::string& kept, absl::string_view& found) {
    if (at.empty()) return absl::OkStatus();
    absl::StatusOr<std::string> text = pointers_.Find(at);
    if (!text.ok()) return text.status();
    kept = *std::move(text);
    found = kept;
    return absl::OkStatus();
  }

  const LineFormat format_;
  JsonPointers pointers_;
  std::string instance_, type_, id_;
};

class EventParser : public LineParser {
 public:
  explicit EventParser(const LineFormat& format) : format_(format) {}

  absl::StatusOr<LineEvent> Parse(absl::string_view line) override {
    if (absl::Status status = reader_.Read(line, event_); !status.ok()) return UsageError(status.message());
    LineEvent event{
        .instance = format_.instance.empty() ? event_.instance : format_.instance,
        .event = {.type = event_.type, .data = event_.data, .id = event_.id, .created_at = event_.created_at}};
    if (event.instance.empty()) return UsageError("has no instance, and none was given as an argument");
    for (const auto& [key, value] : event_.attributes) event.event.attributes.emplace_back(key, value);
    return event;
  }

 private:
  const LineFormat format_;
  EventJsonReader reader_;
  EventFields event_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<LineParser>> NewLineParser(const LineFormat& format) {
  const bool pointers = !format.instance_at.empty() || !format.type_at.empty() || !format.id_at.empty();
  if (format.ndjson) {
    if (pointers || !format.type.empty())
      return UsageError("--ndjson excludes --type and JSON pointers: events say it all");
    return std::make_unique<EventParser>(format);
  }
  if (format.instance.empty() == format.instance_at.empty()) {
    return UsageError("give the instance either as an argument or with --instance_at");
  }
  if (format.type.empty() == format.type_at.empty())
    return UsageError("give the type either as --type or as --type_at");
  for (const auto* at : {&format.instance_at, &format.type_at, &format.id_at}) {
    for (const std::string& pointer : *at) {
      if (pointer.empty() || pointer[0] != '/') {
        return UsageError(absl::StrCat("\"", pointer, "\" is no JSON pointer such as /entry/0/id"));
      }
    }
  }
  if (pointers) return std::make_unique<PointerParser>(format);
  return std::make_unique<PayloadParser>(format);
}

absl::StatusOr<AppendInput> OpenInput(const std::string& path) {
  AppendInput input;
  input.fd = path.empty() || path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (input.fd < 0) return UsageError(absl::StrCat("cannot open ", path, ": ", std::strerror(errno)));
  struct stat info {};
  if (fstat(input.fd, &info) != 0 || !S_ISREG(info.st_mode)) return input;
  if (lseek(input.fd, 0, SEEK_CUR) == 0) input.total_bytes = static_cast<uint64_t>(info.st_size);
  std::array<char, PATH_MAX> real{};
  const std::string link = absl::StrCat("/proc/self/fd/", input.fd);
  if (readlink(link.c_str(), real.data(), real.size() - 1) > 0) input.path = std::string(real.data());
  return input;
}

std::optional<std::string> StableProducerId(const AppendInput& input) {
  // Enough of the first line to tell two files apart.
  constexpr size_t kFirstLineBytes = 4096;
  if (!input.path.has_value() || !input.total_bytes.has_value()) return std::nullopt;
  std::array<char, kFirstLineBytes> start;
  const ssize_t got = pread(input.fd, start.data(), start.size(), 0);
  if (got < 0) return std::nullopt;
  const absl::string_view text(start.data(), static_cast<size_t>(got));
  const std::string identity = absl::StrCat(*input.path, "\n", text.substr(0, text.find('\n')));
  const XXH128_hash_t hash = XXH3_128bits(identity.data(), identity.size());
  return absl::StrFormat("file-%016x%016x", hash.high64, hash.low64);
}

}  // namespace playhead::tools

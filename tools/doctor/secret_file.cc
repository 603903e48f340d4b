#include "tools/doctor/secret_file.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "broker/private_file.h"

namespace playhead::tools {
namespace {

constexpr size_t kSecretBytesMax = 1 << 16;

}  // namespace

Diagnosis CheckSecretFile(absl::string_view name, const std::string& path, bool is_optional) {
  Diagnosis out{.subject = std::string(name)};
  const auto content = broker::ReadPrivateFile(path, kSecretBytesMax);
  if (content.ok()) {
    out.finding = absl::StrCat(path, " is nobody else's");
  } else if (absl::IsNotFound(content.status()) && is_optional) {
    out.finding = absl::StrCat(path, " is not there, and made when it is needed");
  } else if (absl::IsNotFound(content.status())) {
    out.severity = Severity::kProblem;
    out.code = "SECRET_FILE_MISSING";
    out.finding = absl::StrCat(path, " is missing");
    out.advice = "name the file that is there, or put it back";
  } else {
    out.severity = Severity::kProblem;
    out.code = "SECRET_FILE_UNFIT";
    out.finding = std::string(content.status().message());
    out.advice = absl::StrCat("chmod 600 ", path, ", as the user that the broker runs as");
  }
  return out;
}

}  // namespace playhead::tools

#include "broker/http/engineio/client_library.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace playhead::broker::http::engineio {
namespace {

bool IsDigits(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isdigit(c); });
}

}  // namespace

bool IsPython(const Request& request) {
  const std::vector<absl::string_view> time = absl::StrSplit(request.Query("t").value_or(""), '.');
  if (time.size() == 2 && IsDigits(time[0]) && IsDigits(time[1])) return true;
  const absl::string_view agent = request.Header("User-Agent").value_or("");
  return absl::StrContains(agent, "python-requests") || absl::StrContains(agent, "aiohttp");
}

}  // namespace playhead::broker::http::engineio

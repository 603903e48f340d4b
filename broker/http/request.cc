#include "broker/http/request.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace playhead::broker::http {
namespace {

std::optional<absl::string_view> Find(const std::vector<Parameter>& parameters, absl::string_view name) {
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [name](const Parameter& parameter) { return parameter.name == name; });
  if (found == parameters.end()) return std::nullopt;
  return found->value;
}

}  // namespace

std::optional<absl::string_view> Request::Header(absl::string_view name) const {
  const auto found = headers.find({name.data(), name.size()});
  if (found == headers.end()) return std::nullopt;
  return absl::string_view(found->value().data(), found->value().size());
}

std::optional<absl::string_view> Request::Query(absl::string_view name) const { return Find(query, name); }

absl::string_view Request::PathParameter(absl::string_view name) const { return Find(path_parameters, name).value(); }

absl::string_view Request::BearerSecret() const {
  constexpr absl::string_view kScheme = "Bearer ";  // RFC 6750; case-insensitive (RFC 9110, 11.1).
  const absl::string_view value = Header("Authorization").value_or("");
  if (!absl::StartsWithIgnoreCase(value, kScheme)) return "";
  return absl::StripAsciiWhitespace(value.substr(kScheme.size()));
}

}  // namespace playhead::broker::http

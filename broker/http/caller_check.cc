#include "broker/http/caller_check.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/errors.h"

namespace playhead::broker::http {
namespace {

constexpr uint32_t kHttpPort = 80;
constexpr uint32_t kHttpsPort = 443;

// The part before the port; nullopt if the port is not the broker's.
std::optional<absl::string_view> HostOf(absl::string_view authority, const LocalAddress& local) {
  uint32_t port = local.secure ? kHttpsPort : kHttpPort;
  const size_t colon = authority.rfind(':');
  // A colon inside brackets is part of the address.
  const size_t bracket = authority.rfind(']');
  if (colon != absl::string_view::npos && (bracket == absl::string_view::npos || bracket < colon)) {
    if (!absl::SimpleAtoi(authority.substr(colon + 1), &port)) return std::nullopt;
    authority = authority.substr(0, colon);
  }
  if (port != local.port) return std::nullopt;
  if (absl::ConsumePrefix(&authority, "[") != absl::ConsumeSuffix(&authority, "]")) return std::nullopt;
  return authority;
}

}  // namespace

bool NamesThisBroker(absl::string_view authority, const LocalAddress& local) {
  const std::optional<absl::string_view> host = HostOf(authority, local);
  if (!host || host->empty()) return false;
  for (const absl::string_view own :
       {absl::string_view("localhost"), absl::string_view("127.0.0.1"), absl::string_view("::1"),
        absl::string_view(local.listen_host), absl::string_view(local.address)}) {
    if (absl::EqualsIgnoreCase(*host, own)) return true;
  }
  return false;
}

absl::Status CheckCaller(absl::string_view host, std::optional<absl::string_view> origin, const LocalAddress& local) {
  if (!NamesThisBroker(host, local)) {
    return MakeError(Reason::kOriginRefused,
                     absl::StrCat("this broker runs open, and the Host header does not name it: call it as localhost:",
                                  local.port, ", or give it keys"));
  }
  if (!origin) return absl::OkStatus();
  absl::string_view authority = *origin;
  if (!absl::ConsumePrefix(&authority, local.secure ? "https://" : "http://") || !NamesThisBroker(authority, local)) {
    return MakeError(Reason::kOriginRefused, "this broker runs open, and a web page of another origin asked");
  }
  return absl::OkStatus();
}

}  // namespace playhead::broker::http

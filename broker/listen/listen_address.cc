#include "broker/listen/listen_address.h"

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace playhead::broker {

absl::StatusOr<ListenAddress> ParseListenAddress(const std::string& listen) {
  absl::string_view rest = listen;
  if (absl::ConsumePrefix(&rest, "fd:")) {
    int fd = -1;
    if (!absl::SimpleAtoi(rest, &fd) || fd < 0) {
      return absl::InvalidArgumentError(absl::StrCat("cannot listen on \"", listen, "\": fd:N needs a number"));
    }
    return ListenAddress{.fd = fd};
  }
  const size_t colon = rest.rfind(':');
  int port = -1;
  if (colon == absl::string_view::npos || colon == 0 || !absl::SimpleAtoi(rest.substr(colon + 1), &port) || port < 0 ||
      port > UINT16_MAX) {
    return absl::InvalidArgumentError(absl::StrCat("cannot listen on \"", listen, "\": HOST:PORT or fd:N is needed"));
  }
  return ListenAddress{.host = std::string(rest.substr(0, colon)), .port = static_cast<uint16_t>(port)};
}

}  // namespace playhead::broker

// What every HTTP answer promises: a documented status and, in the broker's own refusals, a known reason.
#ifndef PLAYHEAD_TESTS_FUZZ_REFUSAL_H_
#define PLAYHEAD_TESTS_FUZZ_REFUSAL_H_

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "tests/fuzz/promise.h"
#include "tests/support/http_connection.h"

namespace playhead::fuzz {

// No input makes the broker fail: 500 and other statuses that blame the server are not among these.
inline void RequireAnswer(const testing::HttpResponse& response) {
  // Those of docs/errors.md, and MultiWA's 426 Upgrade Required.
  constexpr int kStatuses[] = {200, 204, 400, 401, 403, 404, 405, 408, 409,
                               413, 415, 417, 426, 429, 431, 501, 503, 505};
  Require(std::find(std::begin(kStatuses), std::end(kStatuses), response.status) != std::end(kStatuses),
          absl::StrCat("an answer has a status that is documented, not ", response.status, ": ", response.body));
  const auto code = response.headers.find("error-code");
  if (code == response.headers.end()) return;
  const ReasonInfo* const reason = FindReason(code->second);
  Require(reason != nullptr && reason->reason != Reason::kInternal,
          absl::StrCat("a refusal has a reason, not ", code->second));
}

}  // namespace playhead::fuzz

#endif  // PLAYHEAD_TESTS_FUZZ_REFUSAL_H_

// Webhooks as Meta would send them: whole HTTP requests, signed beforehand, each with message ids of its own.
#ifndef PLAYHEAD_TOOLS_BENCH_WEBHOOK_BODIES_H_
#define PLAYHEAD_TOOLS_BENCH_WEBHOOK_BODIES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tools/bench/corpus.h"

namespace playhead::tools {

struct WebhookRequest {
  std::string bytes;    // Of the request, headers and all.
  uint32_t events = 0;  // How many the broker makes of it.
};

// `count` requests to `host`, from the corpus over and over, signed with `app_secret`. Two calls never make the same
// message id.
std::vector<WebhookRequest> MakeWebhookRequests(const Corpus& corpus, uint64_t count, absl::string_view host,
                                                absl::string_view app_secret);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_BENCH_WEBHOOK_BODIES_H_

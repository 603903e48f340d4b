// Webhooks as Meta would send them: complete HTTP requests, signed in advance, each with unique message ids.
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
  uint32_t events = 0;  // How many events the broker makes of it.
};

// `count` requests to `host`, from the repeated corpus, signed with `app_secret`. Two calls never use the same message
// id.
std::vector<WebhookRequest> MakeWebhookRequests(const Corpus& corpus, uint64_t count, absl::string_view host,
                                                absl::string_view app_secret);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_BENCH_WEBHOOK_BODIES_H_

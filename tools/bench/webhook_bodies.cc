#include "tools/bench/webhook_bodies.h"

#include <random>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "broker/webhook/body.h"
#include "broker/webhook/signature.h"

namespace playhead::tools {
namespace {

constexpr std::string_view kIdStart = "wamid.";

// Replaces each message id of `body` by another of the same length.
void MakeIdsUnique(uint32_t run, uint64_t number, std::string& body) {
  const std::string mark = absl::StrCat(absl::Hex(run, absl::kZeroPad8), absl::Hex(number, absl::kZeroPad10));
  for (size_t at = body.find(kIdStart); at != std::string::npos; at = body.find(kIdStart, at)) {
    at += kIdStart.size();
    // After the first characters, in which the messages of one body differ.
    constexpr size_t kKept = 16;
    if (body.find('"', at) >= at + kKept + mark.size()) body.replace(at + kKept, mark.size(), mark);
  }
}

}  // namespace

std::vector<WebhookRequest> MakeWebhookRequests(const Corpus& corpus, uint64_t count, absl::string_view host,
                                                absl::string_view app_secret) {
  std::random_device random;
  const uint32_t run = random();
  std::vector<WebhookRequest> requests;
  requests.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    std::string body(corpus.payload(i));
    MakeIdsUnique(run, i, body);
    const auto events = broker::webhook::SplitBody(body);
    requests.push_back({.bytes = absl::StrCat("POST /webhook HTTP/1.1\r\nHost: ", host,
                                              "\r\nContent-Type: application/json\r\nX-Hub-Signature-256: ",
                                              broker::webhook::SignatureHeader(body, app_secret),
                                              "\r\nContent-Length: ", body.size(), "\r\n\r\n", body),
                        .events = static_cast<uint32_t>(events.ok() ? events->size() : 1)});
  }
  return requests;
}

}  // namespace playhead::tools

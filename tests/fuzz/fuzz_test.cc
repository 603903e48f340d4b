// The fuzz targets over their corpora, and over a fixed number of mutations of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/targets.h"
#include "tests/storage/append_mutations.h"
#include "tests/support/seed.h"

namespace playhead::fuzz {
namespace {

struct Target {
  const char* name;
  void (*run)(absl::string_view);
};

class FuzzTest : public ::testing::TestWithParam<Target> {};

TEST_P(FuzzTest, KeepsItsPromises) {
  std::vector<std::string> corpus;
  for (const auto& entry : std::filesystem::directory_iterator(std::string("tests/fuzz/corpus/") + GetParam().name)) {
    std::ifstream file(entry.path(), std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  ASSERT_FALSE(corpus.empty());
  std::sort(corpus.begin(), corpus.end());  // A folder has no order of its own.
  playhead::testing::Random random(playhead::testing::TestSeed());
  for (const std::string& input : corpus) GetParam().run(input);
  for (int round = 0; round < 40'000; ++round) {
    const std::string input = storage::Mutated(corpus[random.Below(corpus.size())], random);
    // A buffer of its own size, so that the address sanitizer sees every step beyond it.
    const std::vector<char> bytes(input.begin(), input.end());
    GetParam().run(absl::string_view(bytes.data(), bytes.size()));
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, FuzzTest,
                         ::testing::Values(Target{"append_request", &AppendRequest}, Target{"event", &Event},
                                           Target{"block", &Block}, Target{"webhook_body", &WebhookBody},
                                           Target{"http_append_body", &HttpAppendBody},
                                           Target{"http_target", &HttpTarget}, Target{"event_id", &EventId},
                                           Target{"event_filter", &EventFilter}, Target{"rendering", &Rendering},
                                           Target{"engineio_payload", &EngineIoPayload},
                                           Target{"socketio_packet", &SocketIoPacket},
                                           Target{"whatsapp_content", &WhatsAppContent}),
                         [](const auto& target) { return target.param.name; });

}  // namespace
}  // namespace playhead::fuzz

#include "tests/bench/peers/nats_peer.h"

#include <nats/nats.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"

namespace playhead {
namespace {

// As of the broker's benchmark: 16 batches of 512.
constexpr int64_t kInFlightMax = int64_t{16} * 512;
constexpr int64_t kWaitMs = 30'000;

void Check(natsStatus status, absl::string_view what) {
  if (status == NATS_OK) return;
  std::cerr << "nats: " << what << ": " << natsStatus_GetText(status) << std::endl;
  std::exit(1);
}

// One stream of the server has them all, each under a subject of its own.
class NatsPeer final : public Peer {
 public:
  explicit NatsPeer(int port) {
    Check(natsConnection_ConnectTo(&connection_, absl::StrCat("nats://127.0.0.1:", port).c_str()), "connecting");
    jsOptions options;
    jsOptions_Init(&options);
    options.PublishAsync.MaxPending = kInFlightMax;
    options.PublishAsync.StallWait = kWaitMs;
    Check(natsConnection_JetStream(&jetstream_, connection_, &options), "JetStream");
  }
  ~NatsPeer() override {
    jsCtx_Destroy(jetstream_);
    natsConnection_Destroy(connection_);
  }

  void MakeStreams(uint32_t /*count*/) override {
    jsErrCode code{};
    (void)js_DeleteStream(jetstream_, kStream, nullptr, &code);  // It may not exist.
    const char* subjects[] = {"bench.*"};
    jsStreamConfig config;
    jsStreamConfig_Init(&config);
    config.Name = kStream;
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    config.Storage = js_FileStorage;
    Check(js_AddStream(nullptr, jetstream_, &config, nullptr, &code), "making the stream");
  }

  void AppendMany(const Payloads& payloads, uint64_t count, uint32_t streams) override {
    for (uint64_t i = 0; i < count; ++i) {
      const absl::string_view payload = payloads(i);
      Check(js_PublishAsync(jetstream_, Subject(static_cast<uint32_t>(i % streams)).c_str(), payload.data(),
                            static_cast<int>(payload.size()), nullptr),
            "publishing");
    }
    Check(js_PublishAsyncComplete(jetstream_, nullptr), "awaiting acknowledgements");
  }

  void Append(absl::string_view payload) override {
    jsErrCode code{};
    Check(js_Publish(nullptr, jetstream_, Subject(0).c_str(), payload.data(), static_cast<int>(payload.size()), nullptr,
                     &code),
          "publishing");
  }

  void Read(uint64_t count, absl::FunctionRef<void(absl::string_view)> on_event) override {
    jsSubOptions options;
    jsSubOptions_Init(&options);
    options.Ordered = true;
    natsSubscription* subscription = nullptr;
    jsErrCode code{};
    Check(js_SubscribeSync(&subscription, jetstream_, Subject(0).c_str(), nullptr, &options, &code), "subscribing");
    Check(natsSubscription_SetPendingLimits(subscription, -1, -1), "subscribing");
    for (uint64_t read = 0; read < count; ++read) {
      natsMsg* message = nullptr;
      Check(natsSubscription_NextMsg(&message, subscription, kWaitMs), "reading");
      on_event({natsMsg_GetData(message), static_cast<size_t>(natsMsg_GetDataLength(message))});
      natsMsg_Destroy(message);
    }
    natsSubscription_Destroy(subscription);
  }

 private:
  static constexpr char kStream[] = "BENCH";
  static std::string Subject(uint32_t stream) { return absl::StrCat("bench.", stream); }

  natsConnection* connection_ = nullptr;
  jsCtx* jetstream_ = nullptr;
};

}  // namespace

std::unique_ptr<Peer> ConnectNats(int port) { return std::make_unique<NatsPeer>(port); }

}  // namespace playhead

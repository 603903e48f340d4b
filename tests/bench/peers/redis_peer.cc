#include "tests/bench/peers/redis_peer.h"

#include <hiredis/hiredis.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace playhead {
namespace {

// Appends on their way at once, as of the broker's benchmark: 16 batches of 512.
constexpr uint64_t kInFlightMax = uint64_t{16} * 512;
// Entries of one answer.
constexpr int kReadEntries = 1000;

[[noreturn]] void Die(absl::string_view what) {
  std::cerr << "redis: " << what << std::endl;
  std::exit(1);
}

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

class RedisPeer final : public Peer {
 public:
  explicit RedisPeer(int port) : context_(redisConnect("127.0.0.1", port)) {
    if (context_ == nullptr || context_->err != 0) Die("cannot connect");
  }
  ~RedisPeer() override { redisFree(context_); }

  void MakeStreams(uint32_t count) override {
    for (uint32_t i = 0; i < count; ++i) Send({"DEL", Key(i)});
    for (uint32_t i = 0; i < count; ++i) Receive();
  }

  void AppendMany(const Payloads& payloads, uint64_t count, uint32_t streams) override {
    uint64_t acknowledged = 0;
    for (uint64_t sent = 0; sent < count; ++sent) {
      // The first reply that is asked for flushes what is buffered.
      if (sent - acknowledged == kInFlightMax) {
        for (uint64_t i = 0; i < kInFlightMax / 2; ++i, ++acknowledged) Receive();
      }
      Send({"XADD", Key(static_cast<uint32_t>(sent % streams)), "*", "d", payloads(sent)});
    }
    for (; acknowledged < count; ++acknowledged) Receive();
  }

  void Append(absl::string_view payload) override {
    Send({"XADD", Key(0), "*", "d", payload});
    Receive();
  }

  void Read(uint64_t count, absl::FunctionRef<void(absl::string_view)> on_event) override {
    std::string last = "0-0";
    for (uint64_t read = 0; read < count;) {
      Send({"XREAD", "COUNT", absl::StrCat(kReadEntries), "BLOCK", "0", "STREAMS", Key(0), last});
      const Reply reply = Receive();
      if (reply->type != REDIS_REPLY_ARRAY) Die("no entries");
      const redisReply* entries = reply->element[0]->element[1];
      for (size_t i = 0; i < entries->elements; ++i, ++read) {
        const redisReply* payload = entries->element[i]->element[1]->element[1];
        on_event({payload->str, payload->len});
      }
      const redisReply* id = entries->element[entries->elements - 1]->element[0];
      last.assign(id->str, id->len);
    }
  }

 private:
  static std::string Key(uint32_t stream) { return absl::StrCat("bench-", stream); }

  void Send(std::initializer_list<absl::string_view> words) {
    std::vector<const char*> data;
    std::vector<size_t> sizes;
    for (const absl::string_view word : words) {
      data.push_back(word.data());
      sizes.push_back(word.size());
    }
    if (redisAppendCommandArgv(context_, static_cast<int>(data.size()), data.data(), sizes.data()) != REDIS_OK) {
      Die(context_->errstr);
    }
  }

  Reply Receive() {
    void* reply = nullptr;
    if (redisGetReply(context_, &reply) != REDIS_OK) Die(context_->errstr);
    Reply owned(static_cast<redisReply*>(reply));
    if (owned->type == REDIS_REPLY_ERROR) Die(owned->str);
    return owned;
  }

  redisContext* const context_;
};

}  // namespace

std::unique_ptr<Peer> ConnectRedis(int port) { return std::make_unique<RedisPeer>(port); }

}  // namespace playhead

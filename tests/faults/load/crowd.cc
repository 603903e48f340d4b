#include "tests/faults/load/crowd.h"

#include <gtest/gtest.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/faults/load/grpc_readers.h"
#include "tests/faults/load/grpc_writers.h"
#include "tests/faults/load/http_readers.h"
#include "tests/faults/load/http_writers.h"
#include "tests/faults/load/photon_readers.h"
#include "tests/faults/load/websocket_readers.h"

namespace playhead::testing {
namespace {

constexpr size_t kCallers = 16;
constexpr size_t kJsonPosters = 8;
constexpr size_t kLinesPosters = 4;
constexpr size_t kLinesBatch = 4;
constexpr size_t kWebhooks = 96;
constexpr size_t kTextBytes = 62 << 10;        // Of an event; what a body may have without a share of the memory.
constexpr size_t kLargeTextBytes = 512 << 10;  // Of the log that only gRPC clients read.
constexpr size_t kWindowBytes = size_t{1} << 20;
constexpr char kLargeLog[] = "large";
constexpr char kCallPrefix[] = "call-";
constexpr uint64_t kFirstPhone = 100'000;
constexpr char kPhonePrefix[] = "100";

// The pause after a refused attempt: short, so that there are many attempts, but without spinning.
constexpr absl::Duration kRetryInterval = absl::Milliseconds(10);

bool Failed() { return ::testing::Test::HasFailure(); }

void OfferUntilTaken(Writer& writer) {
  while (!Failed() && !writer.Offer()) absl::SleepFor(kRetryInterval);
  writer.Settle();
}

}  // namespace

Crowd::Crowd(const Broker& broker, const Client& client) {
  AddWriters(broker, client);
  for (const auto& writer : writers_) OfferUntilTaken(*writer);
  AddReaders(broker);
}

Crowd::~Crowd() {
  over_ = true;
  for (std::thread& thread : writer_threads_) thread.join();
  for (std::thread& thread : reader_threads_) thread.join();
}

NumberedLog& Crowd::LogOf(const std::string& name) {
  for (NumberedLog& log : logs_) {
    if (log.instance() == name) return log;
  }
  ADD_FAILURE() << name;
  return logs_.front();
}

void Crowd::AddWriters(const Broker& broker, const Client& client) {
  Tally& streams = writing_.emplace_back("AppendStream");
  writers_.push_back(std::make_unique<StreamWriter>(client, NewLog(kBusyLog), streams, kTextBytes, kWindowBytes));
  writers_.push_back(std::make_unique<StreamWriter>(client, NewLog(kLargeLog), streams, kLargeTextBytes, kWindowBytes));
  Tally& calls = writing_.emplace_back("Append");
  for (size_t i = 0; i < kCallers; ++i) {
    writers_.push_back(
        std::make_unique<CallWriter>(broker.grpc_address, NewLog(absl::StrCat(kCallPrefix, i)), calls, kTextBytes));
  }
  Tally& posts = writing_.emplace_back("POST of JSON");
  for (size_t i = 0; i < kJsonPosters; ++i) {
    writers_.push_back(
        std::make_unique<JsonWriter>(broker.http_address, NewLog(absl::StrCat("json-", i)), posts, kTextBytes));
  }
  Tally& batches = writing_.emplace_back("POST of batches");
  for (size_t i = 0; i < kLinesPosters; ++i) {
    writers_.push_back(std::make_unique<LinesWriter>(broker.http_address, NewLog(absl::StrCat("lines-", i)), batches,
                                                     kTextBytes, kLinesBatch));
  }
  Tally& webhooks = writing_.emplace_back("webhooks");
  for (size_t i = 0; i < kWebhooks; ++i) {
    writers_.push_back(std::make_unique<WebhookWriter>(broker.http_address, NewLog(absl::StrCat(kFirstPhone + i)),
                                                       webhooks, kTextBytes, broker.webhook_secret));
  }
}

void Crowd::AddReaders(const Broker& broker) {
  const std::string& grpc = broker.grpc_address;
  const std::string& http = broker.http_address;
  const auto phone = [this](size_t i) -> NumberedLog& { return LogOf(absl::StrCat(kFirstPhone + i)); };
  const auto with = [this](absl::string_view prefix) {
    std::vector<const NumberedLog*> logs;
    for (const NumberedLog& log : logs_) {
      if (absl::StartsWith(log.instance(), prefix)) logs.push_back(&log);
    }
    return logs;
  };
  NumberedLog& busy = LogOf(kBusyLog);

  Tally& subscribe = reading_.emplace_back("Subscribe");
  for (NumberedLog* log : {&busy, &LogOf(kLargeLog), &phone(0)}) {
    readers_.push_back(std::make_unique<SubscribeReader>(grpc, *log, subscribe));
  }
  Tally& many = reading_.emplace_back("SubscribeMany");
  for (const char* prefix : {kCallPrefix, kPhonePrefix}) {
    readers_.push_back(std::make_unique<SubscribeManyReader>(grpc, prefix, with(prefix), many));
  }
  Tally& consume = reading_.emplace_back("Consume");
  for (NumberedLog* log : {&busy, &LogOf("json-0")}) {
    readers_.push_back(std::make_unique<ConsumeReader>(grpc, absl::StrCat("of-", log->instance()), *log, consume));
  }
  Tally& sources = reading_.emplace_back("server-sent events");
  for (NumberedLog* log : {&busy, &LogOf("json-1")}) {
    readers_.push_back(std::make_unique<EventSourceReader>(http, *log, sources));
  }
  Tally& photon = reading_.emplace_back("Photon");
  for (NumberedLog* log : {&busy, &phone(1)}) {
    readers_.push_back(std::make_unique<PhotonReader>(grpc, *log, photon));
  }
  Tally& vzaps = reading_.emplace_back("VZaps");
  for (NumberedLog* log : {&busy, &phone(2)}) {
    readers_.push_back(std::make_unique<VZapsReader>(http, absl::StrCat("of-", log->instance()), *log, vzaps));
  }
  Tally& socket_io = reading_.emplace_back("Socket.IO");
  for (NumberedLog* log : {&busy, &LogOf("call-1")}) {
    readers_.push_back(std::make_unique<SocketIoReader>(http, *log, socket_io));
  }
  Tally& multiwa = reading_.emplace_back("MultiWA");
  for (NumberedLog* log : {&busy, &LogOf("lines-0")}) {
    readers_.push_back(std::make_unique<MultiWaReader>(http, *log, multiwa));
  }
  Tally& fetch = reading_.emplace_back("FetchMissed");
  for (NumberedLog* log : {&busy, &LogOf(kLargeLog)}) {
    readers_.push_back(std::make_unique<FetchReader>(grpc, *log, fetch));
  }
  Tally& pages = reading_.emplace_back("GET of pages");
  for (NumberedLog* log : {&busy, &LogOf("json-2")}) {
    readers_.push_back(std::make_unique<PageReader>(http, *log, pages));
  }
  Tally& photon_fetch = reading_.emplace_back("Photon's fetch");
  readers_.push_back(std::make_unique<PhotonFetchReader>(grpc, busy, photon_fetch));
}

void Crowd::Begin() {
  for (const auto& writer : writers_) {
    writer_threads_.emplace_back([this, &writer = *writer] {
      while (!over_ && !Failed()) {
        if (!writer.Offer()) absl::SleepFor(kRetryInterval);
      }
      writer.Settle();
    });
  }
  for (const auto& reader : readers_) {
    reader_threads_.emplace_back([&reader = *reader] {
      while (!reader.done() && !Failed()) reader.Read();
    });
  }
}

void Crowd::StopWriting() {
  over_ = true;
  for (std::thread& thread : writer_threads_) thread.join();
  writer_threads_.clear();
}

void Crowd::Finish() {
  for (const auto& writer : writers_) writer->log().SetLast(writer->log().stored() + writer->batch());
  std::vector<Writer*> others;
  const Tally* kind = nullptr;
  for (const auto& writer : writers_) {
    if (std::exchange(kind, &writer->tally()) == &writer->tally()) {
      others.push_back(writer.get());
      continue;
    }
    EXPECT_TRUE(writer->Offer()) << "the load is over, and " << kind->what() << " is refused";
    writer->Settle();
  }
  for (Writer* writer : others) {
    writer_threads_.emplace_back([writer] {
      if (writer->log().stored() < writer->log().last()) OfferUntilTaken(*writer);
    });
  }
  StopWriting();
  for (std::thread& thread : reader_threads_) thread.join();
  reader_threads_.clear();
}

}  // namespace playhead::testing

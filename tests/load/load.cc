#include "tests/load/load.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/client.h"
#include "tests/load/http_readers.h"
#include "tests/load/native_readers.h"
#include "tests/load/numbered_messages.h"
#include "tests/load/photon_reader.h"
#include "tests/load/socketio_readers.h"
#include "tests/load/websocket_readers.h"

namespace playhead::testing {
namespace {

struct Kind {
  const char* name;
  bool of_many;  // Reads all instances, instead of only the webhook instance.
  Repeats repeats;
  void (*read)(const Place&, Progress&);
};

// docs/clients/ says which protocol may repeat events.
constexpr Kind kKinds[] = {
    {"Subscribe", false, Repeats::kNever, ReadBySubscribe},
    {"SubscribeMany", true, Repeats::kNever, ReadBySubscribeMany},
    {"Consume", true, Repeats::kAny, ReadByConsume},
    {"server-sent events", false, Repeats::kNever, ReadServerSentEvents},
    {"server-sent events of many", true, Repeats::kInOrder, ReadServerSentEventsOfMany},
    {"Photon", false, Repeats::kInOrder, ReadByPhoton},
    {"VZaps", false, Repeats::kInOrder, ReadByVZaps},
    {"Socket.IO", false, Repeats::kNever, ReadBySocketIo},
    {"Socket.IO (Python)", false, Repeats::kInOrder, ReadByPythonSocketIo},
    {"MultiWA's page", false, Repeats::kNever, ReadByMultiWaPage},
    {"MultiWA's room", false, Repeats::kInOrder, ReadByMultiWaRoom},
};

}  // namespace

Load::Load(Place place) : place_(std::move(place)) {
  writers_ = NewWriters(place_, [this] { NoteAcknowledged(); });
  std::vector<std::string> instances;
  for (const auto& writer : writers_) instances.push_back(writer->instance());
  // Creates the instance before any reader asks for it.
  Subscription first = *place_.NewClient().Subscribe(kWebhookInstance, Start::Beginning());
  EXPECT_TRUE(first.WaitForOpen(absl::Now() + kLoadPatience).ok());
  for (const Kind& kind : kKinds) {
    const auto of = kind.of_many ? instances : std::vector<std::string>{std::string(kWebhookInstance)};
    readers_.push_back(std::make_unique<Progress>(kind.name, of, kind.repeats));
    reading_.emplace_back([this, &kind, &progress = *readers_.back()] { kind.read(place_, progress); });
  }
  for (const auto& reader : readers_) EXPECT_TRUE(reader->AwaitReady()) << reader->reader();
  for (const auto& writer : writers_) writing_.emplace_back([this, &one = *writer] { Write(one); });
}

Load::~Load() { Finish(); }

void Load::Write(Writer& writer) {
  uint64_t number = 1;
  for (; !stop_; ++number) writer.Write(number);
  // Set before the last event is appended, so that no reader waits for a further one.
  for (const auto& reader : readers_) reader->EndAt(writer.instance(), number);
  writer.Write(number);
  writer.Finish();
  ExpectStored(writer.instance(), number);
}

void Load::NoteAcknowledged() {
  absl::MutexLock lock(&mu_);
  ++acknowledged_;
}

bool Load::AwaitAcknowledged(uint64_t more) {
  absl::MutexLock lock(&mu_);
  const uint64_t wanted = acknowledged_ + more;
  const auto reached = [this, wanted]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return acknowledged_ >= wanted; };
  return mu_.AwaitWithTimeout(absl::Condition(&reached), kLoadPatience);
}

uint64_t Load::Finish() {
  if (!stop_.exchange(true)) {
    for (std::thread& thread : writing_) thread.join();
    for (const auto& reader : readers_) {
      if (!reader->AwaitDone()) std::abort();  // Its thread may be waiting for an event that never comes.
    }
    for (std::thread& thread : reading_) thread.join();
    for (const auto& reader : readers_) {
      const Progress::Figures figures = reader->figures();
      std::cout << reader->reader() << ": " << figures.events << " events, " << figures.repeated << " again, "
                << figures.returns << " returns" << (figures.remark.empty() ? "" : ", ") << figures.remark << std::endl;
    }
  }
  absl::MutexLock lock(&mu_);
  return acknowledged_;
}

void Load::ExpectStored(const std::string& instance, uint64_t count) const {
  Client client = place_.NewClient();
  uint64_t stored = 0;
  for (const auto& event : client.FetchMissed({.instance = instance, .start = Start::Beginning()})) {
    ASSERT_TRUE(event.ok()) << event.status();
    ++stored;
    ASSERT_EQ(event->cursor(), stored) << instance;
    ASSERT_EQ(NumberIn(event->data()), stored) << instance;
  }
  EXPECT_EQ(stored, count) << instance;
}

}  // namespace playhead::testing

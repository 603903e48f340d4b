// A wall clock that is set an hour forward and back while the broker runs. A preloaded library shifts it.
#include "absl/time/clock.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/retention_client.h"
#include "playhead/v1/event_log.grpc.pb.h"
#include "tests/faults/fault_fixture.h"
#include "tests/faults/shared_value.h"
#include "tests/support/consume_session.h"
#include "tests/support/http_connection.h"
#include "tests/support/key_client.h"

namespace playhead::testing {
namespace {

constexpr absl::Duration kHour = absl::Hours(1);

class ClockTest : public FaultFixture {
 protected:
  void ServeByShiftedClock(const std::vector<std::string>& flags = {}) {
    Serve(flags, {.environment = shift_.Environment("shifted_clock.so", "WALL_CLOCK_SHIFT_FILE")});
  }
  // The broker's clock is so far ahead of the machine's from now on; behind it if that is negative. Returns when the
  // broker goes by it: absl::Now() counts the processor's cycles, and asks the clock only every two seconds.
  void SetAhead(absl::Duration ahead) {
    *shift_ = absl::ToInt64Nanoseconds(ahead);
    HttpConnection connection(broker().http_address());
    const absl::Time patience = absl::Now() + kPatience;
    for (absl::Time shown; absl::AbsDuration(shown - absl::Now() - ahead) > absl::Minutes(1);) {
      ASSERT_LT(absl::Now(), patience) << "the broker's clock was not shifted";
      ASSERT_TRUE(
          absl::ParseTime("%a, %d %b %E4Y %H:%M:%S GMT", connection.Get("/healthz").headers["date"], &shown, nullptr));
    }
  }

  void Append(int count) {
    SingleAppender appender(broker().address(), "p");
    for (int i = 0; i < count; ++i) {
      ++appended_;
      const auto cursor = appender.Append("bot", "x", appended_);
      ASSERT_TRUE(cursor.ok()) << cursor.status();
      EXPECT_EQ(*cursor, appended_);
    }
  }
  std::shared_ptr<grpc::Channel> NewChannel() {
    return grpc::CreateChannel(broker().address(), grpc::InsecureChannelCredentials());
  }

  uint64_t appended_ = 0;

 private:
  const SharedValue<std::atomic<int64_t>> shift_{folder() + "/clock_shift"};
};

TEST_F(ClockTest, CursorsAndTimesNeverGoBackWithTheClock) {
  const absl::Time begin = absl::Now();
  ASSERT_NO_FATAL_FAILURE(ServeByShiftedClock());
  ASSERT_NO_FATAL_FAILURE(Append(10));
  ASSERT_NO_FATAL_FAILURE(SetAhead(kHour));
  ASSERT_NO_FATAL_FAILURE(Append(10));
  ASSERT_NO_FATAL_FAILURE(SetAhead(-kHour));
  ASSERT_NO_FATAL_FAILURE(Append(10));
  ASSERT_EQ(broker().Terminate(), 0);
  ASSERT_NO_FATAL_FAILURE(ServeByShiftedClock());
  ASSERT_NO_FATAL_FAILURE(Append(10));
  ASSERT_NO_FATAL_FAILURE(SetAhead(absl::ZeroDuration()));
  ASSERT_NO_FATAL_FAILURE(Append(10));

  Client client = NewClient();
  std::vector<absl::Time> times;
  for (const auto& event : client.FetchMissed({.instance = "bot", .start = Start::Beginning()})) {
    ASSERT_TRUE(event.ok()) << event.status();
    EXPECT_EQ(event->cursor(), times.size() + 1);
    times.push_back(absl::FromUnixMicros(event->appended_at()));
  }
  ASSERT_EQ(times.size(), 50u);
  EXPECT_LT(times[9], begin + absl::Minutes(10));
  EXPECT_GT(times[10], begin + absl::Minutes(50));
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
}

TEST_F(ClockTest, HeartbeatsComeWhateverTheClockDoes) {
  ASSERT_NO_FATAL_FAILURE(ServeByShiftedClock({"--heartbeat_interval=100ms"}));
  const auto stub = v1::EventLog::NewStub(NewChannel());
  v1::SubscribeRequest request;
  request.set_instance("bot");
  request.mutable_start()->set_after_cursor(0);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kPatience));
  const auto stream = stub->Subscribe(&context, request);
  const auto await_heartbeats = [&](int count) {
    for (v1::SubscribeResponse response; count > 0; count -= response.has_heartbeat() ? 1 : 0) {
      ASSERT_TRUE(stream->Read(&response)) << "none comes any more";
    }
  };
  ASSERT_NO_FATAL_FAILURE(await_heartbeats(3));
  for (const absl::Duration ahead : {kHour, absl::ZeroDuration(), -kHour, absl::ZeroDuration()}) {
    ASSERT_NO_FATAL_FAILURE(SetAhead(ahead));
    ASSERT_NO_FATAL_FAILURE(await_heartbeats(5));
  }
  context.TryCancel();
}

TEST_F(ClockTest, DeadlinesOfAcknowledgementsGoByTheTimeThatPasses) {
  ASSERT_NO_FATAL_FAILURE(ServeByShiftedClock());
  ASSERT_NO_FATAL_FAILURE(Append(1));
  v1::CreateConsumerRequest quick = ConsumerOf("quick", "bot");
  quick.mutable_config()->set_ack_deadline_ms(1000);
  ConsumeSession hasty(NewChannel(), OpenOf(quick));
  ConsumeSession patient(NewChannel(), OpenOf(ConsumerOf("patient", "bot")));
  ASSERT_EQ(hasty.Take(1).size(), 1u);
  const std::vector<HeldEvent> held = patient.Take(1);
  ASSERT_EQ(held.size(), 1u);
  // An hour forward lets none pass that has not passed ...
  ASSERT_NO_FATAL_FAILURE(SetAhead(kHour));
  EXPECT_EQ(hasty.Take(1).at(0).attempt, 2u);
  EXPECT_TRUE(patient.AwaitConfirmed(patient.Ack(held[0])));
  // ... and an hour back holds none up.
  ASSERT_NO_FATAL_FAILURE(SetAhead(-kHour));
  EXPECT_EQ(hasty.Take(1).at(0).attempt, 3u);
  EXPECT_TRUE(patient.refused().empty());
}

TEST_F(ClockTest, RetentionByAgeTakesNothingYoungWhenTheClockLeaps) {
  ASSERT_NO_FATAL_FAILURE(ServeByShiftedClock());
  ASSERT_NO_FATAL_FAILURE(Append(10));
  SingleAppender other(broker().address(), "p");
  ASSERT_TRUE(other.Append("other", "x", 1).ok());
  ASSERT_TRUE(other.Append("other", "y", 2).ok());
  ASSERT_NO_FATAL_FAILURE(SetAhead(kHour));
  RetentionClient retention = *RetentionClient::Create({.target = broker().address()});
  v1::RetentionPolicy by_age;
  by_age.set_age_seconds(600);
  ASSERT_TRUE(retention.Set("bot", by_age).ok());
  // Which takes its turn behind it, and can be seen.
  v1::RetentionPolicy by_count;
  by_count.set_events(1);
  ASSERT_TRUE(retention.Set("other", by_count).ok());
  Client client = NewClient();
  const absl::Time patience = absl::Now() + kPatience;
  for (auto info = client.GetInstance("other"); info.ok() && info->first_cursor() != 2;
       info = client.GetInstance("other")) {
    ASSERT_LT(absl::Now(), patience);
  }
  EXPECT_EQ(DataOf("bot").size(), 10u);
  EXPECT_THAT(Said(), ::testing::HasSubstr("event=clock_leapt"));
}

TEST_F(ClockTest, AnAccessTokenEndsWhenTheClockSaysSo) {
  constexpr char kAdminSecret[] = "the-administrator-of-a-test-of-the-clock";
  const std::string secret_file = folder() + "/admin";
  std::ofstream(secret_file) << kAdminSecret << "\n";
  ASSERT_EQ(chmod(secret_file.c_str(), 0600), 0);
  ASSERT_NO_FATAL_FAILURE(ServeByShiftedClock({"--admin_secret_file=" + secret_file}));
  v1::CreateKeyResponse key;
  const v1::CreateKeyRequest request = KeyRequest({v1::PERMISSION_APPEND, v1::PERMISSION_SUBSCRIBE}, {"bot"});
  ASSERT_TRUE(KeyClient(NewChannel(), kAdminSecret).CreateKey(request, key).ok());
  ASSERT_TRUE(KeyClient(NewChannel(), key.secret()).Append("bot").ok());

  const HttpResponse minted =
      HttpConnection(broker().http_address())
          .Call("POST", "/v1/access_tokens",
                absl::StrCat("Content-Type: application/json\r\nAuthorization: Bearer ", key.secret(), "\r\n"),
                R"({"instances":"bot","lifetime_seconds":300})");
  ASSERT_EQ(minted.status, 200) << minted.body;
  const std::string read = absl::StrCat("/v1/instances/bot/events?from=beginning&access_token=",
                                        std::string(boost::json::parse(minted.body).at("access_token").as_string()));
  const auto status = [&] { return HttpConnection(broker().http_address()).Get(read).status; };
  EXPECT_EQ(status(), 200);
  ASSERT_NO_FATAL_FAILURE(SetAhead(kHour));
  EXPECT_EQ(status(), 401);
  ASSERT_NO_FATAL_FAILURE(SetAhead(-kHour));
  EXPECT_EQ(status(), 200);
  EXPECT_TRUE(KeyClient(NewChannel(), key.secret()).Append("bot").ok());
}

}  // namespace
}  // namespace playhead::testing

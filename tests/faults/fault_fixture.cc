#include "tests/faults/fault_fixture.h"

#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/time/clock.h"
#include "tests/support/figures.h"

namespace playhead::testing {

std::unique_ptr<BrokerProcess> FaultFixture::Start(const std::vector<std::string>& flags,
                                                   BrokerSurroundings surroundings) const {
  surroundings.stderr_file = folder() + "/stderr";
  std::vector<std::string> all = {"--http_listen=127.0.0.1:0"};
  all.insert(all.end(), flags.begin(), flags.end());
  return std::make_unique<BrokerProcess>(data_dir_, "127.0.0.1:0", all, surroundings);
}

void FaultFixture::Serve(const std::vector<std::string>& flags, BrokerSurroundings surroundings) {
  broker_.reset();
  broker_ = Start(flags, std::move(surroundings));
  ASSERT_FALSE(broker_->address().empty()) << Said();
}

FaultFixture::Refusal FaultFixture::ServeInVain(const std::vector<std::string>& flags,
                                                BrokerSurroundings surroundings) {
  const size_t said_before = Said().size();
  const std::unique_ptr<BrokerProcess> refused = Start(flags, std::move(surroundings));
  if (!refused->address().empty()) {
    ADD_FAILURE() << "it serves";
    return {};
  }
  const int exit_code = refused->AwaitExit();
  return {exit_code, Said().substr(said_before)};
}

Client FaultFixture::NewClient() const {
  ClientOptions options{.target = broker_->address()};
  options.backoff.initial_delay = absl::Milliseconds(20);
  options.backoff.max_delay = absl::Milliseconds(200);
  return *Client::Create(options);
}

double FaultFixture::Figure(absl::string_view name) const {
  const std::optional<double> figure = FindFigure(broker_->http_address(), name);
  if (!figure) ADD_FAILURE() << "no figure " << name;
  return figure.value_or(0);
}

std::vector<std::string> FaultFixture::DataOf(const std::string& instance) const {
  std::vector<std::string> data;
  Client client = NewClient();
  for (const auto& event : client.FetchMissed({.instance = instance, .start = Start::Beginning()})) {
    if (!event.ok()) {
      ADD_FAILURE() << event.status();
      break;
    }
    data.emplace_back(event->data());
    EXPECT_EQ(event->cursor(), data.size()) << "a hole";
  }
  return data;
}

std::string FaultFixture::Said() const {
  std::ostringstream said;
  said << std::ifstream(folder() + "/stderr").rdbuf();
  return std::move(said).str();
}

SingleAppender::SingleAppender(const std::string& target, std::string producer)
    : endpoint_(*GrpcEndpoint::Create({.target = target})),
      stub_(v1::EventLog::NewStub(endpoint_.NewChannel())),
      producer_(std::move(producer)) {}

absl::StatusOr<uint64_t> SingleAppender::Append(const std::string& instance, const std::string& data,
                                                uint64_t sequence) {
  v1::AppendRequest request;
  request.set_instance(instance);
  request.mutable_producer()->set_id(producer_);
  request.mutable_producer()->set_sequence(sequence);
  v1::Event& event = *request.add_events();
  event.set_type("t");
  event.set_data(data);
  const auto response =
      endpoint_.Call<v1::AppendResponse>(*stub_, &v1::EventLog::Stub::Append, request, absl::Now() + kPatience);
  if (!response.ok()) return response.status();
  return response->cursors(0);
}

}  // namespace playhead::testing

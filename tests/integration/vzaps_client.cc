#include "tests/integration/vzaps_client.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "absl/strings/str_cat.h"

namespace playhead::testing {

namespace json = boost::json;

HttpResponse PostToken(const std::string& address, absl::string_view body, absl::string_view headers) {
  HttpConnection connection(address);
  connection.Send(absl::StrCat("POST /token HTTP/1.1\r\n", connection.host_header(),
                               "Content-Type: application/json\r\nAccept: application/json\r\n", headers,
                               "Content-Length: ", body.size(), "\r\n\r\n", body));
  return connection.Receive();
}

std::string TokenBody(absl::string_view client_token, absl::string_view client_secret) {
  return absl::StrCat(R"({"client_token":")", client_token, R"(","client_secret":")", client_secret, R"("})");
}

std::string AccessTokenOf(const HttpResponse& answer) {
  boost::system::error_code error;
  const json::value body = json::parse(answer.body, error);
  if (error || !body.is_object() || !body.as_object().contains("access_token")) return "";
  return std::string(body.at("access_token").as_string());
}

VZapsRequest VZapsRequestOf(const std::string& address, const std::string& client, const std::string& instance) {
  VZapsRequest request;
  request.access_token = AccessTokenOf(PostToken(address, TokenBody(client, "secret")));
  EXPECT_NE(request.access_token, "");
  request.client_token = client;
  request.instance_token = "instance";
  request.instance = instance;
  return request;
}

VZapsConnection::VZapsConnection(const std::string& address, const VZapsRequest& request)
    : socket_(std::make_unique<RawWebSocket>(address)) {
  std::string target = absl::StrCat("/events/ws?instance_id=", request.instance);
  if (!request.events.empty()) absl::StrAppend(&target, "&", request.events);
  if (!request.last_event_id.empty()) absl::StrAppend(&target, "&last_event_id=", request.last_event_id);
  std::string headers;
  if (request.credentials != VZapsRequest::Credentials::kHeaders) {
    absl::StrAppend(&target, "&access_token=", request.access_token, "&client_token=", request.client_token,
                    "&instance_token=", request.instance_token);
  }
  if (request.credentials != VZapsRequest::Credentials::kQuery) {
    absl::StrAppend(&headers, "Authorization: Bearer ", request.access_token,
                    "\r\nX-Client-Token: ", request.client_token, "\r\nX-Instance-Token: ", request.instance_token,
                    "\r\n");
  }
  if (!request.user_agent.empty()) absl::StrAppend(&headers, "User-Agent: ", request.user_agent, "\r\n");
  answer_ = socket_->Connect(target, headers);
}

VZapsEvent VZapsConnection::Next() {
  const Frame frame = socket_->ReceiveMessage();
  VZapsEvent event;
  if (frame.ended || frame.opcode == Opcode::kClose) {
    event.ended = true;
    return event;
  }
  EXPECT_EQ(frame.opcode, Opcode::kText);
  boost::system::error_code error;
  const json::value parsed = json::parse(frame.payload, error);
  EXPECT_FALSE(error) << frame.payload.substr(0, 200);
  if (error) return event;
  const json::object& object = parsed.as_object();
  event.id = std::string(object.at("id").as_string());
  event.type = std::string(object.at("type").as_string());
  event.instance_id = std::string(object.at("instance_id").as_string());
  event.created_at = std::string(object.at("created_at").as_string());
  EXPECT_TRUE(object.at("data").is_object()) << frame.payload.substr(0, 200);
  event.data = json::serialize(object.at("data"));
  event.bytes = frame.payload.size();
  return event;
}

std::vector<int> VZapsConnection::Take(size_t count) {
  std::vector<int> numbers;
  while (numbers.size() < count) {
    const VZapsEvent event = Next();
    if (event.ended) {
      ADD_FAILURE() << "the connection ended";
      return numbers;
    }
    const json::value data = json::parse(event.data);
    numbers.push_back(static_cast<int>(data.at("event").at("n").as_int64()));
    ids_[numbers.back()] = event.id;
  }
  return numbers;
}

bool VZapsConnection::Ack(absl::string_view id, absl::string_view key) {
  return socket_->SendText(absl::StrCat(R"({"type":"ack",")", key, R"(":")", id, R"("})"));
}

void VZapsConnection::AwaitRead() {
  ASSERT_TRUE(socket_->Send({Opcode::kPing, "read"}));
  Frame answer;
  do {
    answer = socket_->Receive();
    ASSERT_FALSE(answer.ended);
  } while (answer.opcode != Opcode::kPong);
}

}  // namespace playhead::testing

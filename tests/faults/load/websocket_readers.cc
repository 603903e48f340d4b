#include "tests/faults/load/websocket_readers.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/load/numbered_messages.h"

namespace playhead::testing {
namespace {

// How long there may be nothing to read: while a log's writer is refused, its readers get nothing.
constexpr absl::Duration kPatience = absl::Seconds(120);

VZapsRequest RequestFromBeginning(const std::string& address, const std::string& client, const std::string& instance) {
  VZapsRequest request = VZapsRequestOf(address, client, instance);
  request.last_event_id.assign(1, '0');  // GCC 12 warns of an assignment of "0" (-Wrestrict, bug 105329).
  return request;
}

}  // namespace

std::string WebSocketReader::NextText() {
  Frame frame = socket().ReceiveMessage(/*answers_pings=*/true);
  if (!frame.ended && frame.opcode == Opcode::kText) return std::move(frame.payload);
  order_.tally().NoteWrong(absl::StrCat("the connection ended: ", frame.ended ? 0 : frame.close_code()));
  return "";
}

void WebSocketReader::Read() { OnText(NextText()); }

VZapsReader::VZapsReader(const std::string& address, const std::string& client, const NumberedLog& log, Tally& tally)
    : WebSocketReader(log, tally, 0),
      connection_(std::make_unique<VZapsConnection>(address, RequestFromBeginning(address, client, log.instance()))) {
  tally.NoteOffered(0);
  if (connection_->answer().status != 101) tally.NoteWrong(connection_->answer().body);
  socket().connection().SetPatience(kPatience);
}

void VZapsReader::OnText(const std::string& text) {
  constexpr absl::string_view kIdBegin = R"({"id":")";
  if (!absl::StartsWith(text, kIdBegin)) return order_.tally().NoteWrong(text.substr(0, 200));
  order_.Note(NumberIn(text), text.size());
  connection_->Ack(text.substr(kIdBegin.size(), text.find('"', kIdBegin.size()) - kIdBegin.size()));
}

SocketIoReader::SocketIoReader(const std::string& address, const NumberedLog& log, Tally& tally)
    : order_(log, tally, log.stored()),
      connection_(address, "/api/events", absl::StrCat(R"({"token":")", log.instance(), R"("})")) {
  tally.NoteOffered(0);
  if (connection_.connected().empty()) {
    tally.NoteWrong(absl::StrCat("it was not let in: ", connection_.refused()));
    return;
  }
  connection_.SetPatience(kPatience);
  connection_.Send(SocketIoConnection::kEvent, R"(0["subscribe","*"])");
  const SocketIoConnection::Packet answer = connection_.Next();
  if (answer.type != SocketIoConnection::kAck || !absl::StartsWith(answer.rest, R"(0[{"ok":true)")) {
    tally.NoteWrong(answer.rest);
  }
}

void SocketIoReader::Read() {
  const SocketIoConnection::Packet packet = connection_.Next();
  if (packet.type != SocketIoConnection::kEvent || !absl::StartsWith(packet.rest, R"(["messages.upsert")")) {
    return order_.tally().NoteWrong(
        absl::StrCat("packet ", static_cast<int>(packet.type), ": ", packet.rest.substr(0, 200)));
  }
  order_.Note(NumberIn(packet.rest), packet.rest.size());
}

MultiWaReader::MultiWaReader(const std::string& address, const NumberedLog& log, Tally& tally)
    : WebSocketReader(log, tally, log.stored()), socket_(address) {
  tally.NoteOffered(0);
  if (socket_.Connect("/ws?apiKey=any").status != 101) tally.NoteWrong("it was not let in");
  socket_.connection().SetPatience(kPatience);
  NextText();  // The welcome.
  socket_.SendText(
      absl::StrCat(R"({"type":"subscribe","payload":{"profileId":")", log.instance(), R"(","events":["*"]}})"));
  const std::string answer = NextText();
  if (!absl::StrContains(answer, R"("action":"subscribed")")) tally.NoteWrong(answer);
}

void MultiWaReader::OnText(const std::string& text) {
  if (!absl::StartsWith(text, R"({"type":"event")")) return order_.tally().NoteWrong(text.substr(0, 200));
  order_.Note(NumberIn(text), text.size());
}

}  // namespace playhead::testing

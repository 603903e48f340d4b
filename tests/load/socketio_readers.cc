#include "tests/load/socketio_readers.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tests/load/numbered_messages.h"
#include "tests/load/socketio_connection.h"

namespace playhead::testing {
namespace {

constexpr char kEvents[] = "/api/events";
constexpr char kEvent = SocketIoConnection::kEvent;
constexpr char kAck = SocketIoConnection::kAck;

// The text after `before`, up to the next quotation mark. Empty if `before` is missing.
std::string TextBehind(absl::string_view before, absl::string_view text) {
  const size_t begin = text.rfind(before);
  if (begin == absl::string_view::npos) return "";
  text.remove_prefix(begin + before.size());
  return std::string(text.substr(0, text.find('"')));
}

// Whether the connection was accepted. Fails the reader if the refusal is final.
bool IsLetIn(const SocketIoConnection& connection, Progress& progress) {
  if (!connection.refused().empty()) progress.Fail(connection.refused());
  return !connection.connected().empty();
}

// Subscribes, as a program does once. Fails the reader if that is refused.
void Subscribe(SocketIoConnection& connection, Progress& progress) {
  connection.Send(kEvent, R"(0["subscribe","messages.upsert"])");
  const SocketIoConnection::Packet answer = connection.Next();
  if (answer.type != kAck || !absl::StartsWith(answer.rest, R"(0[{"ok":true)")) return progress.Fail(answer.rest);
  progress.NoteReady();
}

}  // namespace

void ReadBySocketIo(const Place& place, Progress& progress) {
  std::string pid;
  std::string offset;
  while (!progress.done()) {
    std::string auth = absl::StrCat(R"({"token":")", kWebhookInstance, R"(")");
    if (!pid.empty()) absl::StrAppend(&auth, R"(,"pid":")", pid, R"(")");
    if (!offset.empty()) absl::StrAppend(&auth, R"(,"offset":")", offset, R"(")");
    SocketIoConnection connection(place.http, kEvents, auth + "}");
    if (!IsLetIn(connection, progress)) continue;
    const std::string session = TextBehind(R"("pid":")", connection.connected());
    if (pid.empty()) {
      pid = session;
      Subscribe(connection, progress);
    } else if (session != pid) {
      return progress.Fail("the session was not recovered, and the client subscribes to nothing again");
    }
    while (!progress.done()) {
      const SocketIoConnection::Packet packet = connection.Next();
      if (packet.type != kEvent) break;
      progress.Note(kWebhookInstance, NumberIn(packet.rest));
      offset = TextBehind(R"(,"evt_)", packet.rest);
      if (!offset.empty()) offset = "evt_" + offset;
    }
    progress.NoteReturn();
  }
}

void ReadByPythonSocketIo(const Place& place, Progress& progress) {
  bool subscribed = false;
  while (!progress.done()) {
    // The broker recognises python-socketio by the form of this timestamp.
    SocketIoConnection connection(place.http, kEvents, absl::StrCat(R"({"token":")", kWebhookInstance, R"("})"),
                                  "&t=1700000000.5");
    if (!IsLetIn(connection, progress)) continue;
    if (!subscribed) {
      Subscribe(connection, progress);
      subscribed = true;
    }
    while (!progress.done()) {
      const SocketIoConnection::Packet packet = connection.Next();
      if (packet.type != kEvent) break;
      progress.Note(kWebhookInstance, NumberIn(packet.rest));
      connection.Send(kAck, absl::StrCat(packet.rest.substr(0, packet.rest.find('[')), "[]"));
    }
    progress.NoteReturn();
  }
}

void ReadByMultiWaRoom(const Place& place, Progress& progress) {
  while (!progress.done()) {
    SocketIoConnection connection(place.http, "/ws", R"({"apiKey":"any"})");
    if (!IsLetIn(connection, progress)) continue;
    connection.Send(kEvent, absl::StrCat(R"(0["join",{"profileId":")", kWebhookInstance, R"("}])"));
    while (!progress.done()) {
      const SocketIoConnection::Packet packet = connection.Next();
      if (packet.type == kAck) {
        if (!absl::StrContains(packet.rest, R"("success":true)")) return progress.Fail(packet.rest);
        progress.NoteReady();
        continue;
      }
      if (packet.type != kEvent) break;
      progress.Note(kWebhookInstance, NumberIn(packet.rest));
    }
    progress.NoteReturn();
  }
}

}  // namespace playhead::testing

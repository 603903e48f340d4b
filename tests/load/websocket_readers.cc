#include "tests/load/websocket_readers.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tests/integration/vzaps_client.h"
#include "tests/load/numbered_messages.h"
#include "tests/support/raw_websocket.h"

namespace playhead::testing {
namespace {

// Whether the connection was accepted. Fails the reader if the refusal is final.
bool IsLetIn(const HttpResponse& answer, Progress& progress) {
  if (answer.status == 101) return true;
  // 0: the connection ended without an answer. 503: retryable.
  if (answer.status != 0 && answer.status != 503) progress.Fail(absl::StrCat(answer.status, ": ", answer.body));
  return false;
}

// The value of `"cursor":"evt_…"` in a frame. Empty if it has none.
std::string CursorIn(absl::string_view text) {
  constexpr absl::string_view kBefore = R"("cursor":")";
  const size_t begin = text.rfind(kBefore);
  if (begin == absl::string_view::npos) return "";
  text.remove_prefix(begin + kBefore.size());
  return std::string(text.substr(0, text.find('"')));
}

}  // namespace

void ReadByVZaps(const Place& place, Progress& progress) {
  const VZapsRequest request = VZapsRequestOf(place.http, "client", std::string(kWebhookInstance));
  while (!progress.done()) {
    VZapsConnection connection(place.http, request);
    if (!IsLetIn(connection.answer(), progress)) continue;
    // A new client starts at the end of the log, so it is ready only now.
    progress.NoteReady();
    for (VZapsEvent event = connection.Next(); !event.ended; event = connection.Next()) {
      progress.Note(kWebhookInstance, NumberIn(event.data));
      connection.Ack(event.id);
      if (progress.done()) return;
    }
    progress.NoteReturn();
  }
}

void ReadByMultiWaPage(const Place& place, Progress& progress) {
  std::string since = "0";  // The beginning of the log.
  while (!progress.done()) {
    RawWebSocket socket(place.http);
    if (!IsLetIn(socket.Connect("/ws?apiKey=any"), progress)) continue;
    socket.SendText(absl::StrCat(R"({"type":"subscribe","payload":{"profileId":")", kWebhookInstance,
                                 R"(","events":["message.received"],"since":")", since, R"("}})"));
    progress.NoteReady();
    while (!progress.done()) {
      const Frame frame = socket.ReceiveMessage(/*answers_pings=*/true);
      if (frame.ended) break;
      if (frame.opcode == Opcode::kClose) {
        if (frame.close_code() != 1001 && frame.close_code() != 1013) {
          progress.Fail(absl::StrCat("closed with ", frame.close_code()));
        }
        break;
      }
      if (absl::StartsWith(frame.payload, R"({"type":"error")")) return progress.Fail(frame.payload);
      if (!absl::StartsWith(frame.payload, R"({"type":"event")")) continue;
      progress.Note(kWebhookInstance, NumberIn(frame.payload));
      since = CursorIn(frame.payload);
    }
    progress.NoteReturn();
  }
}

}  // namespace playhead::testing

#include "tests/load/photon_reader.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/integration/photon_client.h"
#include "tests/load/numbered_messages.h"

namespace playhead::testing {
namespace {

// The SDK waits for a second. The broker takes a stream that comes sooner than this for one that was opened together
// with the previous one.
constexpr absl::Duration kBackoff = absl::Milliseconds(100);

// Fails the reader unless the SDK would reconnect: the broker ended the stream or is stopping, the connection was lost,
// or the client's own deadline has passed.
bool MayReturn(const PhotonOutcome& outcome, Progress& progress) {
  const grpc::StatusCode code = outcome.status.error_code();
  // CANCELLED is gRPC's own, of a call that comes at the moment of a stop (docs/reliability.md).
  const bool may = code == grpc::StatusCode::OK || code == grpc::StatusCode::DEADLINE_EXCEEDED ||
                   code == grpc::StatusCode::CANCELLED ||
                   (code == grpc::StatusCode::UNAVAILABLE && outcome.trailer("x-retryable") != "false");
  if (!may) progress.Fail(absl::StrCat("status ", static_cast<int>(code), ": ", outcome.status.error_message()));
  return may;
}

}  // namespace

void ReadByPhoton(const Place& place, Progress& progress) {
  PhotonClient client(place.grpc, {.phone_number_id = std::string(kWebhookInstance)});
  std::string cursor = "0";  // The beginning of the log.
  progress.NoteReady();
  while (!progress.done()) {
    const PhotonClient::Missed missed = client.Fetch(cursor);
    if (!MayReturn(missed.outcome, progress)) return;
    if (missed.outcome.status.ok()) {
      for (const std::string& id : missed.ids) progress.Note(kWebhookInstance, NumberIn(id));
      if (!missed.cursor.empty()) cursor = missed.cursor;
      PhotonStream stream = client.Subscribe();
      for (auto frame = stream.Read(); frame; frame = stream.Read()) {
        if (frame->has_message()) progress.Note(kWebhookInstance, NumberIn(frame->message().id()));
        if (!frame->cursor().value().empty()) cursor = frame->cursor().value();
        if (progress.done()) return;
      }
      if (!MayReturn(stream.Finish(), progress)) return;
    }
    progress.NoteReturn();
    absl::SleepFor(kBackoff);
  }
}

}  // namespace playhead::testing

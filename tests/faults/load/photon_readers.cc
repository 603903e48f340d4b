#include "tests/faults/load/photon_readers.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/load/numbered_messages.h"

namespace playhead::testing {
namespace {

constexpr char kBeginning[] = "0";

PhotonCredentials CredentialsOf(const NumberedLog& log) {
  PhotonCredentials credentials;
  credentials.phone_number_id = log.instance();
  return credentials;
}

// Fetches once after `cursor`, and moves it on. False if there was nothing more.
bool Fetch(PhotonClient& client, std::string& cursor, InOrder& order) {
  order.tally().NoteOffered(0);
  const PhotonClient::Missed missed = client.Fetch(cursor);
  if (!missed.outcome.status.ok()) {
    NoteRefused(missed.outcome, order.tally());
    return true;
  }
  for (const std::string& id : missed.ids) order.Note(NumberIn(id), missed.bytes / missed.ids.size());
  if (missed.ids.empty()) return false;
  cursor = missed.cursor;
  return true;
}

}  // namespace

void NoteRefused(const PhotonOutcome& outcome, Tally& tally) {
  if (outcome.status.error_code() != grpc::StatusCode::RESOURCE_EXHAUSTED ||
      outcome.trailer("error-code") != "rateLimitExceeded") {
    return tally.NoteWrong(absl::StrCat(outcome.status.error_code(), " ", outcome.status.error_message()));
  }
  tally.NoteRefused(outcome.trailer("playhead-error-code"), outcome.trailer("x-retryable") == "true");
}

PhotonReader::PhotonReader(const std::string& target, const NumberedLog& log, Tally& tally)
    : order_(log, tally, log.stored()), client_(target, CredentialsOf(log)), cursor_(absl::StrCat(log.stored())) {
  tally.NoteOffered(0);
  stream_ = client_.SubscribeAfterBounce();
}

void PhotonReader::Read() {
  const auto frame = stream_->Read();
  if (!frame) return ComeAgain();
  if (frame->has_message()) order_.Note(NumberIn(frame->message().id()), frame->ByteSizeLong());
  if (frame->has_status()) order_.tally().NoteWrong("a status");
  cursor_ = frame->cursor().value();
}

void PhotonReader::ComeAgain() {
  const PhotonOutcome outcome = stream_->Finish();
  if (outcome.status.error_code() != grpc::StatusCode::DEADLINE_EXCEEDED) NoteRefused(outcome, order_.tally());
  while (!done() && !::testing::Test::HasFailure() && Fetch(client_, cursor_, order_)) {
  }
  order_.Repeat();
  stream_ = std::make_unique<PhotonStream>(client_.messages(), client_.credentials());
}

PhotonFetchReader::PhotonFetchReader(const std::string& target, const NumberedLog& log, Tally& tally)
    : order_(log, tally), client_(target, CredentialsOf(log)), cursor_(kBeginning) {}

void PhotonFetchReader::Read() {
  if (Fetch(client_, cursor_, order_) || done()) return;
  cursor_ = std::string(kBeginning);
  order_.StartOver();
}

}  // namespace playhead::testing

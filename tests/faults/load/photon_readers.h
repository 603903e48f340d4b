// Readers over Photon's API. They read as fast as they can.
#ifndef PLAYHEAD_TESTS_FAULTS_LOAD_PHOTON_READERS_H_
#define PLAYHEAD_TESTS_FAULTS_LOAD_PHOTON_READERS_H_

#include <memory>
#include <string>

#include "tests/faults/load/reader.h"
#include "tests/integration/photon_client.h"

namespace playhead::testing {

// As Tally::NoteRefused, for a refusal in Photon's form.
void NoteRefused(const PhotonOutcome& outcome, Tally& tally);

// SubscribeEvents on a broker with --photon_first_subscribe=live. When the stream's deadline passes, it fetches what it
// missed and subscribes again, as the SDK does.
class PhotonReader final : public Reader {
 public:
  // `target` is HOST:PORT. Returns once it is subscribed, at the end of the log. REQUIRES: nothing is appended
  // meanwhile.
  PhotonReader(const std::string& target, const NumberedLog& log, Tally& tally);

  void Read() override;
  bool done() const override { return order_.at_end(); }

 private:
  void ComeAgain();

  InOrder order_;
  PhotonClient client_;
  std::string cursor_;
  std::unique_ptr<PhotonStream> stream_;
};

// FetchMissedEvents from the beginning to the end, repeatedly.
class PhotonFetchReader final : public Reader {
 public:
  PhotonFetchReader(const std::string& target, const NumberedLog& log, Tally& tally);

  void Read() override;
  bool done() const override { return order_.at_end(); }

 private:
  InOrder order_;
  PhotonClient client_;
  std::string cursor_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_FAULTS_LOAD_PHOTON_READERS_H_

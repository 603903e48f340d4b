// The operator's options for webhooks.
#ifndef PLAYHEAD_BROKER_WEBHOOK_OPTIONS_H_
#define PLAYHEAD_BROKER_WEBHOOK_OPTIONS_H_

#include <cstddef>
#include <string>

namespace playhead::broker::webhook {

struct Options {
  // The file with the key that seals the app secrets (broker/webhook/seal.h); empty is `<data_dir>.seal`.
  std::string seal_key_file;
  // A file with the token that Meta's handshake must bring; empty refuses every handshake.
  std::string verify_token_file;
  // Bodies of instances without a secret are kept, hidden, rather than refused; up to this much per hour and instance
  // (broker/webhook/unverified.h).
  bool keep_unverified = false;
  size_t unverified_bytes_per_hour = size_t{64} << 20;
};

}  // namespace playhead::broker::webhook

#endif  // PLAYHEAD_BROKER_WEBHOOK_OPTIONS_H_

// NATS JetStream with file storage on a loopback server, over its C client.
#ifndef PLAYHEAD_TESTS_BENCH_PEERS_NATS_PEER_H_
#define PLAYHEAD_TESTS_BENCH_PEERS_NATS_PEER_H_

#include <memory>

#include "tests/bench/peers/peer.h"

namespace playhead {

std::unique_ptr<Peer> ConnectNats(int port);

}  // namespace playhead

#endif  // PLAYHEAD_TESTS_BENCH_PEERS_NATS_PEER_H_

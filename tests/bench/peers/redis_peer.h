// Redis Streams on a loopback server, over hiredis: XADD and XREAD.
#ifndef PLAYHEAD_TESTS_BENCH_PEERS_REDIS_PEER_H_
#define PLAYHEAD_TESTS_BENCH_PEERS_REDIS_PEER_H_

#include <memory>

#include "tests/bench/peers/peer.h"

namespace playhead {

std::unique_ptr<Peer> ConnectRedis(int port);

}  // namespace playhead

#endif  // PLAYHEAD_TESTS_BENCH_PEERS_REDIS_PEER_H_

// The chunked transfer coding, for bodies of unknown length (RFC 9112, 7.1).
#ifndef PLAYHEAD_BROKER_HTTP_CHUNKS_H_
#define PLAYHEAD_BROKER_HTTP_CHUNKS_H_

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace playhead::broker::http {

// What precedes a chunk of `bytes`, and what follows it. REQUIRES: `bytes` is not 0, which would end the body.
inline void AppendChunkStart(size_t bytes, std::string& out) { absl::StrAppend(&out, absl::Hex(bytes), "\r\n"); }
inline constexpr absl::string_view kChunkEnd = "\r\n";

// The end of the body.
inline constexpr absl::string_view kLastChunk = "0\r\n\r\n";

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_CHUNKS_H_

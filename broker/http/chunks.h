// The chunks in which a body is sent whose length is not known (RFC 9112, 7.1).
#ifndef PLAYHEAD_BROKER_HTTP_CHUNKS_H_
#define PLAYHEAD_BROKER_HTTP_CHUNKS_H_

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace playhead::broker::http {

// What stands before a chunk of `bytes`, and behind it. REQUIRES: not 0, which would be the last one.
inline void AppendChunkStart(size_t bytes, std::string& out) { absl::StrAppend(&out, absl::Hex(bytes), "\r\n"); }
inline constexpr absl::string_view kChunkEnd = "\r\n";

// The end of the body.
inline constexpr absl::string_view kLastChunk = "0\r\n\r\n";

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_CHUNKS_H_

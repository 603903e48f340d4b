// The events that layout_bench writes, and the codecs that it compares. A part of that program, not for other use.
#ifndef PLAYHEAD_TESTS_BENCH_LAYOUT_BENCH_CORPUS_H_
#define PLAYHEAD_TESTS_BENCH_LAYOUT_BENCH_CORPUS_H_

#include <lz4.h>
#include <zdict.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/layout_bench_process.h"

namespace playhead::layout_bench {

// The corpus as encoded events, all but the two trailing fields that the broker adds (cursor, appended_at).
struct Corpus {
  struct Event {
    std::string bytes;
    size_t id_at;
  };
  std::vector<Event> events;
  std::string dictionary;  // Trained on every eighth event.

  explicit Corpus(const std::string& path) {
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) {
      std::string fields =
          "\x0a\x1e"
          "evt-0123456789abcdef-message.x"
          "\x12\x10"
          "whatsapp.message"
          "\x19"
          "CREATED_";
      AppendVarint(&(fields += '\x2a'), line.size());
      fields += line;
      Event event{"\x0a", 0};
      AppendVarint(&event.bytes, fields.size() + 18);
      event.id_at = event.bytes.size() + 6;
      event.bytes += fields;
      events.push_back(std::move(event));
    }
    if (events.empty()) Check(rocksdb::Status::NotFound(path), "corpus");
    std::string samples;
    std::vector<size_t> sizes;
    for (size_t i = 0; i < events.size(); i += 8) {
      samples += events[i].bytes;
      sizes.push_back(events[i].bytes.size());
    }
    dictionary.resize(16 << 10);
    dictionary.resize(
        ZDICT_trainFromBuffer(dictionary.data(), dictionary.size(), samples.data(), sizes.data(), sizes.size()));
  }
  static void AppendVarint(std::string* out, uint64_t value) {
    for (; value >= 128; value >>= 7) out->push_back(char(value | 128));
    out->push_back(char(value));
  }
  // Copies one event with an id of its own, so that ids do not compress better than real ones would.
  void AppendEvent(size_t i, uint64_t cursor, uint64_t appended_at, std::string* out) const {
    const Event& event = events[i % events.size()];
    const size_t start = out->size();
    *out += event.bytes;
    uint64_t id = (cursor + appended_at) * 0x9e3779b97f4a7c15;
    id ^= id >> 29;
    for (int k = 0; k < 16; ++k) (*out)[start + event.id_at + k] = "0123456789abcdef"[id >> 4 * k & 15];
    char trailer[18] = {'\x31', 0, 0, 0, 0, 0, 0, 0, 0, '\x39'};
    std::memcpy(trailer + 1, &cursor, 8);
    std::memcpy(trailer + 10, &appended_at, 8);
    out->append(trailer, 18);
  }
};

class Codec {
 public:
  explicit Codec(const std::string& dictionary) : dictionary_(dictionary) {
    LZ4_initStream(&lz4_dictionary_, sizeof lz4_dictionary_);
    LZ4_loadDict(&lz4_dictionary_, dictionary_.data(), int(dictionary_.size()));
  }
  // Returns what to store: `out` compressed, or `body` itself where that is no shorter.
  Slice Compress(const std::string& codec, const std::string& body, std::string* out) {
    if (codec == "none") return body;
    out->resize(std::max<size_t>(LZ4_compressBound(int(body.size())), ZSTD_compressBound(body.size())));
    size_t size = 0;
    if (codec == "lz4") {
      size = LZ4_compress_default(body.data(), out->data(), int(body.size()), int(out->size()));
    } else if (codec == "lz4dict") {
      lz4_ = lz4_dictionary_;  // 16 KiB copied; cheaper than loading the dictionary again.
      size = LZ4_compress_fast_continue(&lz4_, body.data(), out->data(), int(body.size()), int(out->size()), 1);
    } else if (codec == "zstd1") {
      size = ZSTD_compressCCtx(zstd_.get(), out->data(), out->size(), body.data(), body.size(), 1);
    } else {
      size = ZSTD_compress_usingCDict(zstd_.get(), out->data(), out->size(), body.data(), body.size(), cdict_.get());
    }
    return size < body.size() ? Slice(out->data(), size) : Slice(body);
  }
  bool Decompress(const std::string& codec, Slice stored, std::string* plain) {
    if (codec == "lz4")
      return LZ4_decompress_safe(stored.data(), plain->data(), int(stored.size()), int(plain->size())) >= 0;
    if (codec == "lz4dict") {
      return LZ4_decompress_safe_usingDict(stored.data(), plain->data(), int(stored.size()), int(plain->size()),
                                           dictionary_.data(), int(dictionary_.size())) >= 0;
    }
    const size_t size = codec == "zstd1" ? ZSTD_decompressDCtx(unzstd_.get(), plain->data(), plain->size(),
                                                               stored.data(), stored.size())
                                         : ZSTD_decompress_usingDDict(unzstd_.get(), plain->data(), plain->size(),
                                                                      stored.data(), stored.size(), ddict_.get());
    return !ZSTD_isError(size);
  }

 private:
  const std::string dictionary_;
  LZ4_stream_t lz4_dictionary_, lz4_;
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> zstd_{ZSTD_createCCtx(), ZSTD_freeCCtx};
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> unzstd_{ZSTD_createDCtx(), ZSTD_freeDCtx};
  std::unique_ptr<ZSTD_CDict, decltype(&ZSTD_freeCDict)> cdict_{
      ZSTD_createCDict(dictionary_.data(), dictionary_.size(), 1), ZSTD_freeCDict};
  std::unique_ptr<ZSTD_DDict, decltype(&ZSTD_freeDDict)> ddict_{
      ZSTD_createDDict(dictionary_.data(), dictionary_.size()), ZSTD_freeDDict};
};

}  // namespace playhead::layout_bench

#endif  // PLAYHEAD_TESTS_BENCH_LAYOUT_BENCH_CORPUS_H_

#include <fcntl.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proto/event_wire.h"
#include "tools/bench/raw_limits.h"
#include "tools/cli/exit_code.h"

namespace playhead::tools {
namespace {

constexpr size_t kSyncBytes = 4096;
constexpr size_t kBlockBytes = 64 << 10;
constexpr size_t kBatchBytes = 4 << 20;

absl::Status ErrnoStatus(absl::string_view what) { return FailedError(absl::StrCat(what, ": ", std::strerror(errno))); }

absl::Status FromRocks(const rocksdb::Status& status) {
  return status.ok() ? absl::OkStatus() : FailedError(absl::StrCat("RocksDB: ", status.ToString()));
}

struct RawBlock {
  std::string bytes;
  uint64_t events = 0;
  uint64_t payload_bytes = 0;
};

// The blocks of the batches, built in advance, since building them is not measured.
std::vector<RawBlock> MakeBlocks(const Corpus& corpus) {
  std::vector<RawBlock> blocks(1);
  size_t bytes = 0;
  for (uint64_t i = 0; bytes < kBatchBytes; ++i) {
    if (blocks.back().bytes.size() >= kBlockBytes) blocks.emplace_back();
    RawBlock& block = blocks.back();
    const size_t before = block.bytes.size();
    block.payload_bytes += corpus.AppendEvents(i, 1, kEventsTag, block.bytes);
    block.bytes.append(kEventTrailerBytes, 'c');  // Cursor and time, which the broker adds.
    ++block.events;
    bytes += block.bytes.size() - before;
  }
  return blocks;
}

}  // namespace

absl::StatusOr<LatencyHistogram> MeasureSync(const std::string& folder, absl::Duration duration) {
  const std::string path = absl::StrCat(folder, "/sync");
  const int fd = open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return ErrnoStatus(path);
  const absl::Cleanup close_file = [fd] { close(fd); };
  const std::string page(kSyncBytes, 's');
  LatencyHistogram latencies;
  for (const absl::Time end = absl::Now() + duration; absl::Now() < end;) {
    const absl::Time start = absl::Now();
    if (write(fd, page.data(), page.size()) != static_cast<ssize_t>(page.size())) return ErrnoStatus("write");
    if (fdatasync(fd) != 0) return ErrnoStatus("fdatasync");
    latencies.Record(absl::Now() - start);
  }
  return latencies;
}

absl::StatusOr<RawThroughput> MeasureRocksDb(const std::string& folder, const Corpus& corpus, uint64_t events) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.compression = rocksdb::kNoCompression;
  rocksdb::DB* opened = nullptr;
  if (absl::Status status = FromRocks(rocksdb::DB::Open(options, absl::StrCat(folder, "/rocksdb"), &opened));
      !status.ok()) {
    return status;
  }
  const std::unique_ptr<rocksdb::DB> db(opened);
  const std::vector<RawBlock> blocks = MakeBlocks(corpus);
  rocksdb::WriteOptions sync;
  sync.sync = true;
  RawThroughput result;
  uint64_t cursor = 0;
  const absl::Time start = absl::Now();
  while (result.events < events) {
    rocksdb::WriteBatch batch;
    for (const RawBlock& block : blocks) {
      cursor += block.events;
      char key[14] = {};
      for (size_t i = 0; i < 8; ++i) key[13 - i] = static_cast<char>(cursor >> (8 * i));
      if (absl::Status status = FromRocks(batch.Put({key, sizeof(key)}, block.bytes)); !status.ok()) return status;
      result.events += block.events;
      result.payload_bytes += block.payload_bytes;
    }
    if (absl::Status status = FromRocks(db->Write(sync, &batch)); !status.ok()) return status;
  }
  result.elapsed = absl::Now() - start;
  return result;
}

}  // namespace playhead::tools

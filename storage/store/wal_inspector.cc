#include "storage/store/wal_inspector.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "proto/errors.h"
#include "storage/store/rocksdb_status.h"

namespace playhead::storage {
namespace {

constexpr size_t kBlockBytes = size_t{32} << 10;
constexpr size_t kHeaderBytes = 7;
// More than the largest write: a commit that is almost full (StoreOptions::commit_bytes_max), the largest change that
// can still join it (kRecordChangesBytesMax), and a margin for what is only estimated, mostly block headers.
constexpr uint64_t kTornBytesMax = uint64_t{24} << 20;

enum FragmentType : uint8_t { kZero = 0, kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

uint32_t MaskedCrc32c(absl::string_view type_and_payload) {
  // The library takes a non-const buffer, which it does not write, and inverts the CRC neither before nor after.
  auto* bytes = reinterpret_cast<unsigned char*>(const_cast<char*>(type_and_payload.data()));
  const uint32_t crc = ~crc32_iscsi(bytes, static_cast<int>(type_and_payload.size()), ~0U);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
}

struct Fragment {
  FragmentType type;
  uint32_t crc;
  absl::string_view type_and_payload;

  absl::string_view payload() const { return type_and_payload.substr(1); }
  size_t bytes() const { return kHeaderBytes + payload().size(); }
  bool begins_record() const { return type == kFull || type == kFirst; }
  bool ends_record() const { return type == kFull || type == kLast; }
  bool is_sound() const { return crc == MaskedCrc32c(type_and_payload); }
};

// The fragment at the front of `block` according to its header; the checksum is not verified. nullopt if there is none,
// or it does not fit.
std::optional<Fragment> ReadFragment(absl::string_view block) {
  if (block.size() < kHeaderBytes) return std::nullopt;
  uint32_t crc;
  uint16_t length;
  std::memcpy(&crc, block.data(), sizeof(crc));
  std::memcpy(&length, block.data() + 4, sizeof(length));
  const auto type = static_cast<uint8_t>(block[6]);
  if (type < kFull || type > kLast || kHeaderBytes + length > block.size()) return std::nullopt;
  return Fragment{static_cast<FragmentType>(type), crc, block.substr(6, 1 + size_t{length})};
}

// The beginning of a record, which is a WriteBatch.
struct BatchHeader {
  static constexpr size_t kBytes = 12;

  uint64_t sequence;  // Sequence number of its first row.
  uint32_t count;     // Number of rows.
};

std::optional<BatchHeader> ReadBatchHeader(absl::string_view record) {
  if (record.size() < BatchHeader::kBytes) return std::nullopt;
  BatchHeader header;
  std::memcpy(&header.sequence, record.data(), sizeof(header.sequence));
  std::memcpy(&header.count, record.data() + 8, sizeof(header.count));
  return header;
}

bool AllZero(absl::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; });
}

struct WalFile {
  uint64_t number;
  std::string name;
};

// In the order in which they were written.
absl::StatusOr<std::vector<WalFile>> ListWalFiles(rocksdb::Env& env, const std::string& dir) {
  std::vector<std::string> children;
  if (const rocksdb::Status status = env.GetChildren(dir, &children); !status.ok()) {
    return ReadError(status, absl::StrCat("listing ", dir));
  }
  std::vector<WalFile> files;
  for (const std::string& name : children) {
    absl::string_view stem = name;
    uint64_t number;
    if (absl::ConsumeSuffix(&stem, ".log") && absl::SimpleAtoi(stem, &number)) files.push_back({number, name});
  }
  std::sort(files.begin(), files.end(), [](const WalFile& a, const WalFile& b) { return a.number < b.number; });
  return files;
}

class Inspector {
 public:
  explicit Inspector(rocksdb::Env& env) : env_(env) {}

  absl::Status Inspect(const std::string& dir, const std::string& name) {
    std::unique_ptr<rocksdb::SequentialFile> file;
    rocksdb::Status status = env_.NewSequentialFile(dir + "/" + name, &file, rocksdb::EnvOptions());
    std::string buffer(kReadBytes, '\0');
    rocksdb::Slice chunk;
    uint64_t offset = 0;
    expects_continuation_ = false;
    record_offset_ = 0;
    do {
      if (status.ok()) status = file->Read(buffer.size(), &chunk, buffer.data());
      if (!status.ok()) return ReadError(status, absl::StrCat("reading ", name));
      for (size_t at = 0; at < chunk.size() && !rot(); at += kBlockBytes) {
        InspectBlock(FromSlice(chunk).substr(at, kBlockBytes), name, offset + at);
      }
      offset += chunk.size();
    } while (chunk.size() == buffer.size() && !rot());
    if (damage_ && offset > (damage_->file == name ? damage_->record_offset : 0) + kTornBytesMax) damage_->rot = true;
    // The file ends inside a record, between two of its fragments.
    if (expects_continuation_ && !damage_) NoteDamage(name, offset);
    earlier_files_bytes_ += offset;
    return absl::OkStatus();
  }

  const std::optional<WalDamage>& damage() const { return damage_; }

 private:
  static constexpr size_t kReadBytes = 32 * kBlockBytes;

  bool rot() const { return damage_ && damage_->rot; }

  void InspectBlock(absl::string_view block, const std::string& name, uint64_t offset) {
    size_t at = 0;
    size_t boundary = 0;  // Where the next fragment must begin according to the last header; `at` may be past it.
    while (block.size() - at >= kHeaderBytes && !rot()) {
      const absl::string_view rest = block.substr(at);
      const auto fragment = ReadFragment(rest);
      if (at != boundary) {  // After damage: try every byte.
        if (fragment && fragment->begins_record() &&
            FollowsLostRows(ReadBatchHeader(fragment->payload()), offset + at) && fragment->is_sound()) {
          NoteRot(name, offset + at);
        }
        ++at;
        continue;
      }
      const bool is_sound = fragment && fragment->is_sound();
      if (!damage_ && (!is_sound || fragment->begins_record() == expects_continuation_)) {
        NoteDamage(name, offset + at);
        // Space that was allocated but not written: nothing may follow it.
        if (AllZero(rest)) return;
      }
      if (!damage_) NoteFragment(*fragment, offset + at);
      if (damage_ && is_sound && fragment->begins_record()) NoteRot(name, offset + at);
      if (fragment) boundary = at + fragment->bytes();
      at = is_sound ? boundary : at + 1;
    }
    // Fewer bytes than a header are padding at the end of a block; at the end of a file they are a torn header.
    if (!damage_ && at < block.size() && block.size() < kBlockBytes) NoteDamage(name, offset + at);
  }

  // REQUIRES: the fragment is sound, and begins or continues a record as expected.
  void NoteFragment(const Fragment& fragment, uint64_t offset) {
    if (fragment.begins_record()) {
      record_offset_ = offset;
      record_begin_.clear();
    }
    // A header may span two fragments.
    absl::StrAppend(&record_begin_, fragment.payload().substr(0, BatchHeader::kBytes - record_begin_.size()));
    expects_continuation_ = !fragment.ends_record();
    if (expects_continuation_) return;
    if (const auto batch = ReadBatchHeader(record_begin_)) next_sequence_ = batch->sequence + batch->count;
  }

  void NoteDamage(const std::string& name, uint64_t offset) {
    damage_ = WalDamage{name, offset, expects_continuation_ ? record_offset_ : offset};
    lost_from_ = earlier_files_bytes_ + damage_->record_offset;
    expects_continuation_ = false;
  }

  void NoteRot(const std::string& name, uint64_t offset) {
    damage_->rot = true;
    damage_->sound_file = name;
    damage_->sound_offset = offset;
  }

  // Whether a record at `offset` with this header can follow the lost bytes: these held rows, and each row takes a
  // sequence number and at least two bytes. Without a sound record before the damage, any record can.
  bool FollowsLostRows(const std::optional<BatchHeader>& batch, uint64_t offset) const {
    if (!batch || batch->count == 0) return false;
    const uint64_t lost_bytes = earlier_files_bytes_ + offset - lost_from_;
    return !next_sequence_ || (batch->sequence > *next_sequence_ && batch->sequence - *next_sequence_ <= lost_bytes);
  }

  rocksdb::Env& env_;
  bool expects_continuation_ = false;      // Inside a record of several fragments ...
  uint64_t record_offset_ = 0;             // ... that begins here ...
  std::string record_begin_;               // ... with these bytes, up to BatchHeader::kBytes.
  std::optional<uint64_t> next_sequence_;  // After the last sound and complete record.
  uint64_t earlier_files_bytes_ = 0;
  uint64_t lost_from_ = 0;  // Offset of the damaged record, counted from the start of the first file.
  std::optional<WalDamage> damage_;
};

}  // namespace

absl::StatusOr<std::optional<WalDamage>> InspectWal(rocksdb::Env& env, const std::string& dir) {
  const auto files = ListWalFiles(env, dir);
  if (!files.ok()) return files.status();
  Inspector inspector(env);
  for (const WalFile& file : *files) {
    if (absl::Status status = inspector.Inspect(dir, file.name); !status.ok()) return status;
  }
  return inspector.damage();
}

absl::Status CutWal(rocksdb::Env& env, const std::string& dir, const WalDamage& damage) {
  const auto files = ListWalFiles(env, dir);
  if (!files.ok()) return files.status();
  rocksdb::Status status;
  for (auto file = files->rbegin(); status.ok() && file != files->rend() && file->name != damage.file; ++file) {
    status = env.DeleteFile(absl::StrCat(dir, "/", file->name));
  }
  const std::string path = absl::StrCat(dir, "/", damage.file);
  if (status.ok()) status = env.FileExists(path);
  if (status.IsNotFound()) return absl::OkStatus();
  // Of an open file: RocksDB's POSIX environment does not implement Env::Truncate.
  std::unique_ptr<rocksdb::WritableFile> file;
  if (status.ok()) status = env.ReopenWritableFile(path, &file, rocksdb::EnvOptions());
  if (status.ok()) status = file->Truncate(damage.record_offset);
  if (status.ok()) status = file->Sync();
  if (status.ok()) status = file->Close();
  return ReadError(status, absl::StrCat("cutting the write-ahead log at ", path));
}

}  // namespace playhead::storage

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
// The largest write: a commit (StoreOptions::commit_bytes_max), the batch that filled it up, and their identities.
constexpr uint64_t kTornBytesMax = uint64_t{16} << 20;

enum FragmentType : uint8_t { kZero = 0, kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

uint32_t MaskedCrc32c(absl::string_view type_and_payload) {
  // The library takes a buffer that it does not write as non-const, and neither pre- nor post-inverts.
  auto* bytes = reinterpret_cast<unsigned char*>(const_cast<char*>(type_and_payload.data()));
  const uint32_t crc = ~crc32_iscsi(bytes, static_cast<int>(type_and_payload.size()), ~0U);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
}

struct Fragment {
  FragmentType type;
  size_t bytes;  // With its header.
};

// The fragment at the front of `block`, if it is sound.
std::optional<Fragment> SoundFragment(absl::string_view block) {
  if (block.size() < kHeaderBytes) return std::nullopt;
  uint32_t crc;
  uint16_t length;
  std::memcpy(&crc, block.data(), sizeof(crc));
  std::memcpy(&length, block.data() + 4, sizeof(length));
  const auto type = static_cast<uint8_t>(block[6]);
  if (type < kFull || type > kLast || kHeaderBytes + length > block.size()) return std::nullopt;
  if (crc != MaskedCrc32c(block.substr(6, 1 + size_t{length}))) return std::nullopt;
  return Fragment{static_cast<FragmentType>(type), kHeaderBytes + length};
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
    if (expects_continuation_ && !damage_) damage_ = WalDamage{name, offset, record_offset_};
    return absl::OkStatus();
  }

  const std::optional<WalDamage>& damage() const { return damage_; }

 private:
  static constexpr size_t kReadBytes = 32 * kBlockBytes;

  bool rot() const { return damage_ && damage_->rot; }

  void InspectBlock(absl::string_view block, const std::string& name, uint64_t offset) {
    size_t at = 0;
    while (block.size() - at >= kHeaderBytes && !rot()) {
      const auto fragment = SoundFragment(block.substr(at));
      const bool begins = fragment && (fragment->type == kFull || fragment->type == kFirst);
      if (damage_) {
        if (begins) {
          damage_->rot = true;
          damage_->sound_file = name;
          damage_->sound_offset = offset + at;
        }
        // Behind damage nothing tells where the next fragment starts: try every byte.
        at += fragment ? fragment->bytes : 1;
      } else if (fragment && begins != expects_continuation_) {
        if (begins) record_offset_ = offset + at;
        expects_continuation_ = fragment->type == kFirst || fragment->type == kMiddle;
        at += fragment->bytes;
      } else {
        NoteDamage(name, offset + at);
        // Space that was reserved and not yet written: nothing may follow it.
        if (!fragment && AllZero(block.substr(at))) return;
        at += fragment ? 0 : 1;  // A sound record that begins where another should go on is itself the proof.
      }
    }
    // Fewer bytes than a header has fill up a block; at the end of a file they are the beginning of one.
    if (!damage_ && at < block.size() && block.size() < kBlockBytes) NoteDamage(name, offset + at);
  }

  void NoteDamage(const std::string& name, uint64_t offset) {
    damage_ = WalDamage{name, offset, expects_continuation_ ? record_offset_ : offset};
    expects_continuation_ = false;
  }

  rocksdb::Env& env_;
  bool expects_continuation_ = false;  // Inside a record of several fragments ...
  uint64_t record_offset_ = 0;         // ... that began here.
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

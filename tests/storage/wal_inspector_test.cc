// Torn tails and bit rot in write-ahead logs written by RocksDB.
#include "storage/store/wal_inspector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/errors.h"
#include "storage/engine/rocksdb_event_log.h"
#include "tests/storage/log_harness.h"
#include "tests/support/seed.h"

namespace playhead::storage {
namespace {

namespace fs = std::filesystem;
using playhead::testing::Random;
using playhead::testing::TempDir;
using playhead::testing::TestSeed;

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteFile(const fs::path& path, absl::string_view bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

void AppendLittleEndian(uint64_t number, size_t bytes, std::string& out) {
  for (; bytes > 0; --bytes, number >>= 8) out.push_back(static_cast<char>(number & 0xff));
}

// A record of one fragment, sound in itself.
std::string SoundRecord(absl::string_view payload) {
  const std::string type_and_payload = absl::StrCat("\x01", payload);
  uint32_t crc = ~0U;
  for (const char c : type_and_payload) {
    crc ^= static_cast<uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) * 0x82f63b78U);
  }
  crc = ~crc;
  std::string record;
  AppendLittleEndian(((crc >> 15) | (crc << 17)) + 0xa282ead8U, 4, record);
  AppendLittleEndian(payload.size(), 2, record);
  return absl::StrCat(record, type_and_payload);
}

// The header of a WriteBatch of three rows.
std::string Batch(uint64_t sequence) {
  std::string header;
  AppendLittleEndian(sequence, 8, header);
  AppendLittleEndian(3, 4, header);
  return header;
}

// Copies of a running store, as a crash at this moment would leave it.
class WalInspectorTest : public ::testing::Test {
 protected:
  static StoreOptions Options(const TempDir& dir) {
    StoreOptions options;
    options.data_dir = dir.path();
    return options;
  }

  // A store with `appends` appends of one event to "a", each of about `bytes`, as it is on disk while the log is open.
  void MakeStore(int appends, size_t bytes) {
    LogHarness log(Options(original_));
    for (int i = 0; i < appends; ++i) {
      ASSERT_TRUE(log.Append("a", {{.data = absl::StrCat(i, " ", std::string(bytes, 'x'))}}).ok());
      sizes_.push_back(fs::file_size(LastWal(original_.path())));
    }
    Crash(original_.path());
  }

  // Copies a store, which may be open: RocksDB then deletes files that it no longer needs, possibly while they are
  // being copied; so what was copied until then is given up for another try.
  static void CopyStore(const fs::path& from, const fs::path& to) {
    // CURRENT may name a manifest that was begun behind the copy of those.
    const auto is_whole = [&to] {
      const std::string manifest = ReadFile(to / "CURRENT");
      return fs::exists(to / manifest.substr(0, manifest.find('\n')));
    };
    for (bool done = false; !done;) {
      std::error_code error;
      fs::remove_all(to);
      fs::copy(from, to, fs::copy_options::recursive, error);
      ASSERT_TRUE(!error || error == std::errc::no_such_file_or_directory) << error.message();
      done = !error && is_whole();
    }
  }

  // What a crash would leave of `dir`.
  void Crash(const fs::path& dir) {
    CopyStore(dir, crashed_.path());
    fs::remove(fs::path(crashed_.path()) / "LOCK");
  }

  static std::vector<fs::path> Wals(const fs::path& dir) {
    std::vector<fs::path> wals;
    for (const auto& entry : fs::directory_iterator(dir)) {
      if (absl::EndsWith(entry.path().string(), ".log")) wals.push_back(entry.path());
    }
    std::sort(wals.begin(), wals.end());
    return wals;
  }
  static fs::path LastWal(const fs::path& dir) { return Wals(dir).back(); }

  std::optional<WalDamage> Inspect() {
    const auto damage = InspectWal(*rocksdb::Env::Default(), crashed_.path());
    EXPECT_TRUE(damage.ok()) << damage.status();
    return *damage;
  }

  absl::StatusOr<std::unique_ptr<EventLog>> OpenCrashed(bool accept_truncation = false) {
    StoreOptions options = Options(crashed_);
    options.accept_truncation = accept_truncation;
    return OpenRocksDbEventLog(options);
  }

  TempDir original_;
  TempDir crashed_;
  std::vector<uint64_t> sizes_;  // Of the log, behind each append.
};

TEST_F(WalInspectorTest, ASoundLogHasNoDamage) {
  MakeStore(20, 10'000);  // Records of several fragments among them.
  EXPECT_FALSE(Inspect().has_value());
  LogHarness log(Options(crashed_));
  EXPECT_EQ(log.ReadAll("a")->size(), 20u);
}

TEST_F(WalInspectorTest, ALastRecordTornAtAnyByteIsNoRot) {
  MakeStore(6, 100);
  const fs::path wal = LastWal(crashed_.path());
  const std::string whole = ReadFile(wal);
  const uint64_t begin = sizes_[4];
  ASSERT_GT(whole.size(), begin);
  for (uint64_t size = begin; size < whole.size(); ++size) {
    WriteFile(wal, whole.substr(0, size));
    const auto damage = Inspect();
    ASSERT_EQ(damage.has_value(), size != begin) << "cut to " << size;
    if (damage) {
      ASSERT_FALSE(damage->rot) << "cut to " << size;
      ASSERT_EQ(damage->record_offset, begin);
    }
    // Reserved and never written, or written in part. A record may end in zeros: then it is whole.
    const std::string reserved = absl::StrCat(whole.substr(0, size), std::string(whole.size() - size, '\0'));
    WriteFile(wal, reserved);
    const auto zeros = Inspect();
    ASSERT_EQ(zeros.has_value(), reserved != whole) << "zeros from " << size;
    ASSERT_FALSE(zeros && zeros->rot);
  }
}

TEST_F(WalInspectorTest, ATornRecordOfManyFragmentsIsNoRot) {
  MakeStore(2, 200'000);
  // Incompressible, so that the record spans blocks of the log.
  std::string noise;
  Random random(TestSeed());
  for (int i = 0; i < 200'000; ++i) noise.push_back(static_cast<char>(random.Below(256)));
  {
    LogHarness log(Options(original_));
    ASSERT_TRUE(log.Append("a", MakeEvents(1)).ok());
    const uint64_t begin = fs::file_size(LastWal(original_.path()));
    ASSERT_TRUE(log.Append("a", {{.data = noise}}).ok());
    sizes_.push_back(begin);
    Crash(original_.path());
  }
  const fs::path wal = LastWal(crashed_.path());
  const std::string whole = ReadFile(wal);
  const uint64_t begin = sizes_.back();
  for (int round = 0; round < 300; ++round) {
    std::string torn = whole;
    if (random.OneIn(2)) torn.resize(begin + random.Below(whole.size() - begin));
    // Pages of one write reach the disk in any order.
    for (uint64_t pages = random.Below(4); pages > 0 && torn.size() > begin + 1; --pages) {
      const uint64_t at = begin + random.Below(torn.size() - begin);
      torn.replace(at, std::min<size_t>(4096, torn.size() - at),
                   std::string(std::min<size_t>(4096, torn.size() - at), '\0'));
    }
    WriteFile(wal, torn);
    const auto damage = Inspect();
    if (torn == whole.substr(0, torn.size()) && (torn.size() == whole.size() || torn.size() == begin)) continue;
    ASSERT_TRUE(damage.has_value()) << "round " << round;
    ASSERT_FALSE(damage->rot) << "round " << round;
    ASSERT_EQ(damage->record_offset, begin);
  }
  // At a fragment's end, too: nothing of the half record is left to stand before later ones.
  WriteFile(wal, whole.substr(0, (begin / 32768 + 2) * 32768));
  const auto damage = Inspect();
  ASSERT_TRUE(damage.has_value());
  EXPECT_FALSE(damage->rot);
  EXPECT_EQ(damage->record_offset, begin);
}

TEST_F(WalInspectorTest, ATornTailLosesNothingThatWasAcknowledged) {
  MakeStore(6, 100);
  const fs::path wal = LastWal(crashed_.path());
  const std::string whole = ReadFile(wal);
  const uint64_t begin = sizes_[4];
  for (uint64_t size = begin; size < whole.size(); size += 7) {
    Crash(original_.path());
    // The original was closed since, which changes nothing of what was synced; bring the crashed log back.
    WriteFile(wal, whole.substr(0, size));
    LogHarness log(Options(crashed_));
    const auto events = log.ReadAll("a");
    ASSERT_TRUE(events.ok()) << events.status();
    ASSERT_GE(events->size(), 5u);
    const auto next = log.Append("a", MakeEvents(1));
    ASSERT_TRUE(next.ok()) << next.status();
    EXPECT_EQ(next->head, Cursor(events->size() + 1)) << "in the same epoch: nothing was lost";
  }
}

TEST_F(WalInspectorTest, AFlippedBitInFrontOfASoundRecordIsRot) {
  MakeStore(6, 100);
  const fs::path wal = LastWal(crashed_.path());
  const std::string whole = ReadFile(wal);
  for (uint64_t at = 0; at < sizes_[4]; ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
    WriteFile(wal, flipped);
    const auto damage = Inspect();
    ASSERT_TRUE(damage.has_value()) << "byte " << at;
    ASSERT_TRUE(damage->rot) << "byte " << at;
    ASSERT_EQ(damage->file, wal.filename().string());
    ASSERT_LE(damage->offset, at);
    ASSERT_GT(damage->sound_offset, damage->offset);
  }
}

TEST_F(WalInspectorTest, ADamagedHeaderInFrontOfASoundRecordIsRotAlsoIfTheTailIsTorn) {
  MakeStore(6, 100);
  const fs::path wal = LastWal(crashed_.path());
  std::string rotten = ReadFile(wal);
  rotten.resize(rotten.size() - 3);
  rotten.replace(sizes_[2], 40, std::string(40, '\0'));
  WriteFile(wal, rotten);
  const auto damage = Inspect();
  ASSERT_TRUE(damage && damage->rot);
  EXPECT_EQ(damage->offset, sizes_[2]);
  EXPECT_EQ(damage->sound_offset, sizes_[3]);
}

// As the data of one that stores another store's log, or of one that means harm.
TEST_F(WalInspectorTest, EventDataThatLooksLikeARecordIsNoRot) {
  const std::string look_alikes =
      absl::StrCat(SoundRecord(""), SoundRecord(Batch(0)), SoundRecord(Batch(1)), SoundRecord(Batch(1 << 20)),
                   SoundRecord(absl::StrCat(Batch(uint64_t{1} << 40), "rows")));
  uint64_t begin = 0;
  {
    LogHarness log(Options(original_));
    for (int i = 0; i < 6; ++i) ASSERT_TRUE(log.Append("a", MakeEvents(1)).ok());
    begin = fs::file_size(LastWal(original_.path()));
    ASSERT_TRUE(log.Append("a", {{.data = absl::StrCat(look_alikes, std::string(100, 'x'))}}).ok());
    Crash(original_.path());
  }
  const fs::path wal = LastWal(crashed_.path());
  const std::string whole = ReadFile(wal);
  const size_t at = whole.find(look_alikes, begin);
  ASSERT_NE(at, std::string::npos);
  for (const bool header_is_lost : {false, true}) {  // Pages of one write reach the disk in any order.
    std::string written = whole;
    if (header_is_lost) written.replace(begin, at - begin, std::string(at - begin, '\0'));
    for (size_t size = at + look_alikes.size(); size < whole.size(); ++size) {
      WriteFile(wal, written.substr(0, size));
      const auto damage = Inspect();
      ASSERT_TRUE(damage.has_value()) << "cut to " << size;
      ASSERT_FALSE(damage->rot) << "cut to " << size << ": at " << damage->sound_offset;
      ASSERT_EQ(damage->record_offset, begin);
    }
  }
  const auto log = OpenCrashed();
  ASSERT_TRUE(log.ok()) << log.status();
}

TEST_F(WalInspectorTest, RotIsRefusedWithItsPlaceAndAcceptedWhenTold) {
  MakeStore(6, 100);
  const fs::path wal = LastWal(crashed_.path());
  std::string rotten = ReadFile(wal);
  rotten[sizes_[2] + 20] ^= 1;  // In the fourth append.
  WriteFile(wal, rotten);
  const absl::Status refused = OpenCrashed().status();
  EXPECT_TRUE(HasReason(refused, Reason::kDataLoss)) << refused;
  EXPECT_TRUE(absl::StrContains(refused.message(), wal.filename().string())) << refused;
  EXPECT_TRUE(absl::StrContains(refused.message(), absl::StrCat("at byte ", sizes_[2]))) << refused;
  EXPECT_TRUE(absl::StrContains(refused.message(), "--accept_truncation"));
  EXPECT_EQ(ReadFile(wal), rotten) << "a refusal changes nothing";

  auto accepted = OpenCrashed(/*accept_truncation=*/true);
  ASSERT_TRUE(accepted.ok()) << accepted.status();
  accepted->reset();
  for (int start = 0; start < 2; ++start) {
    LogHarness log(Options(crashed_));  // Needs no flag any more.
    const auto events = log.ReadAll("a");
    ASSERT_TRUE(events.ok()) << events.status();
    ASSERT_EQ(events->size(), start == 0 ? 3u : 4u);
    const absl::Status lost = log.ReadAll("a", Cursor(5)).status();
    EXPECT_TRUE(HasReason(lost, Reason::kCursorDiverged)) << lost;
    EXPECT_EQ(ToProto(lost).last_good_cursor(), 3u);
    if (start > 0) continue;
    const auto next = log.Append("a", MakeEvents(1));
    ASSERT_TRUE(next.ok()) << next.status();
    EXPECT_EQ(next->head, Cursor(1, 4));
  }
}

TEST_F(WalInspectorTest, AcceptedRotIsForgottenEvenIfTheNextStopIsACrash) {
  MakeStore(6, 100);
  const fs::path wal = LastWal(crashed_.path());
  for (const size_t append : {size_t{0}, size_t{2}}) {  // Nothing left to recover; and something.
    Crash(original_.path());
    std::string rotten = ReadFile(wal);
    ASSERT_GT(rotten.size(), sizes_[3]);
    rotten[(append == 0 ? 0 : sizes_[append]) + 8] ^= 1;
    WriteFile(wal, rotten);
    TempDir again;
    {
      auto accepted = OpenCrashed(/*accept_truncation=*/true);
      ASSERT_TRUE(accepted.ok()) << accepted.status();
      CopyStore(crashed_.path(), again.path());
    }
    LogHarness log(Options(again));  // Dies if it does not open.
    EXPECT_TRUE(log.ReadAll("a").ok());
    EXPECT_EQ(log.Append("a", MakeEvents(1))->head.epoch(), 1u);
  }
}

TEST_F(WalInspectorTest, RotInAnEarlierFileIsFoundByALaterOne) {
  MakeStore(6, 100);
  const fs::path wal = LastWal(crashed_.path());
  const std::string whole = ReadFile(wal);
  const fs::path later = wal.parent_path() / absl::StrFormat("%06d.log", 999);
  WriteFile(later, whole);
  EXPECT_FALSE(Inspect().has_value());
  WriteFile(wal, whole.substr(0, whole.size() - 1));  // A torn tail alone; but a sound record follows.
  const auto damage = Inspect();
  ASSERT_TRUE(damage.has_value());
  EXPECT_TRUE(damage->rot);
  EXPECT_EQ(damage->sound_file, "000999.log");
  EXPECT_EQ(damage->sound_offset, 0u);
  WriteFile(later, std::string(100, '\0'));
  EXPECT_FALSE(Inspect()->rot);
  WriteFile(later, "");
  EXPECT_FALSE(Inspect()->rot);
}

// Torn, started, and crashed again: what the first crash left must not stand before what came after.
TEST_F(WalInspectorTest, ATornTailThenAStartThenAnotherCrashIsNoRot) {
  MakeStore(6, 100);
  const fs::path wal = LastWal(crashed_.path());
  const std::string whole = ReadFile(wal);
  for (const uint64_t size : {sizes_[4] + 3, sizes_[4] + 20, whole.size() - 1, uint64_t{5}}) {
    Crash(original_.path());
    WriteFile(wal, whole.substr(0, size));
    TempDir next;
    for (int crash = 0; crash < 3; ++crash) {
      {
        LogHarness log(Options(crashed_));
        for (int i = 0; i < 2; ++i) ASSERT_TRUE(log.Append("a", MakeEvents(1)).ok());
        CopyStore(crashed_.path(), next.path());
      }
      Crash(next.path());
      const auto damage = Inspect();
      EXPECT_FALSE(damage && damage->rot) << damage->file << " " << damage->offset;
    }
  }
}

// RocksDB writes the families to files one by one. When the files of one hold what lies behind the damage, the others
// cannot catch up with it, and cutting the log would leave a store at odds with itself.
TEST_F(WalInspectorTest, RotThatFilesHaveOvertakenIsRefusedEvenThen) {
  {
    StoreOptions options = Options(original_);
    options.write_buffer_bytes = 50'000;  // The slice goes to a file now and then; the catalogue stays in the log.
    LogHarness log(options);
    Random random(TestSeed());
    for (int i = 0; i < 60; ++i) {
      std::string noise;
      for (int k = 0; k < 3000; ++k) noise.push_back(static_cast<char>(random.Below(256)));
      ASSERT_TRUE(log.Append("a", {{.data = noise}}).ok());
    }
    Crash(original_.path());
  }
  const std::vector<fs::path> wals = Wals(crashed_.path());
  ASSERT_GT(wals.size(), 1u);
  std::string rotten = ReadFile(wals.front());
  rotten[20] ^= 1;
  WriteFile(wals.front(), rotten);
  EXPECT_TRUE(HasReason(OpenCrashed().status(), Reason::kDataLoss));
  // Without the damaged log the files would be ahead of the catalogue, unless RocksDB happens to have written that to a
  // file as well: then the log was not needed any more, and everything in the files is there.
  TempDir again;
  {
    const auto accepted = OpenCrashed(/*accept_truncation=*/true);
    if (!accepted.ok()) {
      EXPECT_TRUE(HasReason(accepted.status(), Reason::kDataLoss)) << accepted.status();
      return;
    }
    CopyStore(crashed_.path(), again.path());
  }
  const auto events = LogHarness(Options(again)).ReadAll("a");
  ASSERT_TRUE(events.ok()) << events.status();
  EXPECT_FALSE(events->empty());
}

}  // namespace
}  // namespace playhead::storage

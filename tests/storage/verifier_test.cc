// The verifier finds whatever is wrong with a store, and where. It reports nothing about an intact store.
#include "storage/verify/verifier.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/blocks/block_store.h"
#include "storage/engine/rocksdb_event_log.h"
#include "storage/key_codec.h"
#include "storage/record_codec.h"
#include "storage/store/directory.h"
#include "storage/store/meta.h"
#include "storage/verify/verify_files.h"
#include "tests/storage/backup_harness.h"
#include "tests/storage/flip_bit.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/seed.h"

namespace playhead::storage {
namespace {

using playhead::testing::Await;
using playhead::testing::FaultEnv;
using playhead::testing::FaultFileSystem;
using playhead::testing::Random;
using playhead::testing::TempDir;
using playhead::testing::TestSeed;

std::string Text(const Finding& finding) {
  return absl::StrCat(FindingName(finding.kind), " ", finding.instance, " ", finding.first.value(), "-",
                      finding.last.value(), " ", finding.what);
}

struct Verdict {
  VerifyProgress progress;
  std::vector<Finding> findings;

  bool Has(FindingKind kind, absl::string_view instance = "", Cursor first = Cursor(), Cursor last = Cursor()) const {
    for (const Finding& found : findings) {
      if (found.kind == kind && found.instance == instance && (first == Cursor() || found.first == first) &&
          (last == Cursor() || found.last == last)) {
        return true;
      }
    }
    return false;
  }
  std::string text() const {
    std::string text;
    for (const Finding& found : findings) absl::StrAppend(&text, Text(found), "\n");
    return text;
  }
};

class VerifierTest : public ::testing::Test {
 protected:
  std::string Path(absl::string_view name) const { return absl::StrCat(dir_.path(), "/", name); }

  // A store with some of everything, closed. A deletion may end the write-ahead log early.
  void Fill(bool deletes = true) {
    LogHarness log(In(data_));
    for (int i = 0; i < 30; ++i) {
      ASSERT_TRUE(log.Append("bot-a", MakeEvents(10, absl::StrCat("a", i, "-"))).ok());
      ASSERT_TRUE(log.Append("bot-b", {{.data = absl::StrCat("b", i), .id = absl::StrCat("id", i)}}).ok());
      AppendBatch produced = MakeBatch("bot-c", MakeEvents(3, absl::StrCat("c", i, "-")));
      produced.producer = ProducerSequence{"p", static_cast<uint64_t>(i) * 3 + 1};
      ASSERT_TRUE(log.Append(std::move(produced)).ok());
      if (i == 10) log.Reopen();
    }
    ASSERT_TRUE(log.Trim("bot-c", Cursor(20)).ok());
    if (!deletes) return;
    ASSERT_TRUE(log.Append("gone", MakeEvents(5)).ok());
    ASSERT_TRUE(log.Delete("gone").ok());
  }

  Verdict Verify() const {
    Verdict verdict;
    const VerifyListener listener = {.finding = [&](const Finding& found) { verdict.findings.push_back(found); }};
    const auto progress = VerifyDataDir(In(data_), {.bytes_per_second = 0}, JobControl(), listener);
    EXPECT_TRUE(progress.ok()) << progress.status();
    if (progress.ok()) verdict.progress = *progress;
    EXPECT_EQ(verdict.progress.findings, verdict.findings.size());
    return verdict;
  }

  // Changes rows behind everybody's back.
  void Tamper(absl::FunctionRef<void(const Store&, rocksdb::WriteBatch&)> change) {
    const auto store = Store::Open(In(data_));
    ASSERT_TRUE(store.ok()) << store.status();
    rocksdb::WriteBatch batch;
    change(**store, batch);
    ASSERT_TRUE((*store)->db()->Write(rocksdb::WriteOptions(), &batch).ok());
  }

  InstanceNumber NumberOf(const Store& store, absl::string_view name) {
    std::string record;
    EXPECT_TRUE(store.db()->Get({}, store.family(Family::kInstances), InstanceNameKey(name), &record).ok());
    return DecodeInstanceRecord(record)->number;
  }

  // The n-th block of the instance: its key and value.
  std::pair<std::string, std::string> BlockOf(const Store& store, absl::string_view name, int n) {
    BlockIterator block(std::shared_ptr<const Store>(&store, [](const Store*) {}), NumberOf(store, name));
    block.Seek(Cursor(1));
    for (int i = 0; i < n; ++i) block.Next();
    return {BlockKey(NumberOf(store, name), block.last()), std::string(block.value())};
  }

  const TempDir dir_;
  const std::string data_ = Path("data");
};

TEST_F(VerifierTest, OfAStoreThatIsWellNothingIsSaidAndNothingIsChanged) {
  Fill();
  std::map<std::string, std::filesystem::file_time_type> before;
  for (const auto& entry : std::filesystem::directory_iterator(data_)) {
    before[entry.path().filename().string()] = entry.last_write_time();
  }
  const Verdict verdict = Verify();
  EXPECT_EQ(verdict.text(), "");
  EXPECT_EQ(verdict.progress.instances, 3u);
  EXPECT_GE(verdict.progress.events, 300u + 30u + 71u);
  EXPECT_GT(verdict.progress.commits, 0u);
  EXPECT_GT(verdict.progress.identities, 30u);
  for (const auto& entry : std::filesystem::directory_iterator(data_)) {
    const std::string name = entry.path().filename().string();
    ASSERT_TRUE(before.contains(name)) << name << " is new";
    EXPECT_EQ(before[name], entry.last_write_time()) << name << " was written";
    before.erase(name);
  }
  EXPECT_TRUE(before.empty()) << before.begin()->first << " is gone";
}

// Rows with malformed keys, after which no instance number follows. A scan that continues at the next instance must get
// past them.
TEST_F(VerifierTest, TellsOfMalformedKeysAndEnds) {
  for (const std::string& key : {std::string("\x01", 1), std::string(5, '\xff'), std::string(kBlockKeyBytes, '\xff')}) {
    SCOPED_TRACE(absl::BytesToHexString(key));
    std::filesystem::remove_all(data_);
    Fill();
    Tamper([&](const Store& store, rocksdb::WriteBatch& batch) {
      std::string slice;
      RecordWriter(slice).Put(uint32_t{1});
      batch.Put(store.family(Family::kDirectory), key, slice);
      batch.Put(store.slice(1).get(), key, "a block");
    });
    const Verdict verdict = Verify();
    EXPECT_TRUE(verdict.Has(FindingKind::kOrphan)) << verdict.text();
    EXPECT_EQ(verdict.findings.size(), 2u) << verdict.text();
    const auto store = Store::Open(In(data_));
    ASSERT_TRUE(store.ok()) << store.status();
    const auto directory = ReadDirectory(**store, InstanceNumber(), 100);
    EXPECT_TRUE(HasReason(directory.status(), Reason::kDataLoss)) << directory.status();
  }
}

TEST_F(VerifierTest, FindsAFlippedBitOfABlock) {
  Fill();
  Tamper([&](const Store& store, rocksdb::WriteBatch& batch) {
    auto [key, value] = BlockOf(store, "bot-a", 2);
    value[value.size() / 2] = static_cast<char>(value[value.size() / 2] ^ 1);
    batch.Put(store.slice(1).get(), key, value);
  });
  const Verdict verdict = Verify();
  EXPECT_TRUE(verdict.Has(FindingKind::kBlock, "bot-a", Cursor(21), Cursor(30))) << verdict.text();
  EXPECT_EQ(verdict.findings.size(), 1u) << verdict.text();
}

TEST_F(VerifierTest, FindsMissingBlocks) {
  Fill();
  Tamper([&](const Store& store, rocksdb::WriteBatch& batch) {
    for (const int n : {3, 4}) batch.Delete(store.slice(1).get(), BlockOf(store, "bot-a", n).first);
    batch.Delete(store.slice(1).get(), BlockOf(store, "bot-a", 29).first);
  });
  const Verdict verdict = Verify();
  EXPECT_TRUE(verdict.Has(FindingKind::kHole, "bot-a", Cursor(31), Cursor(50))) << verdict.text();
  EXPECT_TRUE(verdict.Has(FindingKind::kCommit, "bot-a", Cursor(291), Cursor(300))) << "the last one is missed by its "
                                                                                    << "commit: " << verdict.text();
}

TEST_F(VerifierTest, FindsABlockUnderTheKeyOfAnother) {
  Fill();
  Tamper([&](const Store& store, rocksdb::WriteBatch& batch) {
    batch.Put(store.slice(1).get(), BlockOf(store, "bot-a", 3).first, BlockOf(store, "bot-a", 2).second);
  });
  const Verdict verdict = Verify();
  EXPECT_TRUE(verdict.Has(FindingKind::kBlock, "bot-a", Cursor(31), Cursor(40))) << verdict.text();
}

TEST_F(VerifierTest, FindsThatTheDirectoryLeadsNowhere) {
  Fill();
  Tamper([&](const Store& store, rocksdb::WriteBatch& batch) {
    std::string slice;
    RecordWriter(slice).Put(uint32_t{77});
    batch.Put(store.family(Family::kDirectory), BlockKey(NumberOf(store, "bot-b"), Cursor(1)), slice);
  });
  const Verdict verdict = Verify();
  EXPECT_TRUE(verdict.Has(FindingKind::kDirectory, "bot-b")) << verdict.text();
}

TEST_F(VerifierTest, FindsCommitsThatDoNotNameTheirBlocksAndSuchThatNameNone) {
  Fill();
  Tamper([&](const Store& store, rocksdb::WriteBatch& batch) {
    const auto header = Block::DecodeHeader(BlockOf(store, "bot-a", 2).second);
    batch.Delete(store.family(Family::kCommits), CommitKey(header->commit));
    std::string range;
    RecordWriter(range).Put(NumberOf(store, "bot-b").value()).Put(uint64_t{31}).Put(uint64_t{31});
    batch.Put(store.family(Family::kCommits), CommitKey(CommitPosition(100'000)), range);
    range.clear();
    RecordWriter(range).Put(uint64_t{4711}).Put(uint64_t{1}).Put(uint64_t{1});
    batch.Put(store.family(Family::kCommits), CommitKey(CommitPosition(100'001)), range);
  });
  const Verdict verdict = Verify();
  EXPECT_TRUE(verdict.Has(FindingKind::kCommit, "bot-a", Cursor(21), Cursor(30))) << verdict.text();
  EXPECT_TRUE(verdict.Has(FindingKind::kCommit, "bot-b", Cursor(31), Cursor(31))) << verdict.text();
  EXPECT_TRUE(verdict.Has(FindingKind::kCommit, "", Cursor(1), Cursor(1))) << verdict.text();
}

TEST_F(VerifierTest, FindsIdentitiesOfEventsThatAreNotThere) {
  Fill();
  Tamper([&](const Store& store, rocksdb::WriteBatch& batch) {
    const InstanceNumber b = NumberOf(store, "bot-b");
    const InstanceNumber c = NumberOf(store, "bot-c");
    rocksdb::ColumnFamilyHandle* dedup = store.family(Family::kDedup);
    batch.Put(dedup, IdKey(b, IdHash::Of("never")), Encode(IdRecord{Timestamp::Now(), Cursor(1000), {}}));
    batch.Put(dedup, RunKey(c, "p", 2), Encode(RunRecord{Timestamp::Now(), Cursor(2), 1}));
    batch.Put(dedup, IdKey(InstanceNumber(4711), IdHash::Of("x")), Encode(IdRecord{Timestamp::Now(), Cursor(1), {}}));
  });
  const Verdict verdict = Verify();
  EXPECT_TRUE(verdict.Has(FindingKind::kIdentity, "bot-b", Cursor(1000), Cursor(1000))) << verdict.text();
  EXPECT_TRUE(verdict.Has(FindingKind::kIdentity, "bot-c", Cursor(2), Cursor(2))) << verdict.text();
  EXPECT_TRUE(verdict.Has(FindingKind::kIdentity, "")) << verdict.text();
}

TEST_F(VerifierTest, FindsACatalogueThatContradictsItself) {
  Fill();
  Tamper([&](const Store& store, rocksdb::WriteBatch& batch) {
    batch.Delete(store.family(Family::kInstances), InstanceNumberKey(NumberOf(store, "bot-a")));
    PutMetaNumber(store, meta_key::kInstanceCount, 17, batch);
  });
  const Verdict verdict = Verify();
  EXPECT_TRUE(verdict.Has(FindingKind::kCatalogue, "bot-a")) << verdict.text();
  EXPECT_TRUE(verdict.Has(FindingKind::kCatalogue, "")) << verdict.text();
}

TEST_F(VerifierTest, FindsBlocksOfInstancesThatDoNotExist) {
  Fill();
  Tamper([&](const Store& store, rocksdb::WriteBatch& batch) {
    batch.Put(store.slice(1).get(), BlockKey(InstanceNumber(4711), Cursor(1)), BlockOf(store, "bot-a", 0).second);
  });
  const Verdict verdict = Verify();
  EXPECT_TRUE(verdict.Has(FindingKind::kOrphan)) << verdict.text();
  EXPECT_EQ(verdict.findings.size(), 1u) << verdict.text();
}

TEST_F(VerifierTest, FindsThatALogDoesNotBeginWhereItSays) {
  Fill();
  Tamper([&](const Store& store, rocksdb::WriteBatch& batch) {
    for (int n = 0;; ++n) {
      const std::string key = BlockOf(store, "bot-c", n).first;
      if (BlockKeyCursor(key) >= Cursor(31)) break;
      batch.Delete(store.slice(1).get(), key);
    }
  });
  const Verdict verdict = Verify();
  EXPECT_TRUE(verdict.Has(FindingKind::kHole, "bot-c", Cursor(20), Cursor(30))) << verdict.text();
}

// Rot of files: whatever byte it is, it is found; and what is missing or cut, too.
TEST_F(VerifierTest, FindsRotOfFiles) {
  {
    LogHarness log(In(data_));
    Random random(TestSeed());
    for (int i = 0; i < 40; ++i) {
      std::string noise(8000, '\0');
      for (char& c : noise) c = static_cast<char>(random.Below(256));
      ASSERT_TRUE(log.Append(absl::StrCat("bot-", i % 4), {{.data = noise}}).ok());
    }
    ASSERT_TRUE(BackUp(log.log(), Path("backup")).ok()) << "which also puts everything into files";
  }
  std::string largest;
  uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(data_)) {
    if (entry.path().extension() != ".sst" || entry.file_size() <= bytes) continue;
    largest = entry.path().string();
    bytes = entry.file_size();
  }
  ASSERT_GT(bytes, 300'000u);
  ASSERT_EQ(Verify().text(), "");
  for (const uint64_t at : {uint64_t{100}, bytes / 3, bytes / 2, 2 * bytes / 3}) {
    FlipBit(largest, at);
    const Verdict verdict = Verify();
    ASSERT_FALSE(verdict.findings.empty()) << "byte " << at;
    EXPECT_EQ(verdict.findings[0].kind, FindingKind::kBlock) << verdict.text();
    EXPECT_NE(verdict.findings[0].instance, "") << verdict.text();
    EXPECT_NE(verdict.findings[0].first, Cursor()) << verdict.text();
    FlipBit(largest, at);
  }
  FlipBit(largest, bytes - 4);
  EXPECT_FALSE(Verify().findings.empty()) << "the footer";
  FlipBit(largest, bytes - 4);
  std::filesystem::rename(largest, Path("aside"));
  const Verdict missing = Verify();
  EXPECT_TRUE(missing.Has(FindingKind::kFile)) << missing.text();
  EXPECT_TRUE(absl::StrContains(missing.text(), std::filesystem::path(largest).stem().string())) << missing.text();
}

TEST_F(VerifierTest, FindsRotOfTheWriteAheadLog) {
  Fill(/*deletes=*/false);
  std::string wal;
  for (const auto& entry : std::filesystem::directory_iterator(data_)) {
    if (entry.path().extension() == ".log" && entry.file_size() > 2000) wal = entry.path().string();
  }
  ASSERT_NE(wal, "");
  {
    std::fstream file(wal, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(500);
    file.put('\x55');
  }
  const Verdict verdict = Verify();
  EXPECT_TRUE(verdict.Has(FindingKind::kWal)) << verdict.text();
}

// Whichever read of a table file is the first that the system refuses, nothing is said to be damaged.
TEST_F(VerifierTest, WhatMayNotBeReadIsNotDamage) {
  Fill();
  for (const absl::string_view error : {"Permission denied", "Too many open files"}) {
    bool intact = false;
    for (int skip = 0; !intact; skip += 1 + skip / 8) {
      FaultEnv faults;
      StoreOptions options = In(data_);
      options.env = faults.env.get();
      faults.files->FailFrom(FaultFileSystem::Operation::kRead, ".sst", skip,
                             rocksdb::IOStatus::IOError("While open a file for random read: /x.sst", error.data()));
      std::string findings;
      const VerifyListener listener = {.finding = [&](const Finding& f) { absl::StrAppend(&findings, Text(f), "\n"); }};
      const auto progress = VerifyDataDir(options, {.bytes_per_second = 0}, JobControl(), listener);
      ASSERT_EQ(findings, "") << error << " after " << skip;
      intact = progress.ok();
      ASSERT_TRUE(intact || HasReason(progress.status(), Reason::kStoreUnavailable)) << progress.status();
      ASSERT_TRUE(!intact || skip > 0);
    }
  }
}

TEST_F(VerifierTest, AnIoErrorOfTheDiskIsAFinding) {
  Fill();
  FaultEnv faults;
  StoreOptions options = In(data_);
  options.env = faults.env.get();
  faults.files->FailFrom(FaultFileSystem::Operation::kRead, ".sst", 0,
                         rocksdb::IOStatus::IOError("While pread: /x.sst", "Input/output error"));
  const auto progress = VerifyDataDir(options, {.bytes_per_second = 0}, JobControl(), VerifyListener());
  ASSERT_TRUE(progress.ok()) << progress.status();
  EXPECT_GT(progress->findings, 0u);
}

TEST_F(VerifierTest, OfABackupEveryDamagedFileIsFoundAndTheContentIsRead) {
  const std::string backup = Path("backup");
  {
    LogHarness log(In(data_));
    ASSERT_TRUE(log.Append("bot", MakeEvents(100)).ok());
    ASSERT_TRUE(BackUp(log.log(), backup).ok());
    ASSERT_TRUE(log.Append("bot", MakeEvents(100)).ok());
    ASSERT_TRUE(BackUp(log.log(), backup).ok());
  }
  const auto verify = [&] {
    Verdict verdict;
    const VerifyListener listener = {.finding = [&](const Finding& found) { verdict.findings.push_back(found); }};
    const auto progress = VerifyBackup(backup, 0, {.bytes_per_second = 0}, JobControl(), listener);
    EXPECT_TRUE(progress.ok()) << progress.status();
    if (progress.ok()) verdict.progress = *progress;
    return verdict;
  };
  const Verdict well = verify();
  EXPECT_EQ(well.text(), "");
  EXPECT_EQ(well.progress.events, 200u);
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(backup)) {
    if (entry.is_regular_file() && entry.file_size() > 0) files.push_back(entry.path().string());
  }
  ASSERT_GT(files.size(), 6u);
  size_t damaged = 0;
  for (const std::string& path : files) {
    if (!absl::StrContains(path, "/shared_checksum/") && !absl::StrContains(path, "/private/")) continue;
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    const int byte = file.get();
    file.seekp(0);
    file.put(static_cast<char>(byte ^ 1));
    ++damaged;
  }
  const Verdict rotten = verify();
  size_t told = 0;
  for (const Finding& found : rotten.findings) told += absl::StrContains(found.what, "which point") ? 1 : 0;
  EXPECT_EQ(told, damaged) << rotten.text();
}

// No false alarm: while instances are appended to, trimmed, deleted and made anew.
TEST_F(VerifierTest, WhatChangesMeanwhileIsNoFinding) {
  Random random(TestSeed());
  StoreOptions options = In(data_);
  options.slice_bytes = 256 << 10;
  LogHarness log(options);
  std::atomic<bool> stop{false};
  std::vector<std::thread> writers;
  for (int w = 0; w < 3; ++w) {
    writers.emplace_back([&, w, seed = random.Below(UINT64_MAX)] {
      Random own(seed);
      for (uint64_t i = 0; !stop; ++i) {
        const std::string name = absl::StrCat("bot-", w, "-", own.Below(5));
        const auto appended = log.Append(
            name, {{.data = std::string(own.Below(4000), 'x'), .id = absl::StrCat("id", w, "-", i)}, {.data = "y"}});
        ASSERT_TRUE(appended.ok()) << appended.status();
        const uint64_t head = appended->head.sequence();
        if (own.OneIn(7)) {
          ASSERT_TRUE(log.Trim(name, Cursor(appended->head.epoch(), head + 1 - own.Below(head) % 20)).ok());
        }
        if (own.OneIn(60)) {
          ASSERT_TRUE(log.Delete(name).ok());
        }
      }
    });
  }
  uint64_t events = 0;
  for (int round = 0; round < 10 || events < 10'000; ++round) {
    std::string findings;
    const VerifyListener listener = {.finding = [&](const Finding& f) { absl::StrAppend(&findings, Text(f), "\n"); }};
    const auto progress = Await<VerifyProgress>([&](auto done) {
      VerifyRocksDbEventLog(log.log(), {.bytes_per_second = 0}, std::make_shared<JobControl>(), listener,
                            std::move(done));
    });
    ASSERT_TRUE(progress.ok()) << progress.status();
    EXPECT_EQ(findings, "");
    events += progress->events;
  }
  stop = true;
  for (std::thread& writer : writers) writer.join();
}

}  // namespace
}  // namespace playhead::storage

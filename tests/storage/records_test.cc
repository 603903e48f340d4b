// What the log stores besides blocks, byte for byte, as documented in docs/on-disk-format.md. Times are masked: `T` x
// 16.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/block.h"
#include "storage/engine/rocksdb_event_log.h"
#include "tests/storage/log_harness.h"

namespace playhead::storage {
namespace {

using playhead::testing::TempDir;
using ::testing::ElementsAre;
using ::testing::Pair;

// (key, value) of a family, in hexadecimal.
using Rows = std::vector<std::pair<std::string, std::string>>;

// Every row of every family of a store that is closed.
std::map<std::string, Rows> ReadStore(const std::string& dir) {
  std::vector<std::string> names;
  EXPECT_TRUE(rocksdb::DB::ListColumnFamilies(rocksdb::DBOptions(), dir, &names).ok());
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(rocksdb::DBOptions(), dir, families, &handles, &opened);
  EXPECT_TRUE(status.ok()) << status.ToString();
  const std::unique_ptr<rocksdb::DB> db(opened);
  std::map<std::string, Rows> store;
  for (size_t i = 0; i < names.size(); ++i) {
    Rows& rows = store[names[i]];
    const std::unique_ptr<rocksdb::Iterator> row(db->NewIterator(rocksdb::ReadOptions(), handles[i]));
    for (row->SeekToFirst(); row->Valid(); row->Next()) {
      rows.emplace_back(absl::BytesToHexString(row->key().ToString()), absl::BytesToHexString(row->value().ToString()));
    }
    EXPECT_TRUE(db->DestroyColumnFamilyHandle(handles[i]).ok());
  }
  return store;
}

std::string Hex(absl::string_view text) { return absl::BytesToHexString(text); }

// Replaces the eight bytes at byte `at`.
std::string MaskTime(std::string hex, size_t at) { return hex.replace(2 * at, 16, "TTTTTTTTTTTTTTTT"); }

class RecordsTest : public ::testing::Test {
 protected:
  StoreOptions Options() { return {.data_dir = dir_.path()}; }
  const TempDir dir_;
};

TEST_F(RecordsTest, FamiliesOfANewStore) {
  LogHarness(Options()).Close();
  const auto store = ReadStore(dir_.path());
  std::vector<std::string> names;
  for (const auto& [name, rows] : store) {
    names.push_back(name);
    EXPECT_TRUE(name == "meta" || rows.empty()) << name;
  }
  EXPECT_THAT(names, ElementsAre("commits", "consumers", "dedup", "default", "directory", "events.00000001",
                                 "instances", "keys", "meta"));
  ASSERT_EQ(store.at("meta").size(), 2u);
  EXPECT_EQ(store.at("meta")[0], std::pair(Hex("format"), std::string("0100000000000000")));
  EXPECT_EQ(store.at("meta")[1].first, Hex("name_hash_key"));
  EXPECT_EQ(store.at("meta")[1].second.size(), 64u);
}

TEST_F(RecordsTest, WhatAppendsWrite) {
  {
    LogHarness log(Options());
    AppendBatch batch = MakeBatch("ab", {{.data = "1"}, {.data = "2"}});
    batch.producer = ProducerSequence{"p", 7};
    ASSERT_TRUE(log.Append(std::move(batch)).ok());
    ASSERT_TRUE(log.Append("ab", {{.data = "3", .id = "x"}}).ok());
    AppendBatch remembered = MakeBatch("ab", {{.data = "3", .id = "x8"}});
    remembered.dedup_window = absl::Hours(8 * 24);
    ASSERT_TRUE(log.Append(std::move(remembered)).ok());
    ASSERT_TRUE(log.Append("c", {{.data = "4"}}).ok());
  }
  const auto store = ReadStore(dir_.path());
  // Catalogue: `#` number -> name; `N` name -> record.
  const Rows& instances = store.at("instances");
  ASSERT_EQ(instances.size(), 4u);
  EXPECT_EQ(instances[0], std::pair(absl::StrCat(Hex("#"), "000000000001"), Hex("ab")));
  EXPECT_EQ(instances[1], std::pair(absl::StrCat(Hex("#"), "000000000002"), Hex("c")));
  EXPECT_EQ(instances[2].first, Hex("Nab"));
  EXPECT_EQ(MaskTime(instances[2].second, 9),
            "01"                // format
            "0100000000000000"  // number
            "TTTTTTTTTTTTTTTT"  // created_at
            "0000000000000000"  // first: not yet known when it was made
            "0000000000000000"  // head: stands in the last block
            "0000000000000000"  // last appended_at
            "0000000000000000"  // appended bytes
            "00000000"          // epoch base
            "00000000");        // ended epochs
  EXPECT_EQ(instances[3].first, Hex("Nc"));
  // Blocks: number, last cursor. Directory: number, first cursor -> slice.
  const Rows& blocks = store.at("events.00000001");
  ASSERT_EQ(blocks.size(), 4u);
  EXPECT_EQ(blocks[0].first, "0000000000010000000000000002");
  EXPECT_EQ(blocks[1].first, "0000000000010000000000000003");
  EXPECT_EQ(blocks[2].first, "0000000000010000000000000004");
  EXPECT_EQ(blocks[3].first, "0000000000020000000000000001");
  const auto block = Block::Decode(InstanceNumber(1), absl::HexStringToBytes(blocks[1].second));
  ASSERT_TRUE(block.ok()) << block.status();
  EXPECT_EQ((*block)->header().commit, CommitPosition(2));
  EXPECT_THAT(store.at("directory"), ElementsAre(Pair("0000000000010000000000000001", "01000000"),
                                                 Pair("0000000000020000000000000001", "01000000")));
  // Commits: position -> (number, first, last) of each instance.
  EXPECT_THAT(store.at("commits"),
              ElementsAre(Pair("0000000000000001", "010000000000000001000000000000000200000000000000"),
                          Pair("0000000000000002", "010000000000000003000000000000000300000000000000"),
                          Pair("0000000000000003", "010000000000000004000000000000000400000000000000"),
                          Pair("0000000000000004", "020000000000000001000000000000000100000000000000")));
  // Identities: number, `I`, XXH3-128 of the id, high half first; and number, `P`, length, producer, first sequence.
  const Rows& dedup = store.at("dedup");
  ASSERT_EQ(dedup.size(), 3u);
  EXPECT_EQ(dedup[0].first, absl::StrCat("000000000001", Hex("I"), "5c7401c0ec22eeeeeaf06c6480b2cd11"));
  EXPECT_EQ(MaskTime(dedup[0].second, 0), "TTTTTTTTTTTTTTTT0300000000000000");
  EXPECT_EQ(dedup[1].first, absl::StrCat("000000000001", Hex("I"), "ef211f9f14c9d5ec5f45579ee9c5860d"));
  EXPECT_EQ(MaskTime(dedup[1].second, 0), "TTTTTTTTTTTTTTTT040000000000000000e03229") << "8 days in milliseconds";
  EXPECT_EQ(dedup[2].first, absl::StrCat("000000000001", Hex("P"), "01", Hex("p"), "0000000000000007"));
  EXPECT_EQ(MaskTime(dedup[2].second, 0), "TTTTTTTTTTTTTTTT010000000000000002000000");
  const Rows& meta = store.at("meta");
  ASSERT_EQ(meta.size(), 4u);
  EXPECT_EQ(meta[1], std::pair(Hex("instance_count"), std::string("0200000000000000")));
  EXPECT_EQ(meta[2], std::pair(Hex("instance_last"), std::string("0200000000000000")));
}

TEST_F(RecordsTest, WhatATrimAndANewEpochWrite) {
  {
    LogHarness log(Options());
    ASSERT_TRUE(log.Append("ab", MakeEvents(5)).ok());
    ASSERT_TRUE(log.Trim("ab", Cursor(3)).ok());
    log.Close();
    std::ofstream(dir_.path() + "/UNSYNCED").close();
    log.Reopen();
    ASSERT_TRUE(log.Append("ab", MakeEvents(1)).ok());
  }
  const auto store = ReadStore(dir_.path());
  EXPECT_EQ(MaskTime(MaskTime(store.at("instances")[1].second, 9), 33),
            "01"
            "0100000000000000"
            "TTTTTTTTTTTTTTTT"
            "0300000000000000"  // first kept
            "0500000000000000"  // head when this was written
            "TTTTTTTTTTTTTTTT"  // last appended_at
            "8700000000000000"  // appended bytes: 5 events of 27
            "00000000"          // epoch base
            "01000000"          // one ended epoch:
            "00000000"          //   epoch 0,
            "0500000000000000"  //   whose last sequence is 5
  );
  EXPECT_EQ(store.at("events.00000001").back().first, "0000000000010000010000000006");
  // The last commit under floor 0, and the floor.
  EXPECT_EQ(store.at("meta")[0], std::pair(Hex("commits_end.0"), std::string("0100000000000000")));
  EXPECT_EQ(store.at("meta")[1], std::pair(Hex("epoch_floor"), std::string("0100000000000000")));
}

TEST_F(RecordsTest, WhatADeletionLeaves) {
  {
    LogHarness log(Options());
    ASSERT_TRUE(log.Append("ab", MakeEvents(5)).ok());
    ASSERT_TRUE(log.Delete("ab").ok());
  }
  const auto store = ReadStore(dir_.path());
  const Rows& instances = store.at("instances");
  ASSERT_EQ(instances.size(), 1u);
  EXPECT_TRUE(absl::StartsWith(instances[0].first, Hex("D")));
  EXPECT_EQ(instances[0].first.size(), 2u * 17) << "16 bytes of a keyed hash of the name";
  EXPECT_EQ(instances[0].second, "01000000") << "the epoch base of the name's next life";
}

// Opens a closed store as RocksDB does, to change something behind the log's back.
void ChangeStore(const std::string& dir,
                 absl::FunctionRef<void(rocksdb::DB&, rocksdb::ColumnFamilyHandle* meta)> change) {
  std::vector<std::string> names;
  ASSERT_TRUE(rocksdb::DB::ListColumnFamilies(rocksdb::DBOptions(), dir, &names).ok());
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(rocksdb::DBOptions(), dir, families, &handles, &opened).ok());
  const std::unique_ptr<rocksdb::DB> db(opened);
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == "meta") change(*db, handles[i]);
  }
  for (rocksdb::ColumnFamilyHandle* handle : handles) ASSERT_TRUE(db->DestroyColumnFamilyHandle(handle).ok());
}

TEST_F(RecordsTest, AStoreOfANewerFormatIsRefusedWithBothVersions) {
  LogHarness(Options()).Close();
  ChangeStore(dir_.path(), [](rocksdb::DB& db, rocksdb::ColumnFamilyHandle* meta) {
    ASSERT_TRUE(db.Put(rocksdb::WriteOptions(), meta, "format", std::string("\x02\0\0\0\0\0\0\0", 8)).ok());
  });
  const absl::Status status = OpenRocksDbEventLog(Options()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "has format 2, which is newer than 1")) << status;
}

TEST_F(RecordsTest, AStoreWithoutAFormatWhoseCountersAreDamagedIsRefused) {
  LogHarness(Options()).Close();
  ChangeStore(dir_.path(), [](rocksdb::DB& db, rocksdb::ColumnFamilyHandle* meta) {
    ASSERT_TRUE(db.Delete(rocksdb::WriteOptions(), meta, "format").ok());
    ASSERT_TRUE(db.Put(rocksdb::WriteOptions(), meta, "instance_last", "\x01").ok());
  });
  const absl::Status status = OpenRocksDbEventLog(Options()).status();
  EXPECT_TRUE(HasReason(status, Reason::kDataLoss)) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "instance_last")) << status;
}

TEST_F(RecordsTest, AStoreWithAnUnknownFamilyIsRefusedByName) {
  LogHarness(Options()).Close();
  ChangeStore(dir_.path(), [](rocksdb::DB& db, rocksdb::ColumnFamilyHandle*) {
    rocksdb::ColumnFamilyHandle* made = nullptr;
    ASSERT_TRUE(db.CreateColumnFamily(rocksdb::ColumnFamilyOptions(), "sessions", &made).ok());
    ASSERT_TRUE(db.DestroyColumnFamilyHandle(made).ok());
  });
  const absl::Status status = OpenRocksDbEventLog(Options()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "sessions")) << status;
}

TEST_F(RecordsTest, AFolderThatIsInUseIsRefused) {
  LogHarness log(Options());
  const absl::Status status = OpenRocksDbEventLog(Options()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_TRUE(log.Append("a", MakeEvents(1)).ok()) << "and whoever uses it is not disturbed";
}

}  // namespace
}  // namespace playhead::storage

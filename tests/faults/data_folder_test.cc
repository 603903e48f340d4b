// Folders that a broker cannot use: each is refused with a message that names the file and the reason and with a
// non-zero exit code, and nothing in it is changed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tests/faults/fault_fixture.h"
#include "tests/faults/small_disk.h"

namespace playhead::testing {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

std::string ContentOf(const fs::path& file) {
  std::ostringstream content;
  content << std::ifstream(file, std::ios::binary).rdbuf();
  return std::move(content).str();
}

// An exit code of a program that ended of its own will, and not well.
MATCHER(IsFailure, "") { return arg > 0; }

// What is in a folder, by name.
std::map<std::string, std::string> SnapshotOf(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = fs::relative(entry.path(), folder).string();
    files[name] = entry.is_regular_file() ? ContentOf(entry.path()) : "";
  }
  return files;
}

class DataFolderTest : public FaultFixture {
 protected:
  // A store with events in its files and in its write-ahead log, which no broker has.
  void MakeStore() {
    for (uint64_t life = 0; life < 2; ++life) {
      ASSERT_NO_FATAL_FAILURE(Serve());
      {
        // Gone before the stop, which waits for what an idle connection answers.
        SingleAppender appender(broker().address(), "p");
        for (uint64_t i = 1; i <= 10; ++i) {
          ASSERT_TRUE(appender.Append("bot", std::string(4000, 'x'), 10 * life + i).ok());
        }
      }
      // A stop leaves nothing in the log; a kill does.
      if (life == 0) {
        ASSERT_EQ(broker().Terminate(), 0);
      } else {
        broker().Kill();
      }
    }
  }

  // The file of the store whose name ends so; the first if there are several. Aborts the test if there is none.
  fs::path FileWithEnd(absl::string_view end) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(data_dir())) {
      if (absl::EndsWith(entry.path().filename().string(), end)) found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    if (found.empty()) std::abort();
    return found.front();
  }
  fs::path Manifest() {
    std::string name = ContentOf(data_dir() + "/CURRENT");
    name.pop_back();  // The line's end.
    return fs::path(data_dir()) / name;
  }

  // The broker does not serve what is in data_dir(), and says it so.
  void ExpectRefused(const std::vector<std::string>& words, const BrokerSurroundings& surroundings = {}) {
    const auto before = SnapshotOf(data_dir());
    const Refusal refusal = ServeInVain({}, surroundings);
    EXPECT_THAT(refusal.exit_code, IsFailure());
    EXPECT_THAT(refusal.said, HasSubstr("playhead: "));
    for (const std::string& word : words) EXPECT_THAT(refusal.said, HasSubstr(word));
    EXPECT_TRUE(SnapshotOf(data_dir()) == before) << "something in the folder was changed";
  }
};

// Permissions say nothing to root, so that it gives up what makes it so.
BrokerSurroundings WithoutPrivileges() {
  if (geteuid() != 0) return {};
  return {.runner = {"setpriv", "--bounding-set=-dac_override,-dac_read_search"}};
}

TEST_F(DataFolderTest, AFileInPlaceOfTheFolderIsRefused) {
  std::ofstream(data_dir()) << "a file";
  const Refusal refusal = ServeInVain();
  EXPECT_THAT(refusal.exit_code, IsFailure());
  EXPECT_THAT(refusal.said, HasSubstr(data_dir()));
  EXPECT_THAT(refusal.said, HasSubstr("not a directory"));
  EXPECT_EQ(ContentOf(data_dir()), "a file");
}

TEST_F(DataFolderTest, AFolderInAFolderThatIsNotThereIsRefused) {
  set_data_dir(folder() + "/nowhere/store");
  const Refusal refusal = ServeInVain();
  EXPECT_THAT(refusal.exit_code, IsFailure());
  EXPECT_THAT(refusal.said, HasSubstr(data_dir()));
  EXPECT_FALSE(fs::exists(folder() + "/nowhere"));
}

TEST_F(DataFolderTest, AFolderThatMayNotBeReadIsRefused) {
  ASSERT_NO_FATAL_FAILURE(MakeStore());
  const auto before = SnapshotOf(data_dir());
  ASSERT_EQ(chmod(data_dir().c_str(), 0), 0);
  const Refusal refusal = ServeInVain({}, WithoutPrivileges());
  ASSERT_EQ(chmod(data_dir().c_str(), 0700), 0);
  EXPECT_THAT(refusal.exit_code, IsFailure());
  EXPECT_THAT(refusal.said, HasSubstr(data_dir()));
  EXPECT_THAT(refusal.said, HasSubstr("may not be read"));
  EXPECT_TRUE(SnapshotOf(data_dir()) == before);
}

TEST_F(DataFolderTest, AFolderThatMayNotBeWrittenIsRefused) {
  ASSERT_NO_FATAL_FAILURE(MakeStore());
  ASSERT_EQ(chmod(data_dir().c_str(), 0500), 0);
  ExpectRefused({data_dir(), "Permission denied"}, WithoutPrivileges());
  ASSERT_EQ(chmod(data_dir().c_str(), 0700), 0);
  ASSERT_NO_FATAL_FAILURE(Serve());
  EXPECT_EQ(DataOf("bot").size(), 20u);
}

TEST_F(DataFolderTest, AFolderOnAReadOnlyDiskIsRefused) {
  ASSERT_EQ(mkdir((folder() + "/disk").c_str(), 0700), 0);
  const auto disk = SmallDisk::Mount(folder() + "/disk", uint64_t{64} << 20);
  if (!disk.ok()) GTEST_SKIP() << disk.status();
  set_data_dir((*disk)->path() + "/store");
  const std::vector<std::string> anywhere = {"--disk_free_bytes_min=0"};
  ASSERT_NO_FATAL_FAILURE(Serve(anywhere));
  ASSERT_TRUE(SingleAppender(broker().address(), "p").Append("bot", "x", 1).ok());
  ASSERT_EQ(broker().Terminate(), 0);
  (*disk)->MakeReadOnly();
  ExpectRefused({data_dir(), "Read-only file system"});
}

TEST_F(DataFolderTest, AFolderThatAnotherBrokerHasIsRefusedAndThatOneGoesOn) {
  ASSERT_NO_FATAL_FAILURE(Serve());
  SingleAppender appender(broker().address(), "p");
  ASSERT_TRUE(appender.Append("bot", "x", 1).ok());
  const auto names = [this] {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(data_dir())) all.push_back(entry.path().filename().string());
    std::sort(all.begin(), all.end());
    return all;
  };
  const std::vector<std::string> before = names();
  const Refusal refusal = ServeInVain();
  EXPECT_THAT(refusal.exit_code, IsFailure());
  EXPECT_THAT(refusal.said, HasSubstr(absl::StrCat(data_dir(), " is in use by another broker")));
  EXPECT_EQ(names(), before) << "something was added";
  EXPECT_TRUE(appender.Append("bot", "y", 2).ok());
}

TEST_F(DataFolderTest, ACopyWithoutCurrentIsRefused) {
  ASSERT_NO_FATAL_FAILURE(MakeStore());
  fs::remove(data_dir() + "/CURRENT");
  ExpectRefused({data_dir(), "no CURRENT", "copied by half"});
}

TEST_F(DataFolderTest, ACopyWithAnEmptyCurrentIsRefused) {
  ASSERT_NO_FATAL_FAILURE(MakeStore());
  std::ofstream(data_dir() + "/CURRENT", std::ios::trunc).flush();
  ExpectRefused({data_dir(), "CURRENT", "damaged"});
}

TEST_F(DataFolderTest, ACopyWithoutItsManifestIsRefused) {
  ASSERT_NO_FATAL_FAILURE(MakeStore());
  const fs::path manifest = Manifest();
  fs::remove(manifest);
  ExpectRefused({data_dir(), "damaged", manifest.filename().string()});
}

TEST_F(DataFolderTest, ACopyWithoutOneOfItsFilesIsRefused) {
  ASSERT_NO_FATAL_FAILURE(MakeStore());
  const fs::path file = FileWithEnd(".sst");
  fs::remove(file);
  // RocksDB says the number, with the ending that such files once had.
  ExpectRefused({data_dir(), "damaged", file.stem().string()});
}

TEST_F(DataFolderTest, ACopyWithAHalfFileIsRefused) {
  ASSERT_NO_FATAL_FAILURE(MakeStore());
  const fs::path file = FileWithEnd(".sst");
  fs::resize_file(file, fs::file_size(file) / 2);
  ExpectRefused({data_dir(), "damaged", file.filename().string()});
}

TEST_F(DataFolderTest, ALogWithAByteChangedInItsMidstIsRefusedWithItsPlace) {
  ASSERT_NO_FATAL_FAILURE(MakeStore());
  fs::path log;
  for (const auto& entry : fs::directory_iterator(data_dir())) {
    if (entry.path().extension() == ".log" && entry.file_size() > 10'000) log = entry.path();
  }
  ASSERT_FALSE(log.empty());
  std::fstream file(log, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(5000);
  const char flipped = static_cast<char>(file.peek() ^ 1);
  file.seekp(5000);
  file.put(flipped);
  file.close();
  ExpectRefused({log.filename().string(), "at byte", "--accept_truncation"});
}

TEST_F(DataFolderTest, AStoreOfANewerBuildIsRefused) {
  ASSERT_NO_FATAL_FAILURE(MakeStore());
  {
    std::vector<std::string> names;
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, data_dir(), &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* opened = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, data_dir(), families, &handles, &opened).ok());
    const std::unique_ptr<rocksdb::DB> db(opened);
    rocksdb::ColumnFamilyHandle* made = nullptr;
    ASSERT_TRUE(db->CreateColumnFamily({}, "of_tomorrow", &made).ok());
    handles.push_back(made);
    for (rocksdb::ColumnFamilyHandle* handle : handles) ASSERT_TRUE(db->DestroyColumnFamilyHandle(handle).ok());
  }
  ExpectRefused({data_dir(), "of_tomorrow", "use a newer build"});
}

}  // namespace
}  // namespace playhead::testing

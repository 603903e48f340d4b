#include "client/file_cursor_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "tests/support/temp_dir.h"

namespace playhead {
namespace {

// What fsync was called for, in this process.
std::vector<std::string>& SyncedPaths() {
  static auto* const paths = new std::vector<std::string>();
  return *paths;
}

}  // namespace
}  // namespace playhead

// Stands before the C library's.
extern "C" int fsync(int fd) {
  playhead::SyncedPaths().push_back(std::filesystem::read_symlink(absl::StrCat("/proc/self/fd/", fd)));
  return static_cast<int>(syscall(SYS_fsync, fd));
}

namespace playhead {
namespace {

class FileCursorStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<FileCursorStore> Open() {
    absl::StatusOr<std::unique_ptr<FileCursorStore>> store = FileCursorStore::Open(folder_);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }

  std::string PathOf(const std::string& instance) const { return absl::StrCat(folder_, "/", instance, ".cursor"); }

  void WriteFile(const std::string& path, const std::string& bytes) const {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }

  std::string ReadFile(const std::string& path) const {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  const testing::TempDir root_;
  const std::string folder_ = root_.path() + "/cursors";
};

TEST_F(FileCursorStoreTest, KeepsACursorForEachInstanceAcrossReopening) {
  {
    const auto store = Open();
    EXPECT_EQ(*store->Load("a"), std::nullopt);
    ASSERT_TRUE(store->Save("a", 1).ok());
    ASSERT_TRUE(store->Save("a", (uint64_t{1} << 53) - 1).ok());
    ASSERT_TRUE(store->Save("b", 0).ok());
    EXPECT_EQ(*store->Load("b"), 0u);
  }
  const auto store = Open();
  EXPECT_EQ(*store->Load("a"), (uint64_t{1} << 53) - 1);
  EXPECT_EQ(*store->Load("b"), 0u);
}

TEST_F(FileCursorStoreTest, TheFolderItselfIsSynced) {
  for (const char* what : {"made", "there already"}) {
    SyncedPaths().clear();
    ASSERT_NE(Open(), nullptr);
    EXPECT_THAT(SyncedPaths(), ::testing::Contains(std::filesystem::canonical(root_.path()))) << what;
  }
}

TEST_F(FileCursorStoreTest, EveryTornOrAlteredFileIsAnErrorAndNeverAFreshStart) {
  const auto store = Open();
  ASSERT_TRUE(store->Save("bot", 12345).ok());
  const std::string path = PathOf("bot");
  const std::string intact = ReadFile(path);
  for (size_t size = 0; size < intact.size(); ++size) {
    WriteFile(path, intact.substr(0, size));
    EXPECT_TRUE(absl::IsDataLoss(store->Load("bot").status())) << size;
  }
  for (size_t i = 0; i < intact.size(); ++i) {
    std::string altered = intact;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    WriteFile(path, altered);
    EXPECT_TRUE(absl::IsDataLoss(store->Load("bot").status())) << i;
  }
  WriteFile(path, intact + "x");
  EXPECT_TRUE(absl::IsDataLoss(store->Load("bot").status()));
  WriteFile(path, intact);
  EXPECT_EQ(*store->Load("bot"), 12345u);
}

TEST_F(FileCursorStoreTest, TheFileOfAnotherInstanceIsAnError) {
  const auto store = Open();
  ASSERT_TRUE(store->Save("a", 7).ok());
  std::filesystem::copy(PathOf("a"), PathOf("b"));
  const absl::Status status = store->Load("b").status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_NE(status.message().find(PathOf("b")), absl::string_view::npos) << status;
}

TEST_F(FileCursorStoreTest, ASaveThatWasCutShortLeavesTheOldCursor) {
  const auto store = Open();
  ASSERT_TRUE(store->Save("bot", 7).ok());
  WriteFile(PathOf("bot") + ".new", "playhead-cur");
  EXPECT_EQ(*store->Load("bot"), 7u);
  ASSERT_TRUE(store->Save("bot", 8).ok());
  EXPECT_EQ(*store->Load("bot"), 8u);
}

TEST_F(FileCursorStoreTest, OneStoreHoldsAFolder) {
  auto store = Open();
  EXPECT_TRUE(absl::IsFailedPrecondition(FileCursorStore::Open(folder_).status()));
  store.reset();
  EXPECT_TRUE(FileCursorStore::Open(folder_).ok());
}

TEST_F(FileCursorStoreTest, AnotherProcessIsKeptOutUntilTheFirstOneDies) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto store = FileCursorStore::Open(folder_);
    const char result = store.ok() ? 'y' : 'n';
    if (write(ready[1], &result, 1) != 1) _exit(1);
    while (true) pause();
  }
  char result = 0;
  ASSERT_EQ(read(ready[0], &result, 1), 1);
  EXPECT_EQ(result, 'y');
  EXPECT_TRUE(absl::IsFailedPrecondition(FileCursorStore::Open(folder_).status()));
  ASSERT_EQ(kill(child, SIGKILL), 0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(FileCursorStore::Open(folder_).ok());
}

TEST_F(FileCursorStoreTest, KilledWhileSavingItKeepsACursorThatWasSaved) {
  for (int round = 0; round < 20; ++round) {
    int saved[2];
    ASSERT_EQ(pipe(saved), 0);
    const pid_t child = fork();
    if (child == 0) {
      const auto store = FileCursorStore::Open(folder_);
      for (uint64_t cursor = 1; store.ok(); ++cursor) {
        if (!(*store)->Save("bot", cursor).ok() || write(saved[1], &cursor, sizeof(cursor)) != sizeof(cursor)) break;
      }
      _exit(1);
    }
    close(saved[1]);
    uint64_t last = 0;
    for (int i = 0; i <= round; ++i) ASSERT_EQ(read(saved[0], &last, sizeof(last)), static_cast<ssize_t>(sizeof(last)));
    ASSERT_EQ(kill(child, SIGKILL), 0);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    while (read(saved[0], &last, sizeof(last)) == static_cast<ssize_t>(sizeof(last))) {
    }
    close(saved[0]);
    const auto store = Open();
    const absl::StatusOr<std::optional<uint64_t>> cursor = store->Load("bot");
    ASSERT_TRUE(cursor.ok()) << cursor.status();
    // What was acknowledged is kept; one more may have been saved and not reported.
    EXPECT_GE(cursor->value(), last);
    EXPECT_LE(cursor->value(), last + 1);
  }
}

TEST_F(FileCursorStoreTest, RefusesNamesThatAreNoInstances) {
  const auto store = Open();
  EXPECT_TRUE(HasReason(store->Load("../escape").status(), Reason::kInstanceNameInvalid));
  EXPECT_TRUE(HasReason(store->Save("a/b", 1), Reason::kInstanceNameInvalid));
}

}  // namespace
}  // namespace playhead

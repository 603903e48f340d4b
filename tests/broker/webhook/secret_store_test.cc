#include "broker/webhook/secret_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "proto/errors.h"
#include "tests/storage/log_harness.h"
#include "tests/support/await.h"
#include "tests/support/temp_dir.h"

namespace playhead::broker::webhook {
namespace {

class SecretStoreTest : public ::testing::Test {
 protected:
  SecretStoreTest() { Open(); }

  ~SecretStoreTest() override { Close(); }

  // As a start of the broker does.
  void Open() {
    storage::StoreOptions options;
    options.data_dir = data_dir();
    log_ = std::make_unique<storage::LogHarness>(options);
    executor_ = std::make_unique<storage::Executor>(1);
    auto store = SecretStore::Open(log_->log().records(), *executor_, seal_key_file(),
                                   [this] { return absl::FromUnixSeconds(now_.load()); });
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  void Close() {
    log_.reset();
    executor_.reset();
    store_.reset();
  }

  void Reopen() {
    Close();
    Open();
  }

  absl::Status Set(const std::string& name, const std::string& secret, absl::Duration keep = kKeepPreviousDefault) {
    return testing::AwaitStatus([&](auto done) { store_->Set(name, secret, keep, std::move(done)); });
  }
  absl::Status Delete(const std::string& name) {
    return testing::AwaitStatus([&](auto done) { store_->Delete(name, std::move(done)); });
  }

  bool Holds(absl::string_view instance, absl::string_view secret) const {
    const auto table = store_->table();
    const AppSecret* const found = table->Find(instance);
    return found != nullptr &&
           found->Holds(*ParseSignature(SignatureHeader("body", secret)), "body", absl::FromUnixSeconds(now_.load()));
  }

  std::string data_dir() const { return dir_.path() + "/data"; }
  std::string seal_key_file() const { return dir_.path() + "/data.seal"; }

  const testing::TempDir dir_;
  std::atomic<int64_t> now_ = 1'000'000;
  std::unique_ptr<storage::LogHarness> log_;
  std::unique_ptr<storage::Executor> executor_;
  std::unique_ptr<SecretStore> store_;
};

TEST_F(SecretStoreTest, ASecretOfAnInstanceComesBeforeThatOfAll) {
  EXPECT_FALSE(Holds("1001", "all"));
  ASSERT_TRUE(Set("*", "all").ok());
  EXPECT_TRUE(store_->table()->is_one_for_all());
  ASSERT_TRUE(Set("1001", "own").ok());
  EXPECT_FALSE(store_->table()->is_one_for_all());
  EXPECT_TRUE(Holds("1001", "own"));
  EXPECT_FALSE(Holds("1001", "all"));
  EXPECT_TRUE(Holds("1002", "all"));
  Reopen();
  EXPECT_TRUE(Holds("1001", "own"));
  EXPECT_TRUE(Holds("1002", "all"));
}

TEST_F(SecretStoreTest, SayingTheSameSecretAgainKeepsTheOneBefore) {
  ASSERT_TRUE(Set("1001", "first").ok());
  ASSERT_TRUE(Set("1001", "second").ok());
  ASSERT_TRUE(Set("1001", "second").ok());
  EXPECT_TRUE(Holds("1001", "first"));
  EXPECT_TRUE(Holds("1001", "second"));
  ASSERT_TRUE(Set("1001", "second", absl::ZeroDuration()).ok());
  EXPECT_FALSE(Holds("1001", "first"));
  EXPECT_TRUE(Holds("1001", "second"));
}

TEST_F(SecretStoreTest, TooManyChangesAtOnceAreRefused) {
  // Holds up the changes: they run one after another on the one thread of the executor.
  absl::Notification go_on;
  executor_->Post([&] { go_on.WaitForNotification(); });
  std::atomic<size_t> done = 0;
  for (size_t i = 0; i < kSecretChangesWaitingMax; ++i) {
    store_->Set("1001", "secret", kKeepPreviousDefault, [&](const absl::Status& status) {
      EXPECT_TRUE(status.ok()) << status;
      ++done;
    });
  }
  EXPECT_TRUE(HasReason(Set("1001", "secret"), Reason::kAppendQueueFull));
  EXPECT_TRUE(HasReason(Delete("1001"), Reason::kAppendQueueFull));
  go_on.Notify();
  while (done < kSecretChangesWaitingMax) std::this_thread::yield();
}

TEST_F(SecretStoreTest, ThePreviousSecretHoldsForItsTimeAndOverARestart) {
  ASSERT_TRUE(Set("*", "first").ok());
  ASSERT_TRUE(Set("*", "second", absl::Seconds(100)).ok());
  EXPECT_TRUE(Holds("1001", "first"));
  EXPECT_TRUE(Holds("1001", "second"));
  Reopen();
  EXPECT_TRUE(Holds("1001", "first"));
  now_ += 100;
  EXPECT_FALSE(Holds("1001", "first"));
  EXPECT_TRUE(Holds("1001", "second"));
  ASSERT_TRUE(Set("*", "third", absl::ZeroDuration()).ok());
  EXPECT_FALSE(Holds("1001", "second"));
}

TEST_F(SecretStoreTest, ADeletedSecretHoldsNoMore) {
  ASSERT_TRUE(Set("1001", "own").ok());
  ASSERT_TRUE(Delete("1001").ok());
  EXPECT_FALSE(Holds("1001", "own"));
  EXPECT_TRUE(HasReason(Delete("1001"), Reason::kWebhookSecretMissing));
  Reopen();
  EXPECT_FALSE(Holds("1001", "own"));
  EXPECT_TRUE(store_->List().empty());
}

TEST_F(SecretStoreTest, ListsNamesAndTimes) {
  ASSERT_TRUE(Set("1001", "a").ok());
  now_ += 5;
  ASSERT_TRUE(Set("1001", "b", absl::Seconds(10)).ok());
  ASSERT_TRUE(Set("*", "c").ok());
  const auto infos = store_->List();
  ASSERT_EQ(infos.size(), 2u);
  EXPECT_EQ(infos[0].name, "*");
  EXPECT_EQ(infos[1].name, "1001");
  EXPECT_EQ(infos[1].set_at, absl::FromUnixSeconds(1'000'005));
  EXPECT_EQ(infos[1].previous_until, absl::FromUnixSeconds(1'000'015));
}

TEST_F(SecretStoreTest, RefusesWhatIsNoSecretOrName) {
  for (const std::string& secret : {std::string(), std::string("a b"), std::string("a\n"), std::string(257, 'a')}) {
    EXPECT_TRUE(HasReason(Set("*", secret), Reason::kWebhookSecretInvalid)) << secret;
  }
  EXPECT_TRUE(HasReason(Set("*", "a", absl::Hours(24 * 31)), Reason::kWebhookSecretInvalid));
  EXPECT_TRUE(HasReason(Set("a*", "a"), Reason::kInstanceNameInvalid));
  EXPECT_FALSE(std::filesystem::exists(seal_key_file()));
}

TEST_F(SecretStoreTest, TheDataDirectoryAloneRevealsNothing) {
  const std::string secret = "a-secret-that-is-easily-found";
  ASSERT_TRUE(Set("*", secret).ok());
  ASSERT_TRUE(Set("*", "the-second-secret-to-look-for").ok());
  Close();
  size_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(data_dir())) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    bytes += content.size();
    EXPECT_FALSE(absl::StrContains(content, "easily-found")) << entry.path();
    EXPECT_FALSE(absl::StrContains(content, "second-secret")) << entry.path();
  }
  EXPECT_GT(bytes, 0u);
  struct stat info = {};
  ASSERT_EQ(stat(seal_key_file().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  Open();
}

TEST_F(SecretStoreTest, WithoutItsSealKeyNothingVerifiesUntilItIsBack) {
  ASSERT_TRUE(Set("*", "all").ok());
  Close();
  std::filesystem::rename(seal_key_file(), seal_key_file() + ".away");
  Open();
  EXPECT_TRUE(HasReason(store_->ready(), Reason::kWebhookSecretsSealed));
  EXPECT_TRUE(absl::StrContains(store_->ready().message(), seal_key_file())) << store_->ready();
  EXPECT_FALSE(Holds("1001", "all"));
  EXPECT_TRUE(HasReason(Set("*", "new"), Reason::kWebhookSecretsSealed));
  EXPECT_FALSE(std::filesystem::exists(seal_key_file()));
  EXPECT_EQ(store_->List().size(), 1u);
  Close();
  std::filesystem::rename(seal_key_file() + ".away", seal_key_file());
  Open();
  EXPECT_TRUE(store_->ready().ok());
  EXPECT_TRUE(Holds("1001", "all"));
}

TEST_F(SecretStoreTest, DeletingWhatCannotBeOpenedMakesItReady) {
  ASSERT_TRUE(Set("*", "all").ok());
  ASSERT_TRUE(Set("1001", "own").ok());
  Close();
  std::filesystem::remove(seal_key_file());
  Open();
  ASSERT_TRUE(Delete("*").ok());
  EXPECT_FALSE(store_->ready().ok());
  ASSERT_TRUE(Delete("1001").ok());
  EXPECT_TRUE(store_->ready().ok());
  ASSERT_TRUE(Set("*", "new").ok());
  EXPECT_TRUE(Holds("1001", "new"));
}

TEST_F(SecretStoreTest, AWrongDamagedOrReadableSealKeyIsSaid) {
  ASSERT_TRUE(Set("*", "all").ok());
  const auto with_file = [this](const std::string& content, std::filesystem::perms mode) {
    Close();
    std::filesystem::remove(seal_key_file());
    std::ofstream(seal_key_file()) << content;
    std::filesystem::permissions(seal_key_file(), mode);
    Open();
    return store_->ready();
  };
  using std::filesystem::perms;
  const perms owner = perms::owner_read | perms::owner_write;
  for (const std::string& content : {std::string(64, 'a'), std::string("short"), std::string(64, 'x'), std::string()}) {
    EXPECT_TRUE(HasReason(with_file(content, owner), Reason::kWebhookSecretsSealed)) << content;
  }
  const absl::Status readable = with_file(std::string(64, 'a'), owner | perms::group_read);
  EXPECT_TRUE(absl::StrContains(readable.message(), "chmod 600")) << readable;
}

TEST_F(SecretStoreTest, ChangesAtTheSameTimeTakeEffectInTheirOrder) {
  std::atomic<int> done = 0;
  for (int i = 0; i < 20; ++i) {
    store_->Set("*", absl::StrCat("secret", i), absl::Hours(1), [&done](absl::Status status) { done += status.ok(); });
  }
  ASSERT_TRUE(Set("1001", "last").ok());  // Its end is that of all before it.
  EXPECT_EQ(done, 20);
  EXPECT_TRUE(Holds("x", "secret19"));
  EXPECT_TRUE(Holds("x", "secret18"));
  EXPECT_FALSE(Holds("x", "secret17"));
}

}  // namespace
}  // namespace playhead::broker::webhook

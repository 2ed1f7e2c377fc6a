// What only the store on disk does: files, size, failures. What every store does is in store/testsuite.
#include "store/sqlite/sqlite_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>

#include "rt/scope.h"
#include "store/sqlite/database.h"
#include "store/sqlite/format.h"
#include "store/sqlite/writer.h"
#include "store/testsuite/harness.h"

namespace charon::store {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

Write put(std::string key, std::string value) { return {std::move(key), share(std::move(value)), std::nullopt}; }

class SqliteStoreTest : public testing::Test {
 protected:
  Result<std::unique_ptr<Store>> open(const std::string& path, HistoryLimits limits = {}) {
    return open_sqlite_store(loop_, {path, limits}, {rt::make_thread_worker("writing"), rt::make_thread_worker("reading")});
  }
  std::unique_ptr<Store> open_well(const std::string& path, HistoryLimits limits = {}) {
    auto store = open(path, limits);
    if (!store) ADD_FAILURE() << store.error().message;
    return std::move(store.value());
  }
  Error open_error(const std::string& path) {
    auto store = open(path);
    if (store) return {};
    return store.error();
  }
  template <class T>
  static rt::Task<void> keep(std::optional<T>* place, rt::Task<T> task) {
    place->emplace(co_await task);
  }
  template <class T>
  T await(rt::Task<T> task) {
    std::optional<T> result;
    loop_.run(keep(&result, std::move(task)));
    return std::move(*result);
  }
  Result<Revision> commit(Store& store, std::vector<Write> writes) { return await(store.commit(std::move(writes))); }

  static void damage(const std::string& path, std::uint64_t from, std::uint64_t bytes) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(from));
    file << std::string(bytes, '\x5a');
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("store.db");
  rt::OsLoop loop_;
};

TEST_F(SqliteStoreTest, OnlyTheOwnerReadsTheFiles) {
  auto store = open_well(path_);
  ASSERT_TRUE(commit(*store, {put("/secret", "1")}));
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    EXPECT_EQ(fs::status(path_ + suffix).permissions(), fs::perms::owner_read | fs::perms::owner_write) << suffix;
  }
}

TEST_F(SqliteStoreTest, OneStoreForOneFile) {
  auto store = open_well(path_);
  EXPECT_THAT(open_error(path_).message, HasSubstr("in use by another process"));
  EXPECT_EQ(open_error(path_).reason, Reason::ServiceUnavailable);
  store.reset();
  EXPECT_EQ(open_error(path_).message, "");
}

TEST_F(SqliteStoreTest, RefusesMissingFolders) {
  EXPECT_THAT(open_error(folder_.file("none/store.db")).message, HasSubstr("cannot create"));
}

TEST_F(SqliteStoreTest, RefusesForeignFiles) {
  std::ofstream(path_) << std::string(5000, 'x');
  EXPECT_EQ(open_error(path_).reason, Reason::InternalError);
  EXPECT_THAT(open_error(path_).message, HasSubstr("not a database file"));

  const std::string other = folder_.file("other.db");
  std::ofstream(other).close();
  auto database = Database::open(other, Database::Mode::ReadWrite);
  ASSERT_TRUE(database && database->execute("CREATE TABLE t(x)"));
  EXPECT_THAT(open_error(other).message, HasSubstr("belongs to another program"));
}

TEST_F(SqliteStoreTest, RefusesOtherFormats) {
  open_well(path_).reset();
  {
    auto database = Database::open(path_, Database::Mode::ReadWrite);
    ASSERT_TRUE(database && database->execute("PRAGMA user_version = 9"));
  }
  EXPECT_THAT(open_error(path_).message, HasSubstr("format 9"));
}

TEST_F(SqliteStoreTest, NamesDamage) {
  {
    auto store = open_well(path_);
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(commit(*store, {put("/a/" + std::to_string(i), std::string(1000, 'v'))}));
  }
  const auto size = fs::file_size(path_);
  fs::copy_file(path_, folder_.file("header.db"));
  damage(folder_.file("header.db"), 0, 50);
  EXPECT_EQ(open_error(folder_.file("header.db")).reason, Reason::InternalError);

  damage(path_, 4096 * 6, size - 4096 * 6);
  auto store = open(path_);
  ASSERT_TRUE(store);
  auto list = await((*store)->list({}));
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().reason, Reason::InternalError);
  EXPECT_THAT(list.error().message, HasSubstr("damaged"));
  EXPECT_FALSE(restore_sqlite_store(path_, folder_.file("restored.db")));
}

TEST_F(SqliteStoreTest, AFullDiskRefusesCommitsUntilThereIsRoom) {
  std::signal(SIGXFSZ, SIG_IGN);
  auto store = open_well(path_);
  Observer observer;
  auto watch = store->watch("/", 1, observer.handler());
  ASSERT_TRUE(commit(*store, {put("/first", "1")}));

  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 300'000;  // of each file
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  std::vector<std::string> acknowledged{"/first"};
  int refused = 0;
  for (int i = 0; i < 400 && refused < 20; ++i) {
    const std::string key = "/k/" + std::to_string(i);
    auto result = commit(*store, {put(key, std::string(3000, 'v'))});
    if (result) {
      acknowledged.push_back(key);
    } else {
      EXPECT_EQ(result.error().reason, Reason::ServiceUnavailable) << result.error().message;
      ++refused;
    }
  }
  auto list_while_full = await(store->list({}));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(refused, 20);
  ASSERT_TRUE(list_while_full);
  EXPECT_EQ(list_while_full->entries.size(), acknowledged.size());

  ASSERT_TRUE(commit(*store, {put("/last", "1")}));
  acknowledged.push_back("/last");
  EXPECT_EQ(observer.events.size(), acknowledged.size());
  watch.reset();
  store.reset();
  store = open_well(path_);
  auto list = await(store->list({}));
  ASSERT_TRUE(list);
  EXPECT_EQ(list->entries.size(), acknowledged.size());
  EXPECT_EQ(store->stats().revision, kFirstRevision + acknowledged.size());
}

rt::Task<void> churn(Store* store, int committer, int count) {
  std::mt19937_64 random(static_cast<std::uint64_t>(committer));
  for (int i = 0; i < count; ++i) {
    const std::string key = "/churn/" + std::to_string(random() % 1500);
    std::vector<Write> writes;
    if (random() % 8 == 0) {
      writes.push_back({key, nullptr, std::nullopt});
    } else {
      writes.push_back(put(key, std::string(random() % 4000, 'v')));
    }
    auto result = co_await store->commit(std::move(writes));
    EXPECT_TRUE(result) << result.error().message;
  }
}

rt::Task<void> churn_together(Store* store, rt::Loop* loop, int count) {
  rt::Scope scope(*loop);
  for (int i = 0; i < 16; ++i) scope.spawn(churn(store, i, count));
  co_await scope.drained();
}

std::uint64_t live_bytes(const ListResult& list) {
  std::uint64_t bytes = 0;
  for (const Entry& entry : list.entries) bytes += entry.key.size() + entry.value->size();
  return bytes;
}

TEST_F(SqliteStoreTest, TheFileStaysWithinTwiceTheData) {
  constexpr std::uint64_t kHistory = 1u << 20;
  auto store = open_well(path_, {.bytes = kHistory});
  for (int round = 0; round < 10; ++round) {
    loop_.run(churn_together(store.get(), &loop_, 150));
    auto list = await(store->list({}));
    ASSERT_TRUE(list);
    EXPECT_LE(fs::file_size(path_), 2 * (live_bytes(*list) + kHistory)) << "round " << round;
    EXPECT_LE(fs::file_size(path_ + "-wal"), kWalFileBytes + kGroupBytes) << "round " << round;
  }
  // It shrinks by itself when most is deleted.
  const auto full = fs::file_size(path_);
  auto all = await(store->list({}));
  std::vector<Write> deletes;
  for (const Entry& entry : all->entries) {
    if (entry.key.back() != '7') deletes.push_back({entry.key, nullptr, std::nullopt});
  }
  ASSERT_TRUE(commit(*store, std::move(deletes)));
  auto rest = await(store->list({}));
  store.reset();
  store = open_well(path_, {.bytes = kHistory});
  ASSERT_TRUE(commit(*store, {put("/one", "1")}));
  const auto enough = 2 * (live_bytes(*rest) + kHistory) + (kSpareFreePages * 4096);
  for (int i = 0; i < 500 && fs::file_size(path_) > enough; ++i) ASSERT_TRUE(commit(*store, {put("/one", "1")}));
  EXPECT_LE(fs::file_size(path_), enough);
  EXPECT_LT(fs::file_size(path_), full);
}

TEST_F(SqliteStoreTest, SnapshotsAreConsistentAndCanBeRestored) {
  const std::string snapshot = folder_.file("snapshot");
  const std::string restored = folder_.file("restored.db");
  Revision at = 0;
  {
    auto store = open_well(path_);
    for (int i = 0; i < 20; ++i)
      ASSERT_TRUE(commit(*store, {put("/a/" + std::to_string(i), "x"), put("/n", std::to_string(i))}));
    at = store->stats().revision;
    ASSERT_TRUE(await(store->snapshot(snapshot)));
    ASSERT_TRUE(commit(*store, {put("/later", "1")}));
    auto again = await(store->snapshot(snapshot));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().reason, Reason::AlreadyExists);
    EXPECT_EQ(fs::status(snapshot).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  }
  auto result = restore_sqlite_store(snapshot, restored);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(restore_sqlite_store(snapshot, restored).error().reason, Reason::AlreadyExists);
  auto store = open_well(restored);
  auto list = await(store->list({}));
  ASSERT_TRUE(list);
  EXPECT_EQ(list->entries.size(), 21u);
  EXPECT_EQ(*list->entries.back().value, "19");
  EXPECT_EQ(list->revision, at + kRestoreJump);
  EXPECT_EQ(store->stats().compacted, at + kRestoreJump);
  EXPECT_EQ(await(store->list({.at = at})).error().reason, Reason::Gone);
  EXPECT_EQ(commit(*store, {put("/b", "1")}), at + kRestoreJump + 1);
}

rt::Task<void> commit_one(Store* store) {
  std::vector<Write> writes;
  writes.push_back(put("/cancelled", "1"));
  (void)co_await store->commit(std::move(writes));
  ADD_FAILURE() << "resumed after it was cancelled";
}

TEST_F(SqliteStoreTest, ACancelledCommitGoesOn) {
  auto store = open_well(path_);
  rt::Scope scope(loop_);
  scope.spawn(commit_one(store.get()));
  auto first = await(store->get("/other"));  // lets the task start
  scope.cancel();
  ASSERT_TRUE(first);
  ASSERT_TRUE(commit(*store, {put("/after", "1")}));
  auto entry = await(store->get("/cancelled"));
  EXPECT_TRUE(entry && entry->has_value());
}

TEST_F(SqliteStoreTest, CommittersShareSyncs) {
  auto store = open_well(path_);
  loop_.run(churn_together(store.get(), &loop_, 50));
  const Stats stats = store->stats();
  EXPECT_EQ(stats.commits, 800u);
  EXPECT_LT(stats.syncs, 400u);
}

}  // namespace
}  // namespace charon::store

// Kills a process that commits, at random moments, and looks for everything that it had acknowledged.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <map>
#include <random>
#include <sstream>
#include <thread>

#include "rt/scope.h"
#include "store/testsuite/harness.h"

namespace charon::store {
namespace {

constexpr int kCommitters = 8;
constexpr int kRounds = 15;

std::unique_ptr<Store> open(rt::OsLoop& loop, const std::string& path) {
  auto store =
      open_sqlite_store(loop, {path, {.events = 500}}, {rt::make_thread_worker("writing"), rt::make_thread_worker("reading")});
  if (!store) {
    ADD_FAILURE() << store.error().message;
    std::fprintf(stderr, "%s\n", store.error().message.c_str());
    std::abort();
  }
  return std::move(*store);
}

std::string key_of(int committer) { return "/counters/" + std::to_string(committer); }

// Counts its key up for ever; writes "committer value revision" lines once the store has said yes.
rt::Task<void> count(Store* store, int committer, int acknowledgements) {
  auto entry = co_await store->get(key_of(committer));
  int value = entry && *entry ? std::stoi(*(**entry).value) : 0;
  while (true) {
    ++value;
    std::vector<Write> writes;
    writes.push_back({key_of(committer), share(std::to_string(value)), std::nullopt});
    writes.push_back({key_of(committer) + "/padding", share(std::string(1 + value % 3000, 'p')), std::nullopt});
    auto revision = co_await store->commit(std::move(writes));
    if (!revision) _exit(3);
    const std::string line = std::to_string(committer) + " " + std::to_string(value) + " " + std::to_string(*revision) + "\n";
    if (::write(acknowledgements, line.data(), line.size()) != static_cast<ssize_t>(line.size())) _exit(4);
  }
}

[[noreturn]] void run_child(const std::string& path, int acknowledgements) {
  rt::OsLoop loop;
  auto store = open(loop, path);
  rt::Scope scope(loop);
  for (int i = 0; i < kCommitters; ++i) scope.spawn(count(store.get(), i, acknowledgements));
  loop.run();
  _exit(5);
}

struct Acknowledged {
  int value = 0;
  Revision revision = 0;
};

// Lets a child commit for `life`, kills it, and returns the last acknowledgement of each committer.
std::map<int, Acknowledged> commit_and_die(const std::string& path, std::chrono::microseconds life) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    close(ends[0]);
    run_child(path, ends[1]);
  }
  close(ends[1]);
  std::string text;
  std::thread reader([&] {
    char part[65536];
    for (ssize_t size; (size = read(ends[0], part, sizeof part)) > 0;) text.append(part, static_cast<std::size_t>(size));
  });
  std::this_thread::sleep_for(life);
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  reader.join();
  close(ends[0]);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << WEXITSTATUS(status);
  std::map<int, Acknowledged> last;
  text.resize(text.rfind('\n') + 1);
  std::istringstream lines(text);
  for (int committer = 0, value = 0, revision = 0; lines >> committer >> value >> revision;) {
    last[committer] = {value, static_cast<Revision>(revision)};
  }
  return last;
}

rt::Task<void> check(Store* store, std::map<int, Acknowledged> last) {
  auto list = co_await store->list({.prefix = "/counters/"});
  EXPECT_TRUE(list);
  if (!list) co_return;
  std::map<std::string, Entry> entries;
  for (const Entry& entry : list->entries) entries[entry.key] = entry;
  EXPECT_EQ(entries.size(), store->stats().keys);
  for (const auto& [committer, acknowledged] : last) {
    const Entry& entry = entries[key_of(committer)];
    EXPECT_TRUE(entry.value) << committer << " is lost";
    if (!entry.value) continue;
    const int value = std::stoi(*entry.value);
    EXPECT_GE(value, acknowledged.value);
    EXPECT_LE(value, acknowledged.value + 1);  // one may have become durable without an answer
    if (value == acknowledged.value) EXPECT_EQ(entry.modified, acknowledged.revision);
    EXPECT_GE(store->stats().revision, acknowledged.revision);
    // Both keys of a commit, or none.
    const Entry& padding = entries[key_of(committer) + "/padding"];
    EXPECT_EQ(padding.modified, entry.modified);
    EXPECT_EQ(padding.value ? padding.value->size() : 0, 1u + static_cast<std::size_t>(value % 3000));
  }
}

TEST(StoreCrash, LosesNoAcknowledgedCommit) {
  const TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  std::mt19937 random(1);
  std::map<int, Acknowledged> last;
  int acknowledged_rounds = 0;
  for (int round = 0; round < kRounds && !testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const auto news = commit_and_die(path, std::chrono::microseconds(1000 + random() % 120'000));
    acknowledged_rounds += news.empty() ? 0 : 1;
    for (const auto& [committer, acknowledged] : news) last[committer] = acknowledged;
    rt::OsLoop loop;
    auto store = open(loop, path);
    loop.run(check(store.get(), last));
    // Unacknowledged commits count too, from now on.
    for (auto& [committer, acknowledged] : last) {
      std::optional<Result<std::optional<Entry>>> entry;
      auto get = [](Store* from, std::string key, decltype(entry)* to) -> rt::Task<void> {
        to->emplace(co_await from->get(key));
      };
      loop.run(get(store.get(), key_of(committer), &entry));
      acknowledged = {std::stoi(*(***entry).value), (***entry).modified};
    }
  }
  EXPECT_GE(acknowledged_rounds, kRounds / 2);
  EXPECT_EQ(last.size(), static_cast<std::size_t>(kCommitters));
}

TEST(StoreCrash, ASecondProcessIsRefusedUntilTheFirstIsDead) {
  const TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) run_child(path, ends[1]);
  char first = 0;
  ASSERT_EQ(read(ends[0], &first, 1), 1);  // it has the store, and commits
  rt::OsLoop loop;
  auto refused = open_sqlite_store(loop, {path, {}}, {rt::make_thread_worker("writing"), rt::make_thread_worker("reading")});
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(ends[0]);
  close(ends[1]);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::ServiceUnavailable);
  EXPECT_NE(refused.error().message.find("in use by another process"), std::string::npos) << refused.error().message;
  EXPECT_NE(open(loop, path), nullptr);
}

}  // namespace
}  // namespace charon::store

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
  auto store = open_sqlite_store(loop, {path, {.events = 1u << 20, .bytes = 256u << 20}},
                                 {rt::make_thread_worker("writing"), rt::make_thread_worker("reading")});
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
  int committer = 0;
  int value = 0;
  Revision revision = 0;
};

// Lets a child commit for `life`, kills it, and returns what it had acknowledged.
std::vector<Acknowledged> commit_and_die(const std::string& path, std::chrono::microseconds life) {
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
  std::vector<Acknowledged> all;
  text.resize(text.rfind('\n') + 1);
  std::istringstream lines(text);
  for (Acknowledged one; lines >> one.committer >> one.value >> one.revision;) all.push_back(one);
  return all;
}

class LifeAfter final {
 public:
  explicit LifeAfter(const std::string& path) : store_(open(loop_, path)) {}

  // The values of all commits behind `after`, by committer and revision.
  std::map<std::pair<int, Revision>, int> history(Revision after) {
    Observer observer;
    auto watch = store_->watch("/counters/", after, observer.handler());
    Revision seen = after;
    while (seen < store_->stats().revision && !observer.ended) {
      loop_.run(pause(&loop_));
      if (!observer.events.empty()) seen = observer.events.back().revision;
    }
    EXPECT_FALSE(observer.ended) << observer.ended->message;
    std::map<std::pair<int, Revision>, int> values;
    std::map<Revision, int> keys;
    for (const Event& event : observer.events) {
      ++keys[event.revision];
      if (event.key.ends_with("/padding")) continue;
      values[{std::stoi(event.key.substr(std::string("/counters/").size())), event.revision}] = std::stoi(*event.value);
    }
    for (const auto& [revision, count] : keys) EXPECT_EQ(count, 2) << "half a commit at " << revision;
    return values;
  }

  std::vector<Entry> entries() {
    std::vector<Entry> entries;
    loop_.run(list(store_.get(), &entries));
    return entries;
  }

  Revision revision() const { return store_->stats().revision; }

 private:
  static rt::Task<void> pause(rt::Loop* loop) { co_await rt::sleep(*loop, std::chrono::milliseconds(1)); }
  static rt::Task<void> list(Store* store, std::vector<Entry>* entries) {
    auto result = co_await store->list({.prefix = "/counters/"});
    EXPECT_TRUE(result);
    if (result) *entries = std::move(result->entries);
  }

  rt::OsLoop loop_;
  std::unique_ptr<Store> store_;
};

TEST(StoreCrash, LosesNoAcknowledgedCommit) {
  const TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  std::mt19937 random(1);
  Revision before = kFirstRevision;
  std::size_t acknowledged = 0;
  for (int round = 0; round < kRounds && !testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const auto all = commit_and_die(path, std::chrono::microseconds(1000 + random() % 120'000));
    LifeAfter life(path);
    const auto history = life.history(before);
    for (const Acknowledged& one : all) {
      const auto place = history.find({one.committer, one.revision});
      EXPECT_NE(place, history.end()) << "revision " << one.revision << " is lost";
      if (place != history.end()) EXPECT_EQ(place->second, one.value);
    }
    // At most the last commit of each committer became durable without an answer.
    EXPECT_LE(history.size(), all.size() + kCommitters);
    // And the entries are what the history leads to.
    std::map<std::string, int> last;
    for (const auto& [place, value] : history) last[key_of(place.first)] = value;
    for (const Entry& entry : life.entries()) {
      EXPECT_LE(entry.modified, life.revision());
      if (auto place = last.find(entry.key); place != last.end()) EXPECT_EQ(*entry.value, std::to_string(place->second));
    }
    before = life.revision();
    acknowledged += all.size();
  }
  EXPECT_GT(acknowledged, 100u);
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

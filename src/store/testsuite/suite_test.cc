// The conformance suite: what every Store does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rt/scope.h"
#include "store/testsuite/harness.h"

namespace charon::store {
namespace {

using testing::ElementsAre;

Write put(std::string key, std::string value, std::optional<Revision> if_modified = std::nullopt) {
  return {std::move(key), share(std::move(value)), if_modified};
}
Write erase(std::string key, std::optional<Revision> if_modified = std::nullopt) {
  return {std::move(key), nullptr, if_modified};
}

std::string show(const SharedBytes& value) { return value ? *value : "-"; }
std::string show(const Event& event) {
  return std::to_string(event.revision) + " " + event.key + " " + show(event.previous) + ">" + show(event.value);
}
std::vector<std::string> show(const std::vector<Event>& events) {
  std::vector<std::string> lines;
  for (const Event& event : events) lines.push_back(show(event));
  return lines;
}
std::vector<std::string> show(const std::vector<Entry>& entries) {
  std::vector<std::string> lines;
  for (const Entry& entry : entries) {
    lines.push_back(entry.key + "=" + *entry.value + " " + std::to_string(entry.created) + "," +
                    std::to_string(entry.modified));
  }
  return lines;
}

class StoreSuite : public testing::TestWithParam<Implementation> {
 protected:
  void start(HistoryLimits limits = {}) { harness_ = GetParam().make(limits); }
  void SetUp() override { start(); }

  Store& store() { return harness_->store(); }
  Result<Revision> commit(std::vector<Write> writes) { return harness_->await(store().commit(std::move(writes))); }
  Reason commit_error(std::vector<Write> writes) {
    auto result = commit(std::move(writes));
    return result ? Reason::Unknown : result.error().reason;
  }
  std::string get(std::string key) {
    auto entry = harness_->await(store().get(std::move(key)));
    if (!entry) return "error: " + entry.error().message;
    return *entry ? show(std::vector{**entry}).front() : "none";
  }
  Result<ListResult> list(ListOptions options) { return harness_->await(store().list(std::move(options))); }
  std::vector<std::string> shown(ListOptions options) {
    auto result = list(std::move(options));
    if (!result) return {"error: " + result.error().message};
    return show(result->entries);
  }
  bool wait_for(const Observer& observer, std::size_t events) {
    return harness_->wait_until([&] { return observer.events.size() >= events; });
  }

  std::unique_ptr<Harness> harness_;
};

TEST_P(StoreSuite, StartsEmptyAtTheFirstRevision) {
  EXPECT_EQ(store().stats().revision, kFirstRevision);
  EXPECT_EQ(store().stats().keys, 0u);
  EXPECT_EQ(get("/a"), "none");
  auto all = list({});
  ASSERT_TRUE(all);
  EXPECT_TRUE(all->entries.empty());
  EXPECT_EQ(all->revision, kFirstRevision);
  EXPECT_FALSE(all->more);
}

TEST_P(StoreSuite, EveryCommitGetsTheNextRevision) {
  EXPECT_EQ(commit({put("/a", "1")}), 2u);
  EXPECT_EQ(commit({put("/a", "2"), put("/b", "1")}), 3u);
  EXPECT_EQ(get("/a"), "/a=2 2,3");
  EXPECT_EQ(get("/b"), "/b=1 3,3");
  EXPECT_EQ(commit({erase("/a")}), 4u);
  EXPECT_EQ(get("/a"), "none");
  EXPECT_EQ(commit({put("/a", "")}), 5u);
  EXPECT_EQ(get("/a"), "/a= 5,5");
  EXPECT_EQ(store().stats().revision, 5u);
  EXPECT_EQ(store().stats().keys, 2u);
  EXPECT_EQ(store().stats().commits, 4u);
}

TEST_P(StoreSuite, ValuesAreAnyBytes) {
  std::string value("\0\xff\x80\n", 4);
  value += std::string(100'000, 'x');
  ASSERT_TRUE(commit({put("/a", value)}));
  auto entry = harness_->await(store().get("/a"));
  ASSERT_TRUE(entry && *entry);
  EXPECT_EQ(*(*entry)->value, value);
}

TEST_P(StoreSuite, PreconditionsHoldOrNothingHappens) {
  EXPECT_EQ(commit_error({put("/a", "1", 7)}), Reason::Conflict);
  EXPECT_EQ(commit({put("/a", "1", 0)}), 2u);
  EXPECT_EQ(commit_error({put("/a", "2", 0)}), Reason::Conflict);
  auto refused = commit({put("/b", "1"), put("/a", "2", 3)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "/a");
  EXPECT_EQ(get("/b"), "none");
  EXPECT_EQ(commit({put("/a", "2", 2)}), 3u);
  EXPECT_EQ(commit_error({erase("/a", 2)}), Reason::Conflict);
  EXPECT_EQ(commit({erase("/a", 3)}), 4u);
  EXPECT_EQ(commit_error({erase("/a", 3)}), Reason::Conflict);
  EXPECT_EQ(store().stats().revision, 4u);
}

TEST_P(StoreSuite, RefusesCommitsWithoutSense) {
  EXPECT_EQ(commit_error({}), Reason::BadRequest);
  EXPECT_EQ(commit_error({put("", "1")}), Reason::BadRequest);
  EXPECT_EQ(commit_error({put("/a", "1"), put("/b", "1"), erase("/a")}), Reason::BadRequest);
}

TEST_P(StoreSuite, ListsByPrefixInPages) {
  ASSERT_TRUE(commit({put("/a", "0"), put("/p/3", "3"), put("/p/1", "1"), put("/p/2", "2"), put("/p/4", "4"), put("/q", "9")}));
  EXPECT_THAT(shown({.prefix = "/p/"}), ElementsAre("/p/1=1 2,2", "/p/2=2 2,2", "/p/3=3 2,2", "/p/4=4 2,2"));
  auto page = list({.prefix = "/p/", .limit = 2});
  ASSERT_TRUE(page);
  EXPECT_THAT(show(page->entries), ElementsAre("/p/1=1 2,2", "/p/2=2 2,2"));
  EXPECT_TRUE(page->more);
  EXPECT_EQ(page->remaining, 2u);
  page = list({.prefix = "/p/", .start_after = "/p/2", .limit = 2});
  ASSERT_TRUE(page);
  EXPECT_THAT(show(page->entries), ElementsAre("/p/3=3 2,2", "/p/4=4 2,2"));
  EXPECT_FALSE(page->more);
  EXPECT_EQ(page->remaining, 0u);
  EXPECT_THAT(shown({.prefix = "/p/", .start_after = "/p/4"}), ElementsAre());
  EXPECT_THAT(shown({.prefix = "/p/", .start_after = "/a", .limit = 1}), ElementsAre("/p/1=1 2,2"));
  EXPECT_EQ(shown({}).size(), 6u);
}

TEST_P(StoreSuite, ListsThePast) {
  ASSERT_TRUE(commit({put("/a", "1"), put("/b", "1")}));            // 2
  ASSERT_TRUE(commit({put("/a", "2"), put("/c", "1")}));            // 3
  ASSERT_TRUE(commit({erase("/a"), erase("/b"), put("/d", "1")}));  // 4
  ASSERT_TRUE(commit({put("/a", "3"), put("/c", "2")}));            // 5
  EXPECT_THAT(shown({.at = 1}), ElementsAre());
  EXPECT_THAT(shown({.at = 2}), ElementsAre("/a=1 2,2", "/b=1 2,2"));
  EXPECT_THAT(shown({.at = 3}), ElementsAre("/a=2 2,3", "/b=1 2,2", "/c=1 3,3"));
  EXPECT_THAT(shown({.at = 4}), ElementsAre("/c=1 3,3", "/d=1 4,4"));
  EXPECT_THAT(shown({.at = 5}), ElementsAre("/a=3 5,5", "/c=2 3,5", "/d=1 4,4"));
  auto page = list({.limit = 1, .at = 3});
  ASSERT_TRUE(page);
  EXPECT_THAT(show(page->entries), ElementsAre("/a=2 2,3"));
  EXPECT_EQ(page->revision, 3u);
  EXPECT_EQ(page->remaining, 2u);
  page = list({.start_after = "/b", .limit = 1, .at = 3});
  ASSERT_TRUE(page);
  EXPECT_THAT(show(page->entries), ElementsAre("/c=1 3,3"));
  EXPECT_FALSE(page->more);
  auto future = list({.at = 6});
  ASSERT_FALSE(future);
  EXPECT_EQ(future.error().reason, Reason::Timeout);
}

TEST_P(StoreSuite, WatchersHaveTheEventsWhenTheCommitterResumes) {
  Observer all, some;
  auto watch_all = store().watch("/", store().stats().revision, all.handler());
  auto watch_some = store().watch("/b", store().stats().revision, some.handler());
  ASSERT_TRUE(commit({put("/a", "1"), put("/b", "1")}));
  EXPECT_THAT(show(all.events), ElementsAre("2 /a ->1", "2 /b ->1"));
  EXPECT_THAT(show(some.events), ElementsAre("2 /b ->1"));
  ASSERT_TRUE(commit({put("/b", "2"), erase("/a"), erase("/never")}));
  EXPECT_THAT(show(all.events), ElementsAre("2 /a ->1", "2 /b ->1", "3 /b 1>2", "3 /a 1>-"));
  watch_some.reset();
  ASSERT_TRUE(commit({put("/b", "3")}));
  EXPECT_EQ(some.events.size(), 2u);
  EXPECT_EQ(all.events.size(), 5u);
}

TEST_P(StoreSuite, WatchesStartInThePast) {
  ASSERT_TRUE(commit({put("/a", "1")}));
  ASSERT_TRUE(commit({put("/a", "2"), put("/b", "1")}));
  ASSERT_TRUE(commit({erase("/a")}));
  ASSERT_TRUE(commit({put("/a", "3")}));
  Observer first, later;
  auto watch_first = store().watch("/a", 1, first.handler());
  auto watch_later = store().watch("/", 3, later.handler());
  ASSERT_TRUE(commit({put("/a", "4")}));
  ASSERT_TRUE(wait_for(first, 5) && wait_for(later, 3));
  EXPECT_THAT(show(first.events), ElementsAre("2 /a ->1", "3 /a 1>2", "4 /a 2>-", "5 /a ->3", "6 /a 3>4"));
  EXPECT_THAT(show(later.events), ElementsAre("4 /a 2>-", "5 /a ->3", "6 /a 3>4"));
}

TEST_P(StoreSuite, WatchesMayStartInTheFuture) {
  Observer observer;
  auto watch = store().watch("/", 3, observer.handler());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(commit({put("/a", std::to_string(i))}));
  ASSERT_TRUE(wait_for(observer, 1));
  EXPECT_THAT(show(observer.events), ElementsAre("4 /a 1>2"));
}

TEST_P(StoreSuite, HandlersMayEndTheirWatchAndStartOthers) {
  Observer inner;
  std::unique_ptr<Watch> outer_watch, inner_watch;
  int calls = 0;
  outer_watch = store().watch("/", 1, {.on_events = [&](const std::vector<Event>& events) {
                                ++calls;
                                inner_watch = store().watch("/", events.back().revision, inner.handler());
                                outer_watch.reset();
                              }});
  ASSERT_TRUE(commit({put("/a", "1")}));
  ASSERT_TRUE(harness_->wait_until([&] { return inner_watch != nullptr; }));
  ASSERT_TRUE(commit({put("/a", "2")}));
  ASSERT_TRUE(wait_for(inner, 1));
  EXPECT_EQ(calls, 1);
  EXPECT_THAT(show(inner.events), ElementsAre("3 /a 1>2"));
}

TEST_P(StoreSuite, CompactionForgets) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(commit({put("/a", std::to_string(i))}));
  ASSERT_TRUE(harness_->await(store().compact(4)));
  EXPECT_TRUE(harness_->wait_until([&] { return store().stats().compacted == 4; }));
  EXPECT_THAT(shown({.at = 4}), ElementsAre("/a=2 2,4"));
  auto old = list({.at = 3});
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().reason, Reason::Gone);
  Observer too_old, old_enough;
  auto watch_gone = store().watch("/", 3, too_old.handler());
  auto watch = store().watch("/", 4, old_enough.handler());
  ASSERT_TRUE(harness_->wait_until([&] { return too_old.ended.has_value(); }));
  EXPECT_EQ(too_old.ended->reason, Reason::Gone);
  EXPECT_TRUE(too_old.events.empty());
  ASSERT_TRUE(wait_for(old_enough, 2));
  EXPECT_THAT(show(old_enough.events), ElementsAre("5 /a 2>3", "6 /a 3>4"));
  EXPECT_TRUE(harness_->await(store().compact(2)));
  EXPECT_EQ(store().stats().compacted, 4u);
  auto future = harness_->await(store().compact(7));
  ASSERT_FALSE(future);
  EXPECT_EQ(future.error().reason, Reason::Timeout);
}

TEST_P(StoreSuite, HistoryIsBoundedByEvents) {
  start({.events = 4});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(commit({put("/a", std::to_string(i)), put("/b", std::to_string(i))}));
  EXPECT_EQ(store().stats().compacted, 2u);
  EXPECT_THAT(shown({.at = 2}), ElementsAre("/a=0 2,2", "/b=0 2,2"));
  auto old = list({.at = 1});
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().reason, Reason::Gone);
  // Never half a commit.
  ASSERT_TRUE(commit({put("/c", "1")}));
  EXPECT_EQ(store().stats().compacted, 3u);
}

TEST_P(StoreSuite, HistoryIsBoundedByBytes) {
  start({.bytes = 10'000});
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(commit({put("/a", std::string(1000, 'x'))}));
  const Revision compacted = store().stats().compacted;
  EXPECT_EQ(compacted, 101u - 9u);  // nine records of 64 + 2 + 1000 bytes
  EXPECT_EQ(shown({.at = compacted}).size(), 1u);
}

rt::Task<void> increment(Store* store, int times) {
  for (int done = 0; done < times;) {
    auto entry = co_await store->get("/counter");
    const Revision revision = *entry ? (**entry).modified : 0;
    const int value = *entry ? std::stoi(*(**entry).value) : 0;
    std::vector<Write> writes;
    writes.push_back(put("/counter", std::to_string(value + 1), revision));
    auto result = co_await store->commit(std::move(writes));
    if (result) ++done;
  }
}

rt::Task<void> increment_together(Store* store, rt::Loop* loop) {
  rt::Scope scope(*loop);
  for (int i = 0; i < 8; ++i) scope.spawn(increment(store, 20));
  co_await scope.drained();
}

TEST_P(StoreSuite, CompareAndSetIsSafeAmongManyCommitters) {
  Observer observer;
  auto watch = store().watch("/", 1, observer.handler());
  harness_->run(increment_together(&store(), &harness_->loop()));
  ASSERT_TRUE(wait_for(observer, 160));
  auto entry = harness_->await(store().get("/counter"));
  EXPECT_EQ(*(**entry).value, "160");
  ASSERT_EQ(observer.events.size(), 160u);
  for (std::size_t i = 0; i < 160; ++i) EXPECT_EQ(*observer.events[i].value, std::to_string(i + 1));
}

TEST_P(StoreSuite, SurvivesAReopening) {
  if (!harness_->durable()) GTEST_SKIP() << "not durable";
  ASSERT_TRUE(commit({put("/a", "1")}));
  ASSERT_TRUE(commit({put("/a", "2"), put("/b", "1")}));
  ASSERT_TRUE(commit({erase("/b")}));
  ASSERT_TRUE(harness_->await(store().compact(2)));
  harness_->reopen();
  EXPECT_EQ(store().stats().revision, 4u);
  EXPECT_EQ(store().stats().compacted, 2u);
  EXPECT_EQ(store().stats().keys, 1u);
  EXPECT_THAT(shown({}), ElementsAre("/a=2 2,3"));
  EXPECT_THAT(shown({.at = 3}), ElementsAre("/a=2 2,3", "/b=1 3,3"));
  Observer observer;
  auto watch = store().watch("/", 2, observer.handler());
  EXPECT_EQ(commit({put("/c", "1")}), 5u);
  ASSERT_TRUE(wait_for(observer, 4));
  EXPECT_THAT(show(observer.events), ElementsAre("3 /a 1>2", "3 /b ->1", "4 /b 1>-", "5 /c ->1"));
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreSuite, testing::ValuesIn(implementations()), implementation_name);

}  // namespace
}  // namespace charon::store

// Random commits, lists, watches and compactions on every Store, against a plain model. The same seeds for each.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "rt/scope.h"
#include "store/testsuite/harness.h"

namespace charon::store {
namespace {

// Every state there ever was, in full.
class Model {
 public:
  using State = std::map<std::string, Entry>;

  Model() : states_{{}} {}  // states_[i] is revision kFirstRevision + i

  const State& at(Revision revision) const { return states_.at(revision - kFirstRevision); }
  Revision revision() const { return kFirstRevision + states_.size() - 1; }

  // Nullopt: a precondition does not hold.
  std::optional<Revision> commit(const std::vector<Write>& writes) {
    State next = states_.back();
    for (const Write& write : writes) {
      auto place = next.find(write.key);
      if (write.if_modified && *write.if_modified != (place == next.end() ? 0 : place->second.modified)) return std::nullopt;
    }
    const Revision revision = this->revision() + 1;
    for (const Write& write : writes) {
      auto place = next.find(write.key);
      const SharedBytes previous = place == next.end() ? nullptr : place->second.value;
      const Revision created = place == next.end() ? revision : place->second.created;
      if (!write.value && !previous) continue;
      if (write.value) {
        next[write.key] = Entry{write.key, write.value, created, revision};
      } else {
        next.erase(write.key);
      }
      events.push_back({write.key, write.value, previous, revision});
    }
    states_.push_back(std::move(next));
    return revision;
  }

  ListResult list(const ListOptions& options) const {
    ListResult result{.revision = options.at.value_or(revision())};
    for (const auto& [key, entry] : at(result.revision)) {
      if (!key.starts_with(options.prefix) || key <= options.start_after) continue;
      if (options.limit != 0 && result.entries.size() == options.limit) {
        ++result.remaining;
      } else {
        result.entries.push_back(entry);
      }
    }
    result.more = result.remaining > 0;
    return result;
  }

  std::vector<Event> events;

 private:
  std::vector<State> states_;
};

std::string text(const SharedBytes& bytes) { return bytes ? "'" + *bytes + "'" : "null"; }
std::string text(const Event& event) {
  return std::to_string(event.revision) + " " + event.key + " " + text(event.previous) + " " + text(event.value);
}
std::string text(const ListResult& list) {
  std::string lines = std::to_string(list.revision) + " +" + std::to_string(list.remaining) + (list.more ? " more\n" : "\n");
  for (const Entry& entry : list.entries) {
    lines +=
        entry.key + " " + text(entry.value) + " " + std::to_string(entry.created) + " " + std::to_string(entry.modified) + "\n";
  }
  return lines;
}

struct Observed {
  std::string prefix;
  Revision after = 0;
  Observer observer;
  std::unique_ptr<Watch> watch;
};

class Walk {
 public:
  Walk(Harness& harness, std::uint64_t seed) : harness_(harness), random_(seed) {}

  void step() {
    const int kind = below(100);
    if (kind < 60) {
      commit();
    } else if (kind < 80) {
      list();
    } else if (kind < 86) {
      get();
    } else if (kind < 94) {
      watch();
    } else if (kind < 96 && !watches_.empty()) {
      drop_watch();
    } else if (kind < 98) {
      compact();
    } else if (harness_.durable() && kind == 99 && watches_.empty()) {
      harness_.reopen();
    }
  }

  void check_watches() {
    for (const auto& watched : watches_) {
      std::vector<std::string> wanted, had;
      for (const Event& event : model_.events) {
        if (event.revision > watched->after && event.key.starts_with(watched->prefix)) wanted.push_back(text(event));
      }
      if (watched->after < compacted_at_start_[watched.get()]) {
        EXPECT_TRUE(harness_.wait_until([&] { return watched->observer.ended.has_value(); }));
        continue;
      }
      harness_.wait_until([&] { return watched->observer.events.size() >= wanted.size() || watched->observer.ended; });
      // A compaction may overtake the reading of the past.
      if (watched->observer.ended && watched->observer.ended->reason == Reason::Gone) continue;
      for (const Event& event : watched->observer.events) had.push_back(text(event));
      EXPECT_EQ(had, wanted) << "watch of " << watched->prefix << " after " << watched->after;
    }
  }

 private:
  int below(int bound) { return static_cast<int>(random_() % static_cast<std::uint64_t>(bound)); }
  std::string key() { return "/" + std::string(1, static_cast<char>('a' + below(3))) + "/" + std::to_string(below(6)); }
  std::string prefix() {
    const char* all[] = {"", "/", "/a", "/a/", "/b/", "/c/3", "/d"};
    return all[below(7)];
  }
  // From a little below what the store still knows up to now.
  Revision revision() {
    const Revision low = harness_.store().stats().compacted;
    const Revision at = low + random_() % (model_.revision() - low + 1);
    return below(10) == 0 && at > kFirstRevision ? at - 1 : at;
  }

  void commit() {
    std::map<std::string, Write> writes;
    for (int i = below(4); i >= 0; --i) {
      Write write{key(), below(3) == 0 ? nullptr : share(std::to_string(random_() % 1000)), std::nullopt};
      const auto& now = model_.at(model_.revision());
      const auto place = now.find(write.key);
      if (below(2) == 0) write.if_modified = place == now.end() ? 0 : place->second.modified;
      if (below(10) == 0) write.if_modified = revision();
      writes[write.key] = write;
    }
    std::vector<Write> list;
    for (auto& [name, write] : writes) list.push_back(write);
    const auto wanted = model_.commit(list);
    auto result = harness_.await(harness_.store().commit(list));
    ASSERT_EQ(result.has_value(), wanted.has_value());
    if (wanted) {
      EXPECT_EQ(*result, *wanted);
    } else {
      EXPECT_EQ(result.error().reason, Reason::Conflict);
    }
  }

  void list() {
    ListOptions options{.prefix = prefix(), .limit = static_cast<std::size_t>(below(6))};
    if (below(2) == 0) options.start_after = key();
    if (below(2) == 0) options.at = revision();
    const Revision compacted = harness_.store().stats().compacted;
    auto result = harness_.await(harness_.store().list(options));
    if (options.at && *options.at < compacted) {
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().reason, Reason::Gone);
      return;
    }
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(text(*result), text(model_.list(options)));
  }

  void get() {
    const std::string name = key();
    auto result = harness_.await(harness_.store().get(name));
    ASSERT_TRUE(result);
    const auto& now = model_.at(model_.revision());
    ASSERT_EQ(result->has_value(), now.contains(name));
    if (*result) {
      EXPECT_EQ(*(**result).value, *now.at(name).value);
      EXPECT_EQ((**result).modified, now.at(name).modified);
    }
  }

  void watch() {
    auto watched = std::make_unique<Observed>(prefix(), revision());
    compacted_at_start_[watched.get()] = harness_.store().stats().compacted;
    watched->watch = harness_.store().watch(watched->prefix, watched->after, watched->observer.handler());
    watches_.push_back(std::move(watched));
  }

  void drop_watch() {
    check_watches();
    watches_.erase(watches_.begin() + below(static_cast<int>(watches_.size())));
    if (watches_.size() > 8) watches_.clear();
  }

  void compact() {
    const Revision up_to = revision();
    EXPECT_TRUE(harness_.await(harness_.store().compact(up_to)));
    EXPECT_GE(harness_.store().stats().compacted, up_to);
  }

  Harness& harness_;
  std::mt19937_64 random_;
  Model model_;
  std::vector<std::unique_ptr<Observed>> watches_;
  std::map<const Observed*, Revision> compacted_at_start_;
};

class StoreModel : public testing::TestWithParam<Implementation> {};

TEST_P(StoreModel, RandomWalksAgreeWithTheModel) {
  for (std::uint64_t seed = 1; seed <= 8 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    auto harness = GetParam().make({.events = seed % 2 == 0 ? 40u : 65536u});
    Walk walk(*harness, seed);
    for (int i = 0; i < 600 && !HasFailure(); ++i) walk.step();
    walk.check_watches();
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreModel, testing::ValuesIn(implementations()), implementation_name);

}  // namespace
}  // namespace charon::store

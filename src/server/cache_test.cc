// The watch cache against a model: under random churn, with readers of any pace, lists that go on later, compaction and
// restarts, every reader sees what the model says and nothing else.
#include "server/cache.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>
#include <random>

#include "codec/json.h"
#include "codec/tree.h"
#include "rt/scope.h"
#include "rt/virtual/loop.h"
#include "server/admission/admission.h"
#include "server/api.h"
#include "store/memory/memory_store.h"

namespace charon::server {
namespace {

using model::find_kind;

// What there is: key -> revision and label, at every revision.
struct Seen {
  Revision revision = 0;
  std::string color;
  bool operator==(const Seen&) const = default;
};
using State = std::map<ObjectKey, Seen>;

std::string color_of(const model::Document& document) {
  for (const auto& [name, value] : document.labels())
    if (name == "color") return value;
  return "";
}

// What a watch with this selector may see of a state.
State chosen(const State& state, const std::string& ns, const std::string& color) {
  State part;
  for (const auto& [key, seen] : state)
    if ((ns.empty() || key.ns == ns) && (color.empty() || seen.color == color)) part[key] = seen;
  return part;
}

// One client: lists, watches, and starts again where it must.
struct Reader {
  std::string ns;
  std::string color;
  std::unique_ptr<ObjectWatch> watch;
  State state;
  Revision last = 0;
  int events = 0;
  int relists = 0;
  int resumes = 0;
};

class CacheModelTest : public testing::TestWithParam<unsigned> {
 protected:
  CacheModelTest() { start_server(); }

  void start_server() {
    for (Reader& reader : readers_) reader.watch.reset();
    api_.reset();
    caches_ = std::make_unique<Caches>(loop_, *store_, kinds_);
    ASSERT_TRUE(loop_.run(caches_->start()));
    api_ = std::make_unique<Api>(loop_, random_, *store_, *caches_, admission_);
    served_from_ = caches_->revision();
  }

  unsigned pick(unsigned count) { return std::uniform_int_distribution<unsigned>(0, count - 1)(engine_); }
  Request request(std::string_view verb, const ObjectKey& key = {}) const {
    Request request;
    request.verb = verb;
    request.kind = &kind_;
    request.ns = key.ns;
    request.name = key.name;
    request.user.groups = {"system:masters"};
    return request;
  }

  // One write, of an object that may be large, so that the window moves on.
  void churn() {
    ObjectKey key{pick(2) == 0 ? "default" : "kube-system", "c" + std::to_string(pick(12))};
    constexpr const char* kColors[] = {"red", "green", "blue"};
    std::string color = kColors[pick(3)];
    bool there = state_.contains(key);
    if (there && pick(4) == 0) {
      ASSERT_TRUE(loop_.run(api_->remove(request("delete", key), {.grace_period_s = 0})));
      state_.erase(key);
    } else {
      codec::Value object =
          codec::parse_json(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + key.name + R"(","namespace":")" +
                            key.ns + R"(","labels":{"color":")" + color + R"("}},"data":{"n":")" + std::to_string(++writes_) +
                            R"(","fill":")" + std::string(pick(4) == 0 ? 1'000'000 : 10, 'x') + R"("}})")
              .value();
      auto written = there ? loop_.run(api_->update(request("update", key), std::move(object), nullptr))
                           : loop_.run(api_->create(request("create", {key.ns, ""}), std::move(object), nullptr));
      ASSERT_TRUE(written) << written.error().message;
      state_[key] = {(*written)->revision(), color};
    }
    history_[caches_->revision()] = state_;
  }
  const State& state_at(Revision revision) const { return std::prev(history_.upper_bound(revision))->second; }

  // Applies what has come, and checks it against the model on the way.
  void apply(Reader& reader, const std::vector<CacheEvent>& events) {
    for (const CacheEvent& event : events) {
      ASSERT_GT(event.revision, reader.last) << "out of order, or twice";
      // Between the last event and this one nothing that this reader may see has changed.
      ASSERT_EQ(reader.state, chosen(state_at(event.revision - 1), reader.ns, reader.color)) << "an event is lost";
      reader.last = event.revision;
      ++reader.events;
      bool known = reader.state.contains(event.object->key());
      ASSERT_EQ(event.object->revision(), event.revision);
      ASSERT_EQ(event.type == EventType::Added, !known);
      if (event.type == EventType::Deleted) {
        reader.state.erase(event.object->key());
      } else {
        reader.state[event.object->key()] = {event.revision, color_of(*event.object)};
      }
      ASSERT_EQ(reader.state, chosen(state_at(event.revision), reader.ns, reader.color));
    }
  }

  Request selecting(std::string_view verb, const Reader& reader) const {
    Request request = this->request(verb, {reader.ns, ""});
    if (!reader.color.empty()) request.label_selector = "color=" + reader.color;
    return request;
  }

  void list(Reader& reader) {
    auto listing = api_->list_stored(selecting("list", reader), {});
    ASSERT_TRUE(listing);
    reader.state.clear();
    for (const DocumentPtr& item : listing->items) reader.state[item->key()] = {item->revision(), color_of(*item)};
    ASSERT_EQ(reader.state, chosen(state_, reader.ns, reader.color));
    reader.last = listing->revision;
    ++reader.relists;
  }

  void read(Reader& reader) {
    if (reader.watch == nullptr) {
      if (reader.last == 0) list(reader);
      auto watch = api_->watch(selecting("watch", reader), reader.last);
      if (!watch) {
        ASSERT_EQ(watch.error().reason, Reason::Expired);
        list(reader);
        watch = api_->watch(selecting("watch", reader), reader.last);
      } else if (reader.events > 0) {
        ++reader.resumes;
      }
      ASSERT_TRUE(watch);
      reader.watch = std::move(*watch);
    }
    while (true) {
      std::optional<Result<std::vector<CacheEvent>>> events;
      rt::Scope scope(loop_);
      scope.spawn(rt::internal::store_result(&events, reader.watch->next()));
      loop_.run_ready();
      if (!events) break;  // nothing more for now
      if (!*events) {
        ASSERT_EQ(events->error().reason, Reason::Expired);
        ++cut_off_;
        reader.watch.reset();
        reader.last = 0;
        return read(reader);
      }
      apply(reader, **events);
      if (HasFatalFailure()) return;
    }
    ASSERT_EQ(reader.state, chosen(state_, reader.ns, reader.color));
    ASSERT_GE(reader.watch->revision(), reader.last);
    reader.last = reader.watch->revision();  // a bookmark
  }

  // A list that goes on page by page while the world changes.
  struct Pages {
    std::string token;
    Revision revision = 0;
    std::vector<std::pair<ObjectKey, Seen>> items;
  };
  void page(Pages& pages) {
    auto listing = api_->list_stored(request("list"), {.limit = 3, .continue_token = pages.token, .at = {}});
    if (!listing) {
      ASSERT_EQ(listing.error().reason, Reason::Expired);
      ++expired_lists_;
      pages = {};
      return;
    }
    if (pages.token.empty()) pages.revision = listing->revision;
    ASSERT_EQ(listing->revision, pages.revision);
    for (const DocumentPtr& item : listing->items) pages.items.push_back({item->key(), {item->revision(), color_of(*item)}});
    const State& wanted = state_at(pages.revision);
    ASSERT_EQ(listing->remaining.value_or(0), static_cast<std::int64_t>(wanted.size() - pages.items.size()));
    pages.token = listing->continue_token;
    if (!pages.token.empty()) return;
    ASSERT_TRUE(std::ranges::equal(pages.items, wanted, [](const auto& left, const auto& right) {
      return left.first == right.first && left.second == right.second;
    }));
    ++whole_lists_;
    pages = {};
  }

  // An exact list of some moment of the past.
  void look_back() {
    auto place = history_.begin();
    std::advance(place, pick(static_cast<unsigned>(history_.size())));
    auto listing = api_->list_stored(request("list"), {.limit = 0, .continue_token = {}, .at = place->first});
    if (!listing) {
      ASSERT_EQ(listing.error().reason, Reason::Expired);
      return;
    }
    ASSERT_GE(place->first, served_from_);
    State state;
    for (const DocumentPtr& item : listing->items) state[item->key()] = {item->revision(), color_of(*item)};
    ASSERT_EQ(state, place->second);
    ++looks_back_;
  }

  rt::VirtualLoop loop_;
  rt::SeededRandom random_{GetParam()};
  std::mt19937 engine_{GetParam()};
  const model::Kind& kind_ = *find_kind({"", "v1"}, "ConfigMap");
  std::unique_ptr<store::Store> store_ = store::make_memory_store(loop_);
  Admission admission_{std::vector<std::unique_ptr<AdmissionPlugin>>()};
  model::KindRegistry kinds_;
  std::unique_ptr<Caches> caches_;
  std::unique_ptr<Api> api_;
  State state_;
  std::map<Revision, State> history_{{0, {}}};
  std::vector<Reader> readers_;
  Revision served_from_ = 0;
  int writes_ = 0, whole_lists_ = 0, expired_lists_ = 0, looks_back_ = 0, cut_off_ = 0;
};

TEST_P(CacheModelTest, ReadersSeeWhatHappened) {
  for (const char* ns : {"", "default"})
    for (const char* color : {"", "red", "blue"}) {
      readers_.emplace_back();
      readers_.back().ns = ns;
      readers_.back().color = color;
    }
  std::vector<Pages> lists(3);
  for (Reader& reader : readers_) read(reader);
  for (int step = 0; step < 3000; ++step) {
    unsigned what = pick(100);
    if (what < 60) {
      churn();
    } else if (what < 80) {
      // The first is quick, the last so slow that it falls out of the window.
      unsigned which = std::min(pick(6), pick(6));
      if (which < 5 || pick(10) == 0) read(readers_[which]);
    } else if (what < 95) {
      page(lists[pick(3)]);
    } else if (what < 97) {
      look_back();
    } else if (what == 97 && step < 1000 && pick(10) == 0) {
      start_server();
      for (Reader& reader : readers_) read(reader);
    } else if (what == 98 && pick(10) == 0) {
      (void)loop_.run(store_->compact(caches_->revision() - pick(20)));
    } else if (what == 99) {
      readers_[pick(5)].watch.reset();  // the client's connection broke
    }
    if (HasFatalFailure()) return;
  }
  int events = 0;
  for (Reader& reader : readers_) {
    read(reader);
    events += reader.events;
    if (HasFatalFailure()) return;
  }
  // The run has been in all the corners.
  EXPECT_GT(events, 1000);
  EXPECT_GT(whole_lists_, 10);
  EXPECT_GT(looks_back_, 5);
  EXPECT_GT(cut_off_, 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, CacheModelTest, testing::Range(1u, 6u));

}  // namespace
}  // namespace charon::server

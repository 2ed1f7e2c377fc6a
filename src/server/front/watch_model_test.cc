// Watches over HTTP against a model: random writes, watchers with selectors that begin in every way there is (with what there
// is, from a list, from their last event or bookmark, from any revision), connections that break, compactions, and a store on
// disk that is closed and opened again or left as a crash leaves it. Every watcher sees each change once and in order, what it
// holds is at any time what the model says, and it is told 410 exactly when the server no longer knows what has changed since.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <random>

#include "server/front/front_for_test.h"
#include "store/testsuite/harness.h"

namespace charon::server {
namespace {

using namespace std::chrono_literals;

struct Seen {
  Revision revision = 0;
  std::string color;
  bool operator==(const Seen&) const = default;
};
using State = std::map<std::string, Seen>;  // "namespace/name"

// A server over a file.
struct Server {
  Server(rt::VirtualLoop& loop, const std::string& path) : loop(loop) {
    auto opened = store::open_sqlite_store(
        loop, {path, {}}, {std::make_unique<rt::VirtualWorker>(loop), std::make_unique<rt::VirtualWorker>(loop)});
    EXPECT_TRUE(opened) << opened.error().message;
    store = *std::move(opened);
    caches = std::make_unique<Caches>(loop, *store, kinds);
    EXPECT_TRUE(loop.run(caches->start()));
    api = std::make_unique<Api>(loop, random, *store, *caches, admission);
    authorizer = make_rbac_authorizer(*caches);
    front = std::make_unique<Front>(*api, *authenticator, *authorizer, metrics, nullptr);
    from = store->stats().compacted;
  }

  rt::VirtualLoop& loop;
  rt::SeededRandom random{1};
  std::unique_ptr<store::Store> store;
  model::KindRegistry kinds;
  std::unique_ptr<Caches> caches;
  Admission admission{std::vector<std::unique_ptr<AdmissionPlugin>>()};
  std::unique_ptr<Api> api;
  Metrics metrics;
  std::unique_ptr<Authenticator> authenticator = FrontForTest::by_certificates();
  std::unique_ptr<Authorizer> authorizer;
  std::unique_ptr<Front> front;
  Revision from = 0;  // what changed after it is known
};

// A client that keeps a copy of what its selector chooses.
struct Reader {
  std::string ns;
  std::string color;
  std::unique_ptr<rt::Scope> scope;
  std::unique_ptr<ExchangeForTest> exchange;
  bool over = true;
  bool initial = false;  // until the bookmark that ends what there was
  State state;
  Revision last = 0;  // 0: it holds nothing
};

class WatchModelTest : public testing::TestWithParam<unsigned> {
 protected:
  WatchModelTest() {
    server_ = std::make_unique<Server>(loop_, path());
    history_[now()] = {};
  }
  ~WatchModelTest() override {
    for (Reader& reader : readers_) hang_up(reader);
  }

  std::string path() const { return folder_.file("store-" + std::to_string(openings_)); }
  unsigned pick(unsigned count) { return std::uniform_int_distribution<unsigned>(0, count - 1)(engine_); }
  Revision now() const { return server_->caches->revision(); }
  const State& state_at(Revision revision) const { return std::prev(history_.upper_bound(revision))->second; }
  State chosen(const Reader& reader, Revision revision) const {
    State part;
    for (const auto& [key, seen] : state_at(revision))
      if ((reader.ns.empty() || key.starts_with(reader.ns + "/")) && (reader.color.empty() || seen.color == reader.color))
        part[key] = seen;
    return part;
  }

  void churn() {
    const std::string ns = pick(2) == 0 ? "default" : "kube-system";
    const std::string name = "c" + std::to_string(pick(8));
    const std::string key = ns + "/" + name;
    constexpr const char* kColors[] = {"red", "green", "blue"};
    const std::string color = kColors[pick(3)];
    Request request;
    request.kind = &kind_;
    request.ns = ns;
    request.user.groups = {"system:masters"};
    if (state_.contains(key) && pick(4) == 0) {
      request.verb = "delete";
      request.name = name;
      ASSERT_TRUE(loop_.run(server_->api->remove(request, {.grace_period_s = 0})));
      state_.erase(key);
    } else {
      codec::Value object =
          codec::parse_json(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name + R"(","namespace":")" + ns +
                            R"(","labels":{"color":")" + color + R"("}},"data":{"n":")" + std::to_string(++writes_) + R"("}})")
              .value();
      const bool there = state_.contains(key);
      request.verb = there ? "update" : "create";
      if (there) request.name = name;
      auto written = there ? loop_.run(server_->api->update(request, std::move(object), nullptr))
                           : loop_.run(server_->api->create(request, std::move(object), nullptr));
      ASSERT_TRUE(written) << written.error().message;
      state_[key] = {(*written)->revision(), color};
    }
    history_[now()] = state_;
  }

  static rt::Task<void> serve(Front* front, ExchangeForTest* exchange, bool* over) {
    co_await front->handle(*exchange);
    *over = true;
  }
  static std::string target(const Reader& reader, const std::string& more) {
    std::string path = reader.ns.empty() ? "/api/v1/configmaps?" : "/api/v1/namespaces/" + reader.ns + "/configmaps?";
    if (!reader.color.empty()) path += "labelSelector=color%3D" + reader.color + "&";
    return path + more;
  }
  void hang_up(Reader& reader) {
    if (reader.scope) reader.scope->cancel();
    reader.scope.reset();
    reader.exchange.reset();
    reader.over = true;
    // Half of what there was is no place to go on from.
    if (reader.initial) reader.last = 0;
    reader.initial = false;
  }
  void open(Reader& reader, const std::string& query) {
    hang_up(reader);
    reader.exchange = FrontForTest::exchange(target(reader, query + "&watch=1&allowWatchBookmarks=true"));
    reader.scope = std::make_unique<rt::Scope>(loop_);
    reader.over = false;
    reader.scope->spawn(serve(server_->front.get(), reader.exchange.get(), &reader.over));
  }
  void list(Reader& reader) {
    auto call = FrontForTest::exchange(target(reader, ""));
    loop_.run(server_->front->handle(*call));
    auto tree = codec::parse_json(call->text);
    ASSERT_TRUE(tree) << call->text;
    reader.state.clear();
    for (const codec::Value& item : codec::find(*tree, "items")->get_array()) reader.state[key_of(item)] = seen(item);
    reader.last = std::stoull(std::string(codec::string_at_path(*tree, {"metadata", "resourceVersion"})));
    ASSERT_EQ(reader.state, chosen(reader, reader.last));
  }
  static std::string key_of(const codec::Value& object) {
    return std::string(codec::string_at_path(object, {"metadata", "namespace"})) + "/" +
           std::string(codec::string_at_path(object, {"metadata", "name"}));
  }
  static Seen seen(const codec::Value& object) {
    return {std::stoull(std::string(codec::string_at_path(object, {"metadata", "resourceVersion"}))),
            std::string(codec::string_at_path(object, {"metadata", "labels", "color"}))};
  }

  // Starts where it stands; who holds nothing begins anew, in one of the two ways.
  void start(Reader& reader) {
    if (reader.last == 0 && pick(2) == 0) list(reader);
    if (reader.last == 0) {
      reader.state.clear();
      open(reader,
           "sendInitialEvents=true&resourceVersionMatch=NotOlderThan" + std::string(pick(2) == 0 ? "&resourceVersion=0" : ""));
      reader.initial = true;
      ++starts_;
      return;
    }
    const bool known = reader.last >= server_->from;
    const Revision from = reader.last;
    open(reader, "resourceVersion=" + std::to_string(from));
    loop_.run_ready();
    ASSERT_EQ(reader.exchange->text.find("\"code\":410") == std::string::npos, known)
        << "from " << from << ", known from " << server_->from;
    ++(known ? resumes_ : expired_);
    if (!known) reader.last = 0;
  }

  void take(Reader& reader, const codec::Value& event) {
    const std::string type(codec::string_at(event, "type"));
    const codec::Value& object = *codec::find(event, "object");
    if (type == "ERROR") {
      ASSERT_EQ(codec::int_at(object, "code"), 410) << codec::write_json(event);
      ASSERT_EQ(reader.last, 0u) << "nobody is told that his place is gone while he reads";
      return;
    }
    const Seen what = seen(object);
    if (type == "BOOKMARK") {
      const bool end = codec::find_path(object, {"metadata", "annotations", "k8s.io/initial-events-end"}) != nullptr;
      ASSERT_EQ(end, reader.initial);
      ASSERT_GE(what.revision, reader.last);
      ASSERT_EQ(reader.state, chosen(reader, what.revision)) << "an event is lost";
      reader.last = what.revision;
      reader.initial = false;
      ++bookmarks_;
      return;
    }
    ++events_;
    const std::string key = key_of(object);
    if (reader.initial) {
      ASSERT_EQ(type, "ADDED");
      ASSERT_TRUE(reader.state.emplace(key, what).second) << "twice: " << key;
      return;
    }
    ASSERT_GT(what.revision, reader.last) << "out of order, or twice";
    ASSERT_EQ(reader.state, chosen(reader, what.revision - 1)) << "an event is lost";
    ASSERT_EQ(type == "ADDED", !reader.state.contains(key));
    if (type == "DELETED")
      reader.state.erase(key);
    else
      reader.state[key] = what;
    reader.last = what.revision;
    ASSERT_EQ(reader.state, chosen(reader, what.revision));
  }

  void read(Reader& reader) {
    if (!reader.exchange) start(reader);
    if (HasFatalFailure()) return;
    loop_.run_ready();
    std::string text = std::exchange(reader.exchange->text, "");
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      auto event = codec::parse_json(std::string_view(text).substr(at, end - at));
      ASSERT_TRUE(event) << text;
      take(reader, *event);
      if (HasFatalFailure()) return;
      at = end + 1;
    }
    if (!reader.over) {
      // Whoever has read all holds what there is.
      ASSERT_FALSE(reader.initial);
      ASSERT_EQ(reader.state, chosen(reader, now()));
      return;
    }
    hang_up(reader);
  }

  // The server ends, or is gone without a word: what is on disk is all that is left.
  void restart() {
    for (Reader& reader : readers_) {
      if (pick(2) == 0 && reader.exchange) read(reader);
      if (HasFatalFailure()) return;
      hang_up(reader);
    }
    const std::string before = path();
    const bool crash = pick(2) == 0;
    if (crash) {
      ++openings_;
      for (const char* part : {"", "-wal"}) std::filesystem::copy_file(before + part, path() + part);
    }
    server_.reset();
    server_ = std::make_unique<Server>(loop_, path());
    ASSERT_EQ(now(), history_.rbegin()->first) << "what was written is there";
    ++restarts_;
  }

  store::TemporaryFolder folder_{store::TemporaryFolder::Place::Memory};
  rt::VirtualLoop loop_;
  std::mt19937 engine_{GetParam()};
  const model::Kind& kind_ = *model::find_kind({"", "v1"}, "ConfigMap");
  int openings_ = 0;
  std::unique_ptr<Server> server_;
  State state_;
  std::map<Revision, State> history_{{0, {}}};
  std::vector<Reader> readers_;
  int writes_ = 0, starts_ = 0, resumes_ = 0, expired_ = 0, bookmarks_ = 0, events_ = 0, restarts_ = 0;
};

TEST_P(WatchModelTest, WatchersSeeEachChangeOnce) {
  for (const char* ns : {"", "default"})
    for (const char* color : {"", "red", "blue"}) {
      readers_.emplace_back();
      readers_.back().ns = ns;
      readers_.back().color = color;
    }
  for (int step = 0; step < 2000; ++step) {
    SCOPED_TRACE("step " + std::to_string(step));
    const unsigned what = pick(1000);
    Reader& reader = readers_[std::min(pick(6), pick(6))];  // the last is slow
    if (what < 600) {
      churn();
    } else if (what < 850) {
      read(reader);
    } else if (what < 910) {
      hang_up(reader);
      // And it comes back with an older copy, of any age that it could have.
      if (reader.last != 0 && pick(4) == 0) {
        const Revision past =
            std::prev(history_.upper_bound(reader.last - pick(static_cast<unsigned>(std::min<Revision>(reader.last, 200)))))
                ->first;
        if (past != 0) {
          reader.last = past;
          reader.state = chosen(reader, past);
        }
      }
    } else if (what < 950) {
      loop_.run_for(61s);  // bookmarks
    } else if (what < 970 && now() > 40) {
      ASSERT_TRUE(loop_.run(server_->store->compact(now() - pick(40))));
    } else if (what < 985) {
      restart();
    }
    if (HasFatalFailure()) return;
  }
  for (Reader& reader : readers_) {
    if (!reader.exchange) start(reader);
    if (HasFatalFailure()) return;
    read(reader);
    if (HasFatalFailure()) return;
  }
  // The run has been in all the corners.
  EXPECT_GT(events_, 500);
  EXPECT_GT(starts_, 5);
  EXPECT_GT(resumes_, 20);
  EXPECT_GT(expired_, 1);
  EXPECT_GT(bookmarks_, 50);
  EXPECT_GT(restarts_, 5);
}

INSTANTIATE_TEST_SUITE_P(Seeds, WatchModelTest, testing::Range(1u, 6u));

}  // namespace
}  // namespace charon::server

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "api/core/v1/types.h"
#include "api/meta/v1/types.h"
#include "codec/wire.h"
#include "model/envelope.h"
#include "server/front/front_for_test.h"

namespace charon::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

constexpr const char* kConfigMaps = "/api/v1/namespaces/default/configmaps";

class WatchTest : public testing::Test {
 protected:
  WatchTest() {
    test_.make_config("a");
    test_.make_config("b", R"({"tier":"web"})");
  }
  ~WatchTest() override { scope_.cancel(); }

  ExchangeForTest& start(const std::string& query, const FrontForTest::Headers& headers = {}) {
    exchanges_.push_back(FrontForTest::exchange(kConfigMaps + query, headers));
    scope_.spawn(serve(&test_.front, exchanges_.back().get(), &ended_));
    test_.server.loop.run_ready();
    return *exchanges_.back();
  }
  static rt::Task<void> serve(Front* front, ExchangeForTest* exchange, int* ended) {
    try {
      co_await front->handle(*exchange);
    } catch (const std::runtime_error&) {
      exchange->text += "(broken off)";
    }
    ++*ended;
  }

  // "ADDED a", "BOOKMARK 7 end", "ERROR ..."; what was seen is taken away.
  std::vector<std::string> events(ExchangeForTest& exchange) {
    test_.server.loop.run_ready();
    std::vector<std::string> list;
    std::string_view rest = exchange.text;
    while (!rest.empty()) {
      std::size_t end = std::min(rest.find('\n'), rest.size());
      auto event = codec::parse_json(rest.substr(0, end));
      if (!event) {
        list.emplace_back(rest.substr(0, end));
      } else {
        std::string type(codec::string_at(*event, "type"));
        std::string_view key = type == "BOOKMARK" ? "resourceVersion" : "name";
        std::string text = type + " ";
        text += type == "ERROR" ? codec::string_at_path(*event, {"object", "message"})
                                : codec::string_at_path(*event, {"object", "metadata", key});
        if (codec::find_path(*event, {"object", "metadata", "annotations"}) != nullptr) text += " end";
        list.push_back(text);
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    exchange.text.clear();
    return list;
  }
  std::string now() const { return std::to_string(test_.server.caches.revision()); }
  void run_for(rt::Duration duration) { test_.server.loop.run_for(duration); }

  FrontForTest test_;
  std::vector<std::unique_ptr<ExchangeForTest>> exchanges_;
  rt::Scope scope_{test_.server.loop};
  int ended_ = 0;
};

// What a client sends until it has seen that the server ends is served: such a watch must not hold the end up.
TEST_F(WatchTest, EndsAtOnceWhenTheServerIsEnding) {
  auto& before = start("?watch=1&resourceVersion=" + now());
  EXPECT_EQ(ended_, 0);
  test_.server.caches.shutdown();
  test_.server.loop.run_ready();
  EXPECT_EQ(ended_, 1);
  EXPECT_EQ(before.status, 200);
  auto& late = start("?watch=1&resourceVersion=" + now());
  auto& from_start = start("?watch=1");
  EXPECT_EQ(ended_, 3);
  EXPECT_EQ(late.status, 200);
  EXPECT_THAT(events(late), ElementsAre());
  EXPECT_THAT(events(from_start), ElementsAre("ADDED a", "ADDED b"));
}

TEST_F(WatchTest, FromTheStateNow) {
  for (const char* query : {"?watch=1", "?watch=True&resourceVersion=0", "?watch&resourceVersion="}) {
    auto& watch = start(query);
    EXPECT_THAT(events(watch), ElementsAre("ADDED a", "ADDED b")) << query;
  }
  test_.make_config("c");
  test_.change_config("c", "x", "1");
  test_.remove_config("c");
  EXPECT_THAT(events(*exchanges_[0]), ElementsAre("ADDED c", "MODIFIED c", "DELETED c"));
}

TEST_F(WatchTest, FromARevision) {
  std::string then = now();
  test_.make_config("c");
  auto& watch = start("?watch=1&resourceVersion=" + then);
  EXPECT_THAT(events(watch), ElementsAre("ADDED c"));
  auto& only_new = start("?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan");
  EXPECT_THAT(events(only_new), ElementsAre());
  test_.remove_config("c");
  EXPECT_THAT(events(only_new), ElementsAre("DELETED c"));
}

TEST_F(WatchTest, OneObject) {
  auto& watch = start("?watch=1&fieldSelector=metadata.name%3Db");
  exchanges_.push_back(FrontForTest::exchange("/api/v1/watch/namespaces/default/configmaps/b"));
  scope_.spawn(serve(&test_.front, exchanges_.back().get(), &ended_));
  test_.server.loop.run_ready();
  test_.change_config("a", "x", "1");
  test_.change_config("b", "x", "1");
  EXPECT_THAT(events(watch), ElementsAre("ADDED b", "MODIFIED b"));
  EXPECT_THAT(events(*exchanges_.back()), ElementsAre("ADDED b", "MODIFIED b"));
}

TEST_F(WatchTest, ObjectsEnterAndLeaveASelector) {
  auto& watch = start("?watch=1&labelSelector=tier%3Dweb&resourceVersion=" + now());
  test_.change_config("a", "tier", "web");
  test_.change_config("a", "other", "1");
  test_.change_config("a", "tier", "db");
  std::string left = now();
  test_.change_config("a", "other", "2");
  test_.remove_config("a");
  test_.server.loop.run_ready();
  EXPECT_THAT(watch.text, HasSubstr("\"resourceVersion\":\"" + left + "\""));
  EXPECT_THAT(events(watch), ElementsAre("ADDED a", "MODIFIED a", "DELETED a"));
}

TEST_F(WatchTest, BookmarksOnceAMinuteAndBeforeTheEnd) {
  auto& watch = start("?watch=1&allowWatchBookmarks=true&timeoutSeconds=150&resourceVersion=" + now());
  run_for(59s);
  EXPECT_THAT(events(watch), ElementsAre());
  test_.make_config("c");
  run_for(2s);
  EXPECT_THAT(events(watch), ElementsAre("ADDED c", "BOOKMARK " + now()));
  run_for(60s);
  EXPECT_THAT(events(watch), ElementsAre("BOOKMARK " + now()));
  run_for(26s);
  EXPECT_THAT(events(watch), ElementsAre());
  EXPECT_EQ(ended_, 0);
  run_for(4s);
  EXPECT_THAT(events(watch), ElementsAre("BOOKMARK " + now()));
  EXPECT_EQ(ended_, 1);
}

TEST_F(WatchTest, BookmarksComeAmongEventsToo) {
  auto& watch = start("?watch=1&allowWatchBookmarks=true&resourceVersion=" + now());
  for (int i = 0; i < 130; ++i) {
    run_for(1s);
    test_.change_config("a", "n", std::to_string(i));
  }
  auto all = events(watch);
  EXPECT_EQ(std::ranges::count_if(all, [](const std::string& event) { return event.starts_with("BOOKMARK"); }), 2);
}

TEST_F(WatchTest, InitialEventsEndWithABookmark) {
  auto& watch = start("?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
  EXPECT_THAT(events(watch), ElementsAre("ADDED a", "ADDED b", "BOOKMARK " + now() + " end"));
  std::string then = now();
  test_.make_config("c");
  auto& later =
      start("?watch=1&sendInitialEvents=1&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=1&resourceVersion=" + then);
  EXPECT_THAT(events(later), ElementsAre("ADDED a", "ADDED b", "ADDED c", "BOOKMARK " + now() + " end"));
  EXPECT_THAT(events(watch), ElementsAre("ADDED c"));
}

TEST_F(WatchTest, OptionsThatDoNotGoTogether) {
  const std::string kInvalid = "ListOptions.meta.k8s.io \"\" is invalid: ";
  auto message = [&](const char* query) {
    auto& exchange = start(query);
    EXPECT_EQ(exchange.status, 422);
    auto status = codec::parse_json(exchange.text);
    return std::string(codec::string_at(*status, "message"));
  };
  EXPECT_EQ(
      message("?watch=1&sendInitialEvents=true"),
      kInvalid + "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  EXPECT_EQ(message("?watch=1&resourceVersionMatch=NotOlderThan&resourceVersion=1"),
            kInvalid +
                "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is "
                "provided");
  EXPECT_EQ(message("?watch=1&resourceVersion=x"),
            "configmaps \"\" is invalid: resourceVersion: Invalid value: \"x\": strconv.ParseUint: parsing \"x\": invalid "
            "syntax");
}

TEST_F(WatchTest, FutureVersions) {
  auto& waits = start("?watch=1&resourceVersion=" + std::to_string(std::stoul(now()) + 1));
  EXPECT_EQ(waits.status, 200);
  test_.make_config("c");
  test_.make_config("d");
  EXPECT_THAT(events(waits), ElementsAre("ADDED d"));
  auto& refused = start("?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=99999");
  EXPECT_EQ(refused.status, 200);
  EXPECT_THAT(events(refused), ElementsAre(StartsWith("ERROR Timeout: Too large resource version: 99999, current: ")));
}

TEST_F(WatchTest, TooOldIsAnErrorEvent) {
  std::string then = now();
  std::string data = R"({"fill":")" + std::string(1u << 19, 'x') + R"("})";
  for (int i = 0; i < 150; ++i) {
    test_.make_config("big", "{}", data);
    test_.remove_config("big");
  }
  auto& watch = start("?watch=1&resourceVersion=" + then);
  EXPECT_EQ(watch.status, 200);
  EXPECT_THAT(watch.text, HasSubstr("\"code\":410"));
  EXPECT_THAT(watch.text, HasSubstr("\"reason\":\"Expired\""));
  EXPECT_THAT(events(watch), ElementsAre(StartsWith("ERROR too old resource version: " + then + " (")));
  EXPECT_EQ(ended_, 1);
}

TEST_F(WatchTest, WhoDoesNotReadIsCutOffAndHoldsNobodyBack) {
  rt::Event reads(test_.server.loop);
  auto& slow = start("?watch=1");
  auto& quick = start("?watch=1&resourceVersion=" + now());
  auto& stuck = start("?watch=1&resourceVersion=" + now());
  stuck.reads = &reads;
  slow.reads = &reads;
  std::string data = R"({"fill":")" + std::string(1u << 19, 'x') + R"("})";
  test_.make_config("big", "{}", data);
  std::size_t seen = 0;
  for (int i = 0; i < 300; ++i) {
    test_.change_config("big", "n", std::to_string(i));
    seen += events(quick).size();
  }
  EXPECT_EQ(seen, 301u);
  reads.set();
  EXPECT_THAT(events(slow).back(), StartsWith("ERROR too old resource version: the watch fell behind"));
  reads.clear();
  auto& never = start("?watch=1&resourceVersion=" + now());
  never.reads = &reads;
  test_.make_config("c");
  run_for(61s);
  EXPECT_EQ(never.text, "(broken off)");
  reads.set();
}

TEST_F(WatchTest, Tables) {
  auto& watch = start("?watch=1", {{"accept", "application/json;as=Table;g=meta.k8s.io;v=v1"}});
  std::vector<codec::Value> tables;
  for (std::string_view rest = watch.text; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1))
    tables.push_back(*codec::find(codec::parse_json(rest.substr(0, rest.find('\n'))).value(), "object"));
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(codec::string_at(tables[0], "kind"), "Table");
  EXPECT_TRUE(codec::find(tables[0], "columnDefinitions")->is_array());
  EXPECT_TRUE(codec::find(tables[1], "columnDefinitions")->is_null());
  EXPECT_EQ(codec::string_at_path(tables[1].at("rows").at(0), {"object", "metadata", "name"}), "b");
}

TEST_F(WatchTest, PartialMetadata) {
  auto& watch = start("?watch=1&allowWatchBookmarks=1&timeoutSeconds=10",
                      {{"accept", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}});
  EXPECT_THAT(watch.text, StartsWith("{\"type\":\"ADDED\",\"object\":{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":"
                                     "\"meta.k8s.io/v1\",\"metadata\":{"));
  EXPECT_THAT(events(watch), ElementsAre("ADDED a", "ADDED b"));
  run_for(9s);
  EXPECT_THAT(watch.text, StartsWith("{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"PartialObjectMetadata\""));
}

// The frames of a protobuf watch: type and envelope of each.
std::vector<std::pair<std::string, std::string>> frames_of(std::string_view bytes) {
  std::vector<std::pair<std::string, std::string>> frames;
  while (bytes.size() >= 4) {
    std::size_t size = 0;
    for (int i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
    EXPECT_LE(size, bytes.size() - 4);
    auto event = schema::from_wire<meta::v1::WatchEvent>(bytes.substr(4, size));
    EXPECT_TRUE(event);
    codec::WireReader reader(bytes.substr(4, size));
    std::string object;
    while (!reader.done()) {
      auto field = reader.next();
      if (field->number != 2) continue;
      codec::WireReader inner(field->bytes);
      object = inner.next()->bytes;
    }
    frames.emplace_back(event->type, object);
    bytes.remove_prefix(4 + size);
  }
  EXPECT_TRUE(bytes.empty());
  return frames;
}

TEST_F(WatchTest, Protobuf) {
  auto& watch = start("?watch=1&allowWatchBookmarks=1&sendInitialEvents=1&resourceVersionMatch=NotOlderThan",
                      {{"accept", "application/vnd.kubernetes.protobuf"}});
  EXPECT_EQ(watch.response_headers.get("content-type"), "application/vnd.kubernetes.protobuf;stream=watch");
  auto frames = frames_of(watch.text);
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_EQ(frames[0].first, "ADDED");
  auto envelope = model::decode_envelope(frames[0].second);
  ASSERT_TRUE(envelope);
  EXPECT_EQ(envelope->kind, "ConfigMap");
  EXPECT_EQ(schema::from_wire<core::v1::ConfigMap>(envelope->raw)->metadata.name, "a");
  EXPECT_EQ(frames[2].first, "BOOKMARK");
  envelope = model::decode_envelope(frames[2].second);
  EXPECT_EQ(schema::from_wire<core::v1::ConfigMap>(envelope->raw)->metadata.annotations.at("k8s.io/initial-events-end"),
            "true");

  auto& partial =
      start("?watch=1", {{"accept", "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}});
  frames = frames_of(partial.text);
  ASSERT_EQ(frames.size(), 2u);
  envelope = model::decode_envelope(frames[1].second);
  EXPECT_EQ(envelope->kind, "PartialObjectMetadata");
  EXPECT_EQ(envelope->api_version, "meta.k8s.io/v1");
  EXPECT_EQ(schema::from_wire<meta::v1::PartialObjectMetadata>(envelope->raw)->metadata.name, "b");
}

TEST_F(WatchTest, NoYaml) {
  auto& watch = start("?watch=1", {{"accept", "application/yaml"}});
  EXPECT_EQ(watch.status, 406);
  EXPECT_THAT(watch.text, HasSubstr("only the following media types are accepted: application/json;stream=watch, "
                                    "application/vnd.kubernetes.protobuf;stream=watch"));
}

}  // namespace
}  // namespace charon::server

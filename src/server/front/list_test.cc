#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>

#include "api/apidiscovery/v2/types.h"
#include "api/core/v1/types.h"
#include "api/meta/v1/types.h"
#include "codec/yaml.h"
#include "model/envelope.h"
#include "server/continue_token.h"
#include "server/front/front_for_test.h"

namespace charon::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kConfigMaps = "/api/v1/namespaces/default/configmaps";

class ListTest : public testing::Test {
 protected:
  ListTest() {
    for (const char* name : {"a", "b", "c", "d", "e"}) test_.make_config(name);
  }
  FrontForTest::Reply get(const std::string& query) { return test_.get(kConfigMaps + query); }
  static std::string token_of(const FrontForTest::Reply& reply) {
    return std::string(codec::string_at_path(reply.tree, {"metadata", "continue"}));
  }
  static std::string version_of(const FrontForTest::Reply& reply) {
    return std::string(codec::string_at_path(reply.tree, {"metadata", "resourceVersion"}));
  }
  static std::optional<std::int64_t> remaining_of(const FrontForTest::Reply& reply) {
    return codec::int_at(*codec::find(reply.tree, "metadata"), "remainingItemCount");
  }

  FrontForTest test_;
};

TEST_F(ListTest, PagesShowTheSetAsItWasAtTheFirst) {
  auto first = get("?limit=2");
  EXPECT_THAT(names_of(first.items()), ElementsAre("a", "b"));
  EXPECT_EQ(remaining_of(first), 3);
  test_.remove_config("c");
  test_.make_config("bb");
  test_.make_config("f");
  test_.change_config("d", "new", "1");
  auto second = get("?limit=2&continue=" + token_of(first));
  EXPECT_THAT(names_of(second.items()), ElementsAre("c", "d"));
  EXPECT_EQ(codec::find_path(second.items()[1], {"metadata", "labels"}), nullptr);
  EXPECT_EQ(version_of(second), version_of(first));
  EXPECT_EQ(remaining_of(second), 1);
  auto third = get("?limit=2&continue=" + token_of(second));
  EXPECT_THAT(names_of(third.items()), ElementsAre("e"));
  EXPECT_EQ(token_of(third), "");
  EXPECT_EQ(remaining_of(third), std::nullopt);
  EXPECT_THAT(names_of(get("").items()), ElementsAre("a", "b", "bb", "d", "e", "f"));
}

TEST_F(ListTest, AllNamespacesArePagedToo) {
  ASSERT_TRUE(test_.server.create(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"zoo"}})"));
  test_.make_config("a", "{}", "{}", "zoo");
  auto first = test_.get("/api/v1/configmaps?limit=5");
  auto second = test_.get("/api/v1/configmaps?limit=5&continue=" + token_of(first));
  EXPECT_THAT(names_of(second.items()), ElementsAre("a"));
  EXPECT_EQ(codec::string_at_path(second.items()[0], {"metadata", "namespace"}), "zoo");
}

TEST_F(ListTest, NoCountWithASelector) {
  test_.change_config("a", "x", "1");
  test_.change_config("b", "x", "1");
  auto first = get("?limit=1&labelSelector=x%3D1");
  EXPECT_THAT(names_of(first.items()), ElementsAre("a"));
  EXPECT_EQ(remaining_of(first), std::nullopt);
  auto second = get("?limit=1&labelSelector=x%3D1&continue=" + token_of(first));
  EXPECT_THAT(names_of(second.items()), ElementsAre("b"));
  EXPECT_EQ(token_of(second), "");
}

TEST_F(ListTest, AnOldTokenOffersToGoOnInconsistently) {
  auto first = get("?limit=2");
  std::string data = R"({"fill":")" + std::string(1u << 19, 'x') + R"("})";
  for (int i = 0; i < 150; ++i) {
    test_.make_config("big", "{}", data);
    test_.remove_config("big");
  }
  auto expired = get("?limit=2&continue=" + token_of(first));
  EXPECT_EQ(expired.status, 410);
  EXPECT_EQ(expired.reason(), "Expired");
  EXPECT_THAT(expired.message(), StartsWith("The provided continue parameter is too old to display a consistent list result."));
  test_.make_config("bb");
  auto rest = get("?limit=2&continue=" + token_of(expired));
  EXPECT_THAT(names_of(rest.items()), ElementsAre("bb", "c"));
  auto last = get("?limit=9&continue=" + token_of(rest));
  EXPECT_THAT(names_of(last.items()), ElementsAre("d", "e"));
  auto exact = get("?resourceVersionMatch=Exact&resourceVersion=" + version_of(first));
  EXPECT_EQ(exact.status, 410);
  EXPECT_EQ(exact.message(), "The resourceVersion for the provided list is too old.");
}

TEST_F(ListTest, ResourceVersions) {
  std::string then = version_of(get(""));
  test_.make_config("f");
  EXPECT_EQ(get("?resourceVersionMatch=Exact&resourceVersion=" + then).items().size(), 5u);
  EXPECT_EQ(get("?resourceVersionMatch=Exact&limit=2&resourceVersion=" + then).items().size(), 2u);
  EXPECT_EQ(version_of(get("?limit=9&resourceVersion=" + then)), then);
  EXPECT_EQ(get("?resourceVersion=" + then).items().size(), 6u);
  EXPECT_EQ(get("?resourceVersionMatch=NotOlderThan&limit=9&resourceVersion=" + then).items().size(), 6u);
  EXPECT_EQ(get("?resourceVersion=0").items().size(), 6u);
  EXPECT_EQ(get("?resourceVersion=0&resourceVersionMatch=NotOlderThan").items().size(), 6u);
  for (const char* match : {"", "&resourceVersionMatch=Exact", "&resourceVersionMatch=NotOlderThan"}) {
    auto future = get(std::string("?resourceVersion=99999") + match);
    EXPECT_EQ(future.status, 504) << match;
    EXPECT_THAT(future.message(), StartsWith("Timeout: Too large resource version: 99999, current: "));
    EXPECT_EQ(future.headers.get("retry-after"), "1");
    EXPECT_THAT(future.text, HasSubstr("ResourceVersionTooLarge"));
  }
}

TEST_F(ListTest, WhatDoesNotGoTogetherIsRefused) {
  std::string token = token_of(get("?limit=2"));
  struct Case {
    std::string query;
    int status;
    std::string message;
  };
  const std::string kInvalid = "ListOptions.meta.k8s.io \"\" is invalid: ";
  for (
      const Case& one : std::vector<Case>{
          {"?resourceVersionMatch=Exact", 422,
           kInvalid + "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"},
          {"?resourceVersionMatch=Exact&resourceVersion=0", 422,
           kInvalid + "resourceVersionMatch: Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""},
          {"?resourceVersionMatch=Odd&resourceVersion=1", 422,
           kInvalid + "resourceVersionMatch: Unsupported value: \"Odd\": supported values: \"Exact\", \"NotOlderThan\", \"\""},
          {"?sendInitialEvents=true", 422, kInvalid + "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"},
          {"?resourceVersionMatch=NotOlderThan&resourceVersion=1&continue=" + token, 422,
           kInvalid + "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided"},
          {"?resourceVersion=1&continue=" + token, 400, "specifying resource version is not allowed when using continue"},
          {"?resourceVersion=x", 400,
           "invalid resource version: resourceVersion: Invalid value: \"x\": strconv.ParseUint: parsing \"x\": invalid syntax"},
          {"?limit=x", 400, "strconv.ParseInt: parsing \"x\": invalid syntax"},
          {"?continue=%25", 400, "invalid continue token: continue key is not valid: illegal base64 data"},
          {"?labelSelector=a%21b", 400, ""},
          {"?fieldSelector=data.x%3D1", 400,
           "\"data.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""},
      }) {
    auto reply = get(one.query);
    EXPECT_EQ(reply.status, one.status) << one.query << reply.text;
    if (!one.message.empty()) {
      EXPECT_EQ(reply.message(), one.message);
    }
  }
  EXPECT_EQ(get("?resourceVersion=0&limit=2&continue=" + token).status, 200);
}

TEST_F(ListTest, FieldSelectors) {
  EXPECT_THAT(names_of(get("?fieldSelector=metadata.name%3Dc").items()), ElementsAre("c"));
  EXPECT_THAT(names_of(test_.get("/api/v1/configmaps?fieldSelector=metadata.name%3Dc,metadata.namespace%3Ddefault").items()),
              ElementsAre("c"));
  EXPECT_THAT(names_of(get("?fieldSelector=metadata.name%21%3Dc&limit=2").items()), ElementsAre("a", "b"));
  auto message = [&](const std::string& path) { return std::string(test_.get(path).message()); };
  EXPECT_EQ(message("/api/v1/pods?fieldSelector=spec.x%3D1"), "field label not supported: spec.x");
  EXPECT_EQ(test_.get("/api/v1/pods?fieldSelector=spec.host%3Dn1").status, 200);
  EXPECT_EQ(test_.get("/api/v1/pods?fieldSelector=status.podIPs%3D1").status, 200);
  EXPECT_EQ(message("/api/v1/nodes?fieldSelector=metadata.namespace%3D1"), "field label not supported: metadata.namespace");
  EXPECT_EQ(message("/apis/batch/v1/jobs?fieldSelector=x%3D1"), "field label \"x\" not supported for batchv1.Job");
  EXPECT_EQ(message("/apis/resource.k8s.io/v1/resourceslices?fieldSelector=x%3D1"),
            "field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: x");
}

TEST_F(ListTest, Protobuf) {
  auto reply = test_.get_as(std::string(kConfigMaps) + "?limit=3", "application/vnd.kubernetes.protobuf");
  EXPECT_EQ(reply.headers.get("content-type"), "application/vnd.kubernetes.protobuf");
  auto envelope = model::decode_envelope(reply.text);
  ASSERT_TRUE(envelope);
  EXPECT_EQ(envelope->kind, "ConfigMapList");
  auto list = schema::from_wire<core::v1::ConfigMapList>(envelope->raw);
  ASSERT_TRUE(list);
  ASSERT_EQ(list->items.size(), 3u);
  EXPECT_EQ(list->items[2].metadata.name, "c");
  EXPECT_EQ(list->metadata.remainingItemCount, 2);
  EXPECT_NE(list->metadata.continue_, "");
}

TEST_F(ListTest, PartialMetadata) {
  constexpr const char* kList = ";as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
  auto json = test_.get_as(kConfigMaps, std::string("application/json") + kList);
  EXPECT_EQ(codec::string_at(json.tree, "kind"), "PartialObjectMetadataList");
  EXPECT_EQ(codec::string_at(json.tree, "apiVersion"), "meta.k8s.io/v1");
  EXPECT_THAT(names_of(json.items()), ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_EQ(codec::string_at(json.items()[0], "kind"), "PartialObjectMetadata");
  EXPECT_EQ(codec::find(json.items()[0], "data"), nullptr);
  auto wire = test_.get_as(kConfigMaps, std::string("application/vnd.kubernetes.protobuf") + kList);
  auto envelope = model::decode_envelope(wire.text);
  ASSERT_TRUE(envelope);
  EXPECT_EQ(envelope->api_version, "meta.k8s.io/v1");
  EXPECT_EQ(envelope->kind, "PartialObjectMetadataList");
  auto list = schema::from_wire<meta::v1::PartialObjectMetadataList>(envelope->raw);
  ASSERT_TRUE(list);
  ASSERT_EQ(list->items.size(), 5u);
  EXPECT_EQ(list->items[4].metadata.name, "e");
  auto wrong = test_.get_as(kConfigMaps, "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");
  EXPECT_EQ(wrong.status, 406);
  EXPECT_EQ(wrong.message(), "you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)");
  auto one = test_.get_as(std::string(kConfigMaps) + "/a", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1beta1");
  EXPECT_EQ(codec::string_at(one.tree, "apiVersion"), "meta.k8s.io/v1beta1");
  wrong = test_.get_as(std::string(kConfigMaps) + "/a", std::string("application/json") + kList);
  EXPECT_EQ(wrong.message(),
            "you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)");
}

TEST_F(ListTest, Tables) {
  constexpr const char* kTable = "application/json;as=Table;g=meta.k8s.io;v=v1";
  auto table = test_.get_as(std::string(kConfigMaps) + "?limit=2", kTable);
  EXPECT_EQ(codec::string_at(table.tree, "kind"), "Table");
  ASSERT_EQ(table.items("rows").size(), 2u);
  EXPECT_EQ(codec::string_at_path(table.items("rows")[0], {"object", "kind"}), "PartialObjectMetadata");
  EXPECT_EQ(remaining_of(table), 3);
  table = test_.get_as(std::string(kConfigMaps) + "?includeObject=None", kTable);
  EXPECT_TRUE(codec::find(table.items("rows")[0], "object")->is_null());
  table = test_.get_as(std::string(kConfigMaps) + "?includeObject=Object", kTable);
  EXPECT_EQ(codec::string_at_path(table.items("rows")[0], {"object", "kind"}), "ConfigMap");
  table = test_.get_as(std::string(kConfigMaps) + "?includeObject=Some", kTable);
  EXPECT_EQ(table.status, 400);
  EXPECT_EQ(table.message(),
            "Unable to convert to Table as requested: includeObject: Invalid value: \"Some\": must be 'Metadata', 'Object', "
            "'None', or empty");
  // Old clients' form, and a protobuf reader's fallback.
  table = test_.get_as(kConfigMaps,
                       "application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1,"
                       "application/json;as=Table;g=meta.k8s.io;v=v1beta1");
  EXPECT_EQ(codec::string_at(table.tree, "apiVersion"), "meta.k8s.io/v1beta1");
}

TEST_F(ListTest, Yaml) {
  auto reply = test_.get_as(kConfigMaps, "application/yaml");
  EXPECT_EQ(reply.headers.get("content-type"), "application/yaml");
  auto tree = codec::parse_yaml(reply.text);
  ASSERT_TRUE(tree) << reply.text;
  EXPECT_EQ(*tree, test_.get(kConfigMaps).tree) << reply.text;
  auto empty = test_.get_as("/api/v1/namespaces/none/configmaps", "application/yaml");
  EXPECT_EQ(*codec::parse_yaml(empty.text), test_.get("/api/v1/namespaces/none/configmaps").tree);
  auto table = test_.get_as(kConfigMaps, "application/yaml;as=Table;g=meta.k8s.io;v=v1");
  EXPECT_EQ(codec::parse_yaml(table.text)->at("rows").as_array().size(), 5u);
}

TEST_F(ListTest, PrettyForPeople) {
  auto plain = get("");
  EXPECT_THAT(plain.text, StartsWith("{\"kind\""));
  for (const auto& reply : {get("?pretty=true"), test_.get(kConfigMaps, {{"user-agent", "curl/8.1"}}),
                            test_.get_as(kConfigMaps, "application/json;pretty=1")}) {
    EXPECT_THAT(reply.text, StartsWith("{\n  \"kind\": \"ConfigMapList\",\n  \"apiVersion\": \"v1\",\n  \"metadata\": {\n"));
    EXPECT_THAT(reply.text, HasSubstr("\n    {\n      \"kind\": \"ConfigMap\","));
    EXPECT_EQ(reply.tree, plain.tree);
  }
  EXPECT_EQ(test_.get(std::string(kConfigMaps) + "?pretty=false", {{"user-agent", "curl/8.1"}}).text, plain.text);
}

std::string inflated(std::string_view bytes) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  int outcome = Z_OK;
  while (outcome == Z_OK) {
    char buffer[65536];
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof buffer;
    outcome = inflate(&stream, Z_NO_FLUSH);
    out.append(buffer, sizeof buffer - stream.avail_out);
  }
  EXPECT_EQ(outcome, Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0u);
  inflateEnd(&stream);
  return out;
}

TEST_F(ListTest, LargeResponsesAreCompressedForThoseWhoTakeIt) {
  const FrontForTest::Headers kGzip = {{"accept-encoding", "deflate, gzip"}};
  EXPECT_EQ(test_.get(kConfigMaps, kGzip).headers.get("content-encoding"), "");
  for (int i = 0; i < 40; ++i)
    test_.make_config("z" + std::to_string(i), "{}", R"({"k":")" + std::string(20000, 'k') + R"("})");
  auto plain = get("");
  EXPECT_EQ(plain.headers.get("content-encoding"), "");
  auto packed = test_.get(kConfigMaps, kGzip);
  EXPECT_EQ(packed.headers.get("content-encoding"), "gzip");
  EXPECT_EQ(packed.headers.get("vary"), "Accept-Encoding");
  EXPECT_LT(packed.text.size(), plain.text.size() / 20);
  EXPECT_EQ(inflated(packed.text), plain.text);
  EXPECT_EQ(test_.get(kConfigMaps, {{"accept-encoding", "gzip;q=1"}}).headers.get("content-encoding"), "");
  for (const char* accept : {"application/yaml", "application/vnd.kubernetes.protobuf"}) {
    auto form = test_.get(kConfigMaps, {{"accept", accept}, {"accept-encoding", "gzip"}});
    EXPECT_EQ(inflated(form.text), test_.get_as(kConfigMaps, accept).text) << accept;
  }
  test_.make_config("zz", "{}", R"({"k":")" + std::string(200000, 'k') + R"("})");
  auto one = test_.get(std::string(kConfigMaps) + "/zz", kGzip);
  EXPECT_EQ(inflated(one.text), test_.get(std::string(kConfigMaps) + "/zz").text);
}

rt::Task<bool> breaks_off(Front* front, ExchangeForTest* exchange) {
  try {
    co_await front->handle(*exchange);
  } catch (const std::runtime_error&) {
    co_return true;
  }
  co_return false;
}

TEST_F(ListTest, AReaderWhoDoesNotReadIsCutOff) {
  for (int i = 0; i < 40; ++i)
    test_.make_config("z" + std::to_string(i), "{}", R"({"k":")" + std::string(20000, 'k') + R"("})");
  auto exchange = FrontForTest::exchange(kConfigMaps);
  rt::Event reads(test_.server.loop);
  exchange->reads = &reads;
  auto started = test_.server.loop.now();
  EXPECT_TRUE(test_.server.loop.run(breaks_off(&test_.front, exchange.get())));
  EXPECT_LE(test_.server.loop.now() - started, std::chrono::seconds(61));
}

TEST_F(ListTest, AListIsSentWithinTheTimeOfARequest) {
  for (int i = 0; i < 200; ++i)
    test_.make_config("z" + std::to_string(i), "{}", R"({"k":")" + std::string(20000, 'k') + R"("})");
  auto exchange = FrontForTest::exchange(kConfigMaps);
  // Never too slow for a part.
  rt::Loop* loop = &test_.server.loop;
  exchange->before_write = [loop]() -> rt::Task<void> { co_await rt::sleep(*loop, std::chrono::seconds(25)); };
  auto started = test_.server.loop.now();
  EXPECT_TRUE(test_.server.loop.run(breaks_off(&test_.front, exchange.get())));
  EXPECT_GE(exchange->writes, 2);
  EXPECT_EQ(test_.server.loop.now() - started, rt::Duration(std::chrono::seconds(60)));
}

TEST_F(ListTest, Get) {
  std::string path = std::string(kConfigMaps) + "/a";
  EXPECT_EQ(test_.get(path + "?resourceVersion=0").status, 200);
  EXPECT_EQ(test_.get(path + "?resourceVersion=1").status, 200);
  EXPECT_EQ(test_.get(path + "?resourceVersion=99999").status, 504);
  EXPECT_EQ(test_.get(path + "?resourceVersion=-").status, 400);
  EXPECT_EQ(codec::string_at(test_.get(path + "?watch=true").tree, "kind"), "ConfigMap");  // what is named is read, not watched
  EXPECT_THAT(test_.get(path + "?pretty=1").text, StartsWith("{\n  \"kind\": \"ConfigMap\","));
  auto refused = test_.get_as(path, "text/html");
  EXPECT_EQ(refused.status, 406);
  EXPECT_EQ(refused.message(),
            "only the following media types are accepted: application/json, application/yaml, "
            "application/vnd.kubernetes.protobuf");
}

TEST_F(ListTest, DocumentsThatAreNamedByTheirHashAreKeptForEver) {
  auto index = test_.get("/openapi/v3");
  std::string path(codec::string_at(index.tree.at("paths").at("api/v1"), "serverRelativeURL"));
  auto document = test_.get(path);
  EXPECT_EQ(document.status, 200);
  EXPECT_EQ(document.headers.get("cache-control"), "public, immutable");
  EXPECT_THAT(std::string(document.headers.get("expires")), testing::MatchesRegex("..., .. ... 2027 ..:..:.. GMT"));
  std::string tag(document.headers.get("etag"));
  EXPECT_EQ(path, "/openapi/v3/api/v1?hash=" + tag.substr(1, tag.size() - 2));
  EXPECT_EQ(test_.get(path, {{"if-none-match", tag}}).status, 304);
  auto moved = test_.get("/openapi/v3/api/v1?hash=old");
  EXPECT_EQ(moved.status, 301);
  EXPECT_EQ(moved.headers.get("location"), path);
  EXPECT_EQ(test_.get("/openapi/v3/api/v1").headers.get("cache-control"), "no-cache, private");
  std::string discovered(
      test_.get("/apis", {{"accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}})
          .headers.get("etag"));
  EXPECT_NE(discovered, "");
}

TEST_F(ListTest, DiscoveryAsProtobuf) {
  constexpr const char* kProtobuf = "application/vnd.kubernetes.protobuf";
  auto reply = test_.get_as("/apis", std::string(kProtobuf) + ";g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
  EXPECT_EQ(reply.headers.get("content-type"), std::string(kProtobuf) + ";g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
  auto envelope = model::decode_envelope(reply.text);
  ASSERT_TRUE(envelope);
  EXPECT_EQ(envelope->api_version, "apidiscovery.k8s.io/v2");
  auto groups = schema::from_wire<apidiscovery::v2::APIGroupDiscoveryList>(envelope->raw);
  ASSERT_TRUE(groups);
  auto apps = std::ranges::find_if(groups->items, [](const auto& group) { return group.metadata.name == "apps"; });
  ASSERT_NE(apps, groups->items.end());
  EXPECT_GT(apps->versions.at(0).resources.size(), 4u);
  for (const char* path : {"/api", "/apis", "/apis/apps", "/api/v1", "/apis/apps/v1"}) {
    auto form = test_.get_as(path, kProtobuf);
    auto legacy = model::decode_envelope(form.text);
    ASSERT_TRUE(legacy) << path;
    EXPECT_EQ(legacy->api_version, "v1");
  }
  auto resources = test_.get_as("/api/v1", kProtobuf);
  auto list = schema::from_wire<meta::v1::APIResourceList>(model::decode_envelope(resources.text)->raw);
  ASSERT_TRUE(list);
  EXPECT_EQ(list->groupVersion, "v1");
  EXPECT_GT(list->resources.size(), 15u);
}

TEST(ContinueToken, RoundTrip) {
  for (const ContinueToken& token :
       {ContinueToken{7, {"ns", "name"}, 3}, ContinueToken{std::nullopt, {"", "system:x"}, std::nullopt}}) {
    auto read = read_continue_token(make_continue_token(token));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->revision, token.revision);
    EXPECT_EQ(read->last, token.last);
    EXPECT_EQ(read->left, token.left);
  }
}

}  // namespace
}  // namespace charon::server

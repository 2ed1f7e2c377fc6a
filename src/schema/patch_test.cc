#include "schema/patch.h"

#include <gtest/gtest.h>

#include "api/apps/v1/types.h"
#include "api/core/v1/types.h"
#include "codec/json.h"
#include "codec/tree.h"

namespace charon::schema {
namespace {

codec::Value parse(std::string_view text) {
  Result<codec::Value> value = codec::parse_json(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? *value : codec::Value();
}

struct Case {
  const char* name;
  const char* document;
  const char* patch;
  const char* expected;
};

constexpr Case kStrategic[] = {
    {"members", R"({"metadata":{"labels":{"a":"1","b":"2"}}})", R"({"metadata":{"labels":{"a":null,"c":"3"}}})",
     R"({"metadata":{"labels":{"b":"2","c":"3"}}})"},
    {"by key", R"({"spec":{"containers":[{"name":"a","image":"x"},{"name":"b","image":"y"}]}})",
     R"({"spec":{"containers":[{"name":"b","image":"z"}]}})",
     R"({"spec":{"containers":[{"name":"a","image":"x"},{"name":"b","image":"z"}]}})"},
    {"appended", R"({"spec":{"containers":[{"name":"a"}]}})", R"({"spec":{"containers":[{"name":"c","image":"n"}]}})",
     R"({"spec":{"containers":[{"name":"c","image":"n"},{"name":"a"}]}})"},
    {"deleted", R"({"spec":{"containers":[{"name":"a"},{"name":"b"}]}})",
     R"({"spec":{"containers":[{"$patch":"delete","name":"a"}]}})", R"({"spec":{"containers":[{"name":"b"}]}})"},
    {"list replaced", R"({"spec":{"containers":[{"name":"a"},{"name":"b"}]}})",
     R"({"spec":{"containers":[{"name":"c"},{"$patch":"replace"}]}})", R"({"spec":{"containers":[{"name":"c"}]}})"},
    {"object replaced", R"({"spec":{"nodeSelector":{"a":"1"}}})", R"({"spec":{"nodeSelector":{"$patch":"replace","b":"2"}}})",
     R"({"spec":{"nodeSelector":{"b":"2"}}})"},
    {"atomic list", R"({"spec":{"tolerations":[{"key":"a"},{"key":"b"}]}})", R"({"spec":{"tolerations":[{"key":"c"}]}})",
     R"({"spec":{"tolerations":[{"key":"c"}]}})"},
    {"primitives", R"({"metadata":{"finalizers":["a","b"]}})",
     R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["a"],"finalizers":["c"]}})",
     R"({"metadata":{"finalizers":["c","b"]}})"},
    {"element order", R"({"spec":{"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]}})",
     R"({"spec":{"$setElementOrder/containers":[{"name":"c"},{"name":"b"},{"name":"a"}],"containers":[{"name":"b","image":"i"}]}})",
     R"({"spec":{"containers":[{"name":"c"},{"name":"b","image":"i"},{"name":"a"}]}})"},
    {"order with a stranger", R"({"spec":{"containers":[{"name":"s"},{"name":"a"}]}})",
     R"({"spec":{"$setElementOrder/containers":[{"name":"a"},{"name":"n"}],"containers":[{"name":"n"}]}})",
     R"({"spec":{"containers":[{"name":"s"},{"name":"a"},{"name":"n"}]}})"},
};

TEST(JsonPatch, CopiesAreBounded) {
  codec::Value document = codec::Object{{"data", std::string(1000, 'x')}};
  codec::Array operations;
  // Each copy takes the whole document, and so doubles it.
  for (int i = 0; i < 30; ++i) operations.push_back({{"op", "copy"}, {"from", ""}, {"path", "/c" + std::to_string(i)}});
  auto patched = json_patch(document, operations);
  ASSERT_FALSE(patched);
  EXPECT_EQ(patched.error().reason, Reason::RequestEntityTooLarge);
  EXPECT_EQ(document.as_object().size(), 1u);
}

TEST(StrategicMerge, Table) {
  for (const Case& each : kStrategic) {
    SCOPED_TRACE(each.name);
    codec::Value document = parse(each.document);
    Result<void> done = strategic_merge_patch(core::v1::Pod::table(), document, parse(each.patch));
    ASSERT_TRUE(done.has_value()) << done.error().message;
    EXPECT_EQ(codec::write_json(document), codec::write_json(parse(each.expected)));
  }
}

TEST(StrategicMerge, RetainKeys) {
  codec::Value document = parse(R"({"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}})");
  codec::Value patch = parse(R"({"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}})");
  ASSERT_TRUE(strategic_merge_patch(apps::v1::Deployment::table(), document, patch).has_value());
  EXPECT_EQ(codec::write_json(document), R"({"spec":{"strategy":{"type":"Recreate"}}})");
}

TEST(StrategicMerge, RefusesBadPatches) {
  const char* const kBad[] = {R"({"spec":{"containers":[{"image":"x"}]}})", R"({"spec":{"$patch":"what"}})",
                              R"({"spec":{"$retainKeys":["a"],"b":1}})"};
  for (const char* text : kBad) {
    codec::Value document = parse(R"({"spec":{"containers":[{"name":"a"}]}})");
    codec::Value before = document;
    Result<void> done = strategic_merge_patch(core::v1::Pod::table(), document, parse(text));
    ASSERT_FALSE(done.has_value()) << text;
    EXPECT_EQ(done.error().reason, Reason::BadRequest);
    EXPECT_EQ(document, before);
  }
}

TEST(JsonPatch, Table) {
  constexpr Case kCases[] = {
      {"add", R"({"a":{"b":[1,2]}})", R"([{"op":"add","path":"/a/b/1","value":9},{"op":"add","path":"/a/b/-","value":3}])",
       R"({"a":{"b":[1,9,2,3]}})"},
      {"remove", R"({"a":{"x/y":1,"z":2}})", R"([{"op":"remove","path":"/a/x~1y"}])", R"({"a":{"z":2}})"},
      {"replace", R"({"a":[1]})", R"([{"op":"replace","path":"/a/0","value":{"b":1}}])", R"({"a":[{"b":1}]})"},
      {"move", R"({"a":1})", R"([{"op":"move","from":"/a","path":"/b"}])", R"({"b":1})"},
      {"copy", R"({"a":1})", R"([{"op":"copy","from":"/a","path":"/b"}])", R"({"a":1,"b":1})"},
      {"test", R"({"a":1})", R"([{"op":"test","path":"/a","value":1.0},{"op":"add","path":"/b","value":null}])",
       R"({"a":1,"b":null})"},
  };
  for (const Case& each : kCases) {
    SCOPED_TRACE(each.name);
    codec::Value document = parse(each.document);
    Result<void> done = json_patch(document, parse(each.patch));
    ASSERT_TRUE(done.has_value()) << done.error().message;
    EXPECT_EQ(codec::write_json(document), each.expected);
  }
}

TEST(JsonPatch, LeavesTheDocumentWhenAnOperationFails) {
  const char* const kFailing[] = {R"([{"op":"add","path":"/b","value":1},{"op":"remove","path":"/x"}])",
                                  R"([{"op":"add","path":"/b","value":1},{"op":"test","path":"/a","value":2}])",
                                  R"([{"op":"replace","path":"/a/b","value":1}])", R"([{"op":"add","path":"/l/7","value":1}])"};
  for (const char* text : kFailing) {
    codec::Value document = parse(R"({"a":1,"l":[]})");
    Result<void> done = json_patch(document, parse(text));
    ASSERT_FALSE(done.has_value()) << text;
    EXPECT_EQ(done.error().reason, Reason::Invalid);
    EXPECT_EQ(codec::write_json(document), R"({"a":1,"l":[]})");
  }
}

TEST(MergePatch, Rfc7386) {
  constexpr Case kCases[] = {{"", R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
                             {"", R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
                             {"", R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
                             {"", R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
                             {"", R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
                             {"", R"(["a"])", R"({"a":1})", R"({"a":1})"}};
  for (const Case& each : kCases) {
    codec::Value document = parse(each.document);
    merge_patch(document, parse(each.patch));
    EXPECT_EQ(codec::write_json(document), each.expected);
  }
}

}  // namespace
}  // namespace charon::schema

#include "schema/patch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>

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

// Lists of named objects as words: "a1 b" is a list of a with the image 1, and of b.
using Words = std::vector<std::string>;

codec::Array named_list(const Words& words) {
  codec::Array list;
  for (const std::string& word : words) {
    codec::Object item{{"name", word.substr(0, 1)}};
    if (word.size() > 1 && word[1] == '-') item["$patch"] = "delete";
    if (word.size() > 1 && word[1] != '-') item["image"] = word.substr(1);
    list.push_back(std::move(item));
  }
  return list;
}

std::size_t place_in(const Words& list, const std::string& word) {
  auto found = std::ranges::find_if(list, [&](const std::string& other) { return other[0] == word[0]; });
  return static_cast<std::size_t>(found - list.begin());
}

// The order as it is defined: what the order names comes in its order, the others before what stood behind them.
Words reordered(const Words& merged, const Words& order, const Words& original) {
  Words named;
  Words others;
  for (std::size_t i = 0; i <= order.size(); ++i)
    for (const std::string& word : merged)
      if (place_in(order, word) == i) (i < order.size() ? named : others).push_back(word);
  Words out;
  std::size_t i = 0;
  for (const std::string& word : named) {
    for (; i < others.size(); ++i) {
      const std::size_t left = place_in(original, others[i]);
      const std::size_t right = place_in(original, word);
      if (left >= right || right == original.size()) break;
      out.push_back(others[i]);
    }
    out.push_back(word);
  }
  out.insert(out.end(), others.begin() + static_cast<std::ptrdiff_t>(i), others.end());
  return out;
}

Words merged_by_hand(const Words& original, const Words& patch) {
  Words merged = original;
  Words order;
  for (const std::string& word : patch) {
    const std::size_t place = place_in(merged, word);
    if (word.ends_with('-')) {
      std::erase_if(merged, [&](const std::string& other) { return other[0] == word[0]; });
      continue;
    }
    order.push_back(word);
    if (place == merged.size())
      merged.push_back(word);
    else if (word.size() > 1)
      merged[place] = word;
  }
  return reordered(merged, order, original);
}

TEST(StrategicMerge, RandomListsMergeAsByHand) {
  std::mt19937 random(1);
  auto words = [&random](bool directives) {
    Words list(random() % 7);
    for (std::string& word : list) {
      word = static_cast<char>('a' + random() % 6);
      if (random() % 2 == 0) word += directives && random() % 2 == 0 ? '-' : static_cast<char>('0' + random() % 10);
    }
    return list;
  };
  for (int round = 0; round < 20'000; ++round) {
    const Words original = words(false);
    const Words patch = words(true);
    codec::Object changes{{"containers", named_list(patch)}};
    Words expected = merged_by_hand(original, patch);
    if (round % 2 == 0) {
      const Words order = words(false);
      changes["$setElementOrder/containers"] = named_list(order);
      expected = reordered(expected, order, original);
    }
    codec::Value document = codec::Object{{"spec", codec::Object{{"containers", named_list(original)}}}};
    const codec::Value before = document;
    const codec::Value whole = codec::Object{{"spec", std::move(changes)}};
    ASSERT_TRUE(strategic_merge_patch(core::v1::Pod::table(), document, whole).has_value());
    ASSERT_EQ(codec::write_json(document.at("spec").at("containers")), codec::write_json(named_list(expected)))
        << codec::write_json(before) << " patched with " << codec::write_json(whole);
  }
}

class Hostile : public testing::Test {
 protected:
  static constexpr int kMany = 20'000;
  void TearDown() override { EXPECT_LT(std::chrono::steady_clock::now() - begun_, std::chrono::seconds(20)); }

 private:
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

TEST_F(Hostile, LongListsMergeByKey) {
  codec::Array own;
  codec::Array given;
  codec::Array order;
  for (int i = 0; i < kMany; ++i) {
    own.push_back({{"name", "a" + std::to_string(i)}});
    given.push_back({{"name", (i % 2 == 0 ? "a" : "b") + std::to_string(i)}, {"image", "x"}});
    if (i % 8 == 0) given.back().get_object()["$patch"] = "delete";
    order.push_back({{"name", "a" + std::to_string(kMany - i)}});
  }
  codec::Value document = codec::Object{{"spec", codec::Object{{"containers", own}}}};
  const codec::Value patch =
      codec::Object{{"spec", codec::Object{{"containers", given}, {"$setElementOrder/containers", order}}}};
  ASSERT_TRUE(strategic_merge_patch(core::v1::Pod::table(), document, patch).has_value());
  EXPECT_EQ(document.at("spec").at("containers").as_array().size(), std::size_t{kMany + kMany / 2 - kMany / 8});
}

TEST_F(Hostile, LongListsOfTextsMerge) {
  codec::Array own;
  codec::Array given;
  codec::Array removed;
  for (int i = 0; i < kMany; ++i) {
    own.emplace_back("a" + std::to_string(i));
    given.emplace_back("b" + std::to_string(i));
    removed.emplace_back("a" + std::to_string(2 * i));
  }
  codec::Value document = codec::Object{{"metadata", codec::Object{{"finalizers", own}}}};
  const codec::Value patch = codec::Object{{"metadata", codec::Object{{"$deleteFromPrimitiveList/finalizers", removed},
                                                                      {"finalizers", given},
                                                                      {"$setElementOrder/finalizers", given}}}};
  ASSERT_TRUE(strategic_merge_patch(core::v1::Pod::table(), document, patch).has_value());
  EXPECT_EQ(document.at("metadata").at("finalizers").as_array().size(), std::size_t{kMany + kMany / 2});
}

TEST_F(Hostile, ManyMembersGo) {
  codec::Object members;
  codec::Object nulls;
  codec::Array retained;
  for (int i = 0; i < 5 * kMany; ++i) {
    members["a" + std::to_string(i)] = "";
    if (i % 2 == 0) nulls["a" + std::to_string(i)] = nullptr;
    if (i % 2 != 0) retained.emplace_back("a" + std::to_string(i));
  }
  const codec::Value document = codec::Object{{"data", members}};
  const codec::Value patch = codec::Object{{"data", nulls}};
  codec::Value merged = document;
  merge_patch(merged, patch);
  EXPECT_EQ(merged.at("data").as_object().size(), retained.size());
  codec::Value strategic = document;
  ASSERT_TRUE(strategic_merge_patch(core::v1::ConfigMap::table(), strategic, patch).has_value());
  EXPECT_EQ(strategic, merged);
  codec::Value kept = document;
  const codec::Value directive = codec::Object{{"data", codec::Object{{"$retainKeys", retained}}}};
  ASSERT_TRUE(strategic_merge_patch(core::v1::ConfigMap::table(), kept, directive).has_value());
  EXPECT_EQ(kept, merged);
}

TEST_F(Hostile, JsonPatchShiftsNoLongListForEver) {
  codec::Array operations;
  operations.push_back({{"op", "add"}, {"path", "/list"}, {"value", codec::Array(1'000'000)}});
  for (int i = 0; i < 9'000; ++i) operations.push_back({{"op", "remove"}, {"path", "/list/0"}});
  codec::Value document = codec::Object();
  Result<void> done = json_patch(document, operations);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().reason, Reason::RequestEntityTooLarge);
  // From the end it costs nothing.
  for (int i = 1; i <= 9'000; ++i) operations[i].get_object()["path"] = "/list/" + std::to_string(1'000'000 - i);
  EXPECT_TRUE(json_patch(document, operations));
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

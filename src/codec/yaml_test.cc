#include "codec/yaml.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "codec/json.h"
#include "codec/random_tree_test.h"
#include "codec/tree.h"

namespace charon::codec {
namespace {

std::string as_json(std::string_view yaml) {
  const Result<Value> value = parse_yaml(yaml);
  return value ? write_json(*value) : "error: " + value.error().message;
}

std::string as_yaml(std::string_view json) { return write_yaml(parse_json(json).value()); }

struct Pair {
  const char* yaml;
  const char* json;
};

TEST(YamlParse, TellsOfKeysThatAreThereTwice) {
  YamlNotes notes;
  const Result<Value> value = parse_yaml("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n1: x\n1: y\nd: {<<: {e: 1}, e: 2}\n", &notes);
  ASSERT_TRUE(value) << value.error().message;
  EXPECT_EQ(write_json(*value), R"({"a":3,"b":{"c":2},"1":"y","d":{"e":2}})");
  EXPECT_EQ(notes.duplicate_keys,
            (std::vector<std::string>{"line 4: key \"c\" already set in map", "line 5: key \"a\" already set in map",
                                      "line 7: key 1 already set in map"}));
  YamlNotes of_json;
  ASSERT_TRUE(parse_yaml(R"({"a":{"b":1,"b":2}})", &of_json));
  EXPECT_EQ(of_json.duplicate_keys, (std::vector<std::string>{"key \"b\" already set in map"}));
}

TEST(YamlParse, ResolvesPlainScalars) {
  constexpr Pair kCases[] = {
      {"yes", "true"},
      {"On", "true"},
      {"TRUE", "true"},
      {"off", "false"},
      {"No", "false"},
      {"y", "\"y\""},
      {"n", "\"n\""},
      {"tRue", "\"tRue\""},
      {"~", "null"},
      {"Null", "null"},
      {"0644", "420"},
      {"0o644", "420"},
      {"0x1F", "31"},
      {"0b101", "5"},
      {"-0x10", "-16"},
      {"+12", "12"},
      {"1_000", "1000"},
      {"0888", "888"},
      {"18446744073709551615", "18446744073709551615"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"1.5", "1.5"},
      {".5", "0.5"},
      {"1e3", "1000"},
      {"1.", "1"},
      {"1.2.3", "\"1.2.3\""},
      {"10.0.0.1", "\"10.0.0.1\""},
      {"12:30", "\"12:30\""},
      {"2026-01-02", "\"2026-01-02\""},
      {"2026-01-02T03:04:05Z", "\"2026-01-02T03:04:05Z\""},
      {"100m", "\"100m\""},
      {"0x", "\"0x\""},
      {"-", "[null]"},
      {"\"yes\"", "\"yes\""},
      {"'0644'", "\"0644\""},
      {"!!str 12", "\"12\""},
      {"!!int '12'", "12"},
      {"!!float 3", "3"},
      {"!!binary aGk=", "\"hi\""},
      {"1e999", "\"1e999\""},
      {"=", "\"=\""},
      {"\"a\\N\\_\\L\"", "\"a\u0085\u00a0\u2028\""},
  };
  for (const auto& [yaml, json] : kCases) EXPECT_EQ(as_json(yaml), json) << yaml;
}

TEST(YamlParse, ReadsCollections) {
  EXPECT_EQ(as_json("a: 1\nb:\n- x\n- y: {z: [1, two]}\nc:\n"), R"({"a":1,"b":["x",{"y":{"z":[1,"two"]}}],"c":null})");
  EXPECT_EQ(as_json("on: 1\n1: 2\n1.5: 3\nfalse: 4\n"), R"({"true":1,"1":2,"1.5":3,"false":4})");
  EXPECT_EQ(as_json("a: |\n  x\n   y\n\nb: >-\n  x\n  y\n"), R"({"a":"x\n y\n","b":"x y"})");
  EXPECT_EQ(as_json("a: 1\na: 2\n"), R"({"a":2})");
  EXPECT_EQ(as_json("{\n\t\"a\": [1,\n\t\t2]}"), R"({"a":[1,2]})");
  EXPECT_EQ(as_json("{a: 1, 'b': x}"), R"({"a":1,"b":"x"})");
  EXPECT_EQ(as_json(""), "null");
  EXPECT_EQ(as_json("# nothing\n---\n"), "null");
}

TEST(YamlParse, ExpandsAnchorsAndMerges) {
  EXPECT_EQ(as_json("a: &x {k: 1}\nb: *x\n"), R"({"a":{"k":1},"b":{"k":1}})");
  EXPECT_EQ(as_json("base: &b {k: 1, l: 2}\nc:\n  <<: *b\n  l: 3\n"), R"({"base":{"k":1,"l":2},"c":{"l":3,"k":1}})");
  EXPECT_EQ(as_json("- &a {k: 1}\n- &b {k: 2, l: 3}\n- <<: [*a, *b]\n"), R"([{"k":1},{"k":2,"l":3},{"k":1,"l":3}])");
  EXPECT_EQ(as_json("'<<': 1\n"), R"({"<<":1})");
}

TEST(YamlParse, RefusesInPlace) {
  EXPECT_TRUE(as_json("a: b: c").starts_with("error: yaml: line 1, column ")) << as_json("a: b: c");
  EXPECT_EQ(as_json("a: 1\nb: .inf\n"), "error: yaml: line 2, column 4: infinities and NaN have no JSON form");
  for (const char* text : {"a: *x", "&x [*x]", "a: !foo 1", "<<: 1", "[1, 2", "\"abc", "? [a]\n: 1", "~: 1", "a: !!int x",
                           "a\x01", "\xff", "a: 1\n---\nb: 2\n", "a:\n\t- b", "!!set {a}", ",a:  a", "a: 1\n]"})
    EXPECT_TRUE(as_json(text).starts_with("error: yaml: ")) << text << " -> " << as_json(text);
}

TEST(YamlParse, RefusesQuotesWithoutAnEnd) {
  for (const char* text : {"a: \"b\n", "a: \"b\n\n", "a: 'b\n", "a: 'it''s\n", "a: \"b\\\"\n", "\"a\n", "[\"a\n", "a: &x \"b\n",
                           "a: !!str &x 'b\n", "a: 1\n---\nb: 'c\n",
                           "\xef\xbb\xbf"
                           "a: \"b\n",
                           "a: \"b", "a: 'c' \nb: '\n"}) {
    const std::string got = as_json(text);
    EXPECT_TRUE(got.starts_with("error: ")) << text << ": " << got;
  }
  EXPECT_EQ(as_json("a: \"b\\\\\"\n"), R"({"a":"b\\"})");
  EXPECT_EQ(as_json("a: 'it''s'\n"), R"({"a":"it's"})");
  EXPECT_EQ(as_json("a: ''\n"), R"({"a":""})");
  EXPECT_EQ(as_json("a: !!str \"b\nc\"\n"), R"({"a":"b c"})");
  EXPECT_EQ(as_json("a: |\n  \"b\n"), R"({"a":"\"b\n"})");
  EXPECT_EQ(as_json("a: it's\n"), R"({"a":"it's"})");
  EXPECT_EQ(as_json("\xef\xbb\xbf"
                    "a: \"b\"\n"),
            R"({"a":"b"})");
}

TEST(YamlParse, LimitsDepthAndExpansion) {
  const auto nested = [](int depth) {
    return "x: " + std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_TRUE(parse_yaml(nested(limits::kDocumentDepth - 1)));
  EXPECT_FALSE(parse_yaml(nested(limits::kDocumentDepth)));
  EXPECT_FALSE(parse_yaml("x: " + std::string(100000, '[')));
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string alias = "*a" + std::to_string(i - 1);
    bomb += fmt::format("a{0}: &a{0} [{1}, {1}, {1}, {1}, {1}, {1}, {1}, {1}, {1}]\n", i, alias);
  }
  EXPECT_TRUE(as_json(bomb).ends_with("document contains excessive aliasing"));
  std::string deep = "- &a0 [x]\n";
  for (int i = 1; i < 120; ++i) deep += fmt::format("- &a{} [*a{}]\n", i, i - 1);
  EXPECT_TRUE(as_json(deep).ends_with("nested too deeply")) << as_json(deep);
}

TEST(YamlParse, SplitsDocuments) {
  const std::vector<Value> documents = parse_yaml_documents("---\na: 1\n---\n# empty\n---\n\nb: 2\n...\n---\n[3]\n").value();
  ASSERT_EQ(documents.size(), 3u);
  EXPECT_EQ(write_json(documents[1]), R"({"b":2})");
  EXPECT_EQ(parse_yaml_documents("").value().size(), 0u);
  EXPECT_FALSE(parse_yaml_documents("a: 1\n---\n[\n"));
}

TEST(YamlWrite, PrintsAsKubectl) {
  EXPECT_EQ(as_yaml(R"({"kind":"Pod","spec":{"l":{},"e":[],"x":null,"t":true,"i":-3,"f":1.5}})"),
            "kind: Pod\nspec:\n  l: {}\n  e: []\n  x: null\n  t: true\n  i: -3\n  f: 1.5\n");
  EXPECT_EQ(as_yaml(R"({"args":["--a=b","-v","x y"],"c":[{"k":1,"m":[[1,2],[]]},{"o":{"p":1}}]})"),
            "args:\n- --a=b\n- -v\n- x y\nc:\n- k: 1\n  m:\n  - - 1\n    - 2\n  - []\n- o:\n    p: 1\n");
  EXPECT_EQ(as_yaml(R"({"a":"line\n  two\n","b":"no end\nx","c":["k\n\n"]})"),
            "a: |\n  line\n    two\nb: |-\n  no end\n  x\nc:\n- |+\n  k\n\n");
  EXPECT_EQ(as_yaml(R"({"a":"yes","b":"12","c":"2026-01-02T03:04:05Z","d":"","e":"a: b","f":"y","g":"10.0.0.1","h":"12:30"})"),
            "a: \"yes\"\nb: \"12\"\nc: \"2026-01-02T03:04:05Z\"\nd: \"\"\ne: \"a: b\"\nf: \"y\"\ng: 10.0.0.1\nh: \"12:30\"\n");
  EXPECT_EQ(as_yaml(R"(["* x","a #b","a#b","\t","\u0001\u2028","100m","nginx:1.25","http://x/y"])"),
            "- \"* x\"\n- \"a #b\"\n- a#b\n- \"\\t\"\n- \"\\x01\\u2028\"\n- 100m\n- nginx:1.25\n- http://x/y\n");
  EXPECT_EQ(as_yaml("1e30"), "1.0e+30\n");
  EXPECT_EQ(as_yaml("{}"), "{}\n");
  EXPECT_EQ(as_yaml("\"x\""), "x\n");
}

TEST(YamlWrite, RoundTripsRandomTrees) {
  RandomTrees trees(2);
  for (int i = 0; i < 20000; ++i) {
    const Value tree = trees.next();
    const std::string text = write_yaml(tree);
    const Result<Value> again = parse_yaml(text);
    ASSERT_TRUE(again) << text << "\n" << again.error().message;
    ASSERT_TRUE(equal(tree, *again)) << write_json(tree) << "\n" << text << "\n" << write_json(*again);
    ASSERT_EQ(write_yaml(*again), text);
  }
}

}  // namespace
}  // namespace charon::codec

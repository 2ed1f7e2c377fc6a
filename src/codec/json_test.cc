#include "codec/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "codec/random_tree_test.h"
#include "codec/tree.h"

namespace charon::codec {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string rewritten(std::string_view text) {
  const Result<Value> value = parse_json(text);
  return value ? write_json(*value) : "error: " + value.error().message;
}

std::string nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
}

TEST(Json, KeepsOrderAndNumbers) {
  for (const char* text :
       {R"({"b":1,"a":[true,false,null,"x"],"c":{}})", "9223372036854775807", "-9223372036854775808", "18446744073709551615",
        "1.5", "0.000001", "1e-7", "1e+21", "\"a<b>&\\n\\u0001\xc3\xa4\"", "[]", "\"\""})
    EXPECT_EQ(rewritten(text), text);
  EXPECT_EQ(rewritten(" [ 1 , 2.0 ] \n"), "[1,2]");
  EXPECT_EQ(rewritten("1e3"), "1000");
  EXPECT_EQ(rewritten("100000000000000000000"), "100000000000000000000");
  EXPECT_EQ(rewritten("0.1"), "0.1");
  EXPECT_EQ(rewritten("123456.789e-10"), "0.0000123456789");
  EXPECT_EQ(rewritten("1e-400"), "0");
  EXPECT_EQ(rewritten("-0e141"), "0");
  EXPECT_EQ(rewritten("\"\\ud83d\\ude00\\/\""), "\"\xf0\x9f\x98\x80/\"");
}

TEST(Json, RefusesMalformedTexts) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "[1,]",
                           "{\"a\":1,}",
                           "{a:1}",
                           "01",
                           "1.",
                           "+1",
                           "nul",
                           "'a'",
                           "1 2",
                           "[1] x",
                           "\"\n\"",
                           "\"\\x\"",
                           "\"\xff\"",
                           "\"\xed\xa0\x80\"",
                           "\"\xc0\x80\"",
                           "\"\\ud800\"",
                           "1e999",
                           "-1e999",
                           "// x\n1",
                           "NaN"}) {
    const Result<Value> value = parse_json(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().reason, Reason::BadRequest);
    EXPECT_TRUE(value.error().message.starts_with("invalid JSON at offset ")) << value.error().message;
  }
  EXPECT_TRUE(parse_json("[1, x]").error().message.starts_with("invalid JSON at offset 4: "));
}

TEST(Json, LimitsDepth) {
  EXPECT_TRUE(parse_json(nested(limits::kDocumentDepth)));
  EXPECT_FALSE(parse_json(nested(limits::kDocumentDepth + 1)));
  EXPECT_FALSE(parse_json(std::string(1000000, '[')));
}

TEST(Json, FindsDuplicateFields) {
  JsonNotes notes;
  const Value value =
      parse_json(R"({"spec":{"replicas":1,"c":[{"n":1},{"n":2,"n":3}],"replicas":2},"k":1,"\u006b":2})", &notes).value();
  EXPECT_EQ(write_json(value), R"({"spec":{"replicas":2,"c":[{"n":1},{"n":3}]},"k":2})");
  EXPECT_THAT(notes.duplicate_fields, ElementsAre("spec.c[1].n", "spec.replicas", "k"));
  JsonNotes none;
  ASSERT_TRUE(parse_json(R"({"a":{"a":1},"b":[{"a":1},{"a":1}]})", &none));
  EXPECT_THAT(none.duplicate_fields, IsEmpty());
}

TEST(Json, WritesPretty) {
  EXPECT_EQ(write_json_pretty(parse_json(R"({"a":[1,{"b":[]}],"c":{}})").value()),
            "{\n    \"a\": [\n        1,\n        {\n            \"b\": []\n        }\n    ],\n    \"c\": {}\n}");
}

TEST(Json, RoundTripsRandomTrees) {
  RandomTrees trees(1);
  for (int i = 0; i < 20000; ++i) {
    const Value tree = trees.next();
    const std::string text = write_json(tree);
    const Result<Value> again = parse_json(text);
    ASSERT_TRUE(again) << text << "\n" << again.error().message;
    ASSERT_TRUE(equal(tree, *again)) << text;
    ASSERT_EQ(write_json(*again), text);
    ASSERT_TRUE(equal(tree, parse_json(write_json_pretty(tree)).value())) << text;
  }
}

}  // namespace
}  // namespace charon::codec

#include "codec/tree.h"

#include <gtest/gtest.h>

#include "codec/json.h"

namespace charon::codec {
namespace {

TEST(Tree, FindsMembers) {
  const Value tree = parse_json(R"({"a":{"b":{"c":"text"}},"n":3,"d":2.0,"t":true,"s":"x"})").value();
  EXPECT_EQ(string_at_path(tree, {"a", "b", "c"}), "text");
  EXPECT_EQ(find_path(tree, {"a", "x", "c"}), nullptr);
  EXPECT_EQ(find_path(tree, {"n", "x"}), nullptr);
  EXPECT_EQ(string_at(tree, "s"), "x");
  EXPECT_EQ(string_at(tree, "n"), "");
  EXPECT_EQ(int_at(tree, "n"), 3);
  EXPECT_EQ(int_at(tree, "d"), 2);
  EXPECT_EQ(int_at(tree, "s"), std::nullopt);
  EXPECT_EQ(bool_at(tree, "t"), true);
  EXPECT_EQ(bool_at(tree, "n"), std::nullopt);
}

TEST(Tree, MakesObjects) {
  Value tree = parse_json(R"({"a":1})").value();
  ensure_object(tree, {"a", "b"})["c"] = 1;
  EXPECT_EQ(write_json(tree), R"({"a":{"b":{"c":1}}})");
  ensure_object(tree, {"a"})["d"] = 2;
  EXPECT_EQ(write_json(tree), R"({"a":{"b":{"c":1},"d":2}})");
  Value scalar(3);
  ensure_object(scalar);
  EXPECT_EQ(write_json(scalar), "{}");
}

TEST(Tree, ComparesByValue) {
  const auto same = [](std::string_view left, std::string_view right) {
    const bool forth = equal(parse_json(left).value(), parse_json(right).value());
    EXPECT_EQ(forth, equal(parse_json(right).value(), parse_json(left).value())) << left << " " << right;
    return forth;
  };
  EXPECT_TRUE(same("1", "1.0"));
  EXPECT_TRUE(same("18446744073709551615", "18446744073709551615"));
  EXPECT_FALSE(same("18446744073709551615", "18446744073709551616"));
  EXPECT_FALSE(same("9007199254740993", "9007199254740992.0"));
  EXPECT_FALSE(same("-1", "18446744073709551615"));
  EXPECT_FALSE(same("1.5", "1"));
  EXPECT_FALSE(same("1", "\"1\""));
  EXPECT_TRUE(same(R"({"a":1,"b":[true,null]})", R"({"b":[true,null],"a":1})"));
  EXPECT_FALSE(same(R"({"a":1})", R"({"a":1,"b":1})"));
  EXPECT_FALSE(same(R"({"a":1})", R"({"b":1})"));
  EXPECT_FALSE(same("[1,2]", "[2,1]"));
}

}  // namespace
}  // namespace charon::codec

#include "schema/apply/field_set.h"

#include <gtest/gtest.h>

#include <random>

#include "codec/json.h"
#include "codec/tree.h"

namespace charon::schema::apply {
namespace {

FieldSet set(std::string_view json) {
  auto parsed = FieldSet::from_fields_v1(codec::parse_json(json).value());
  EXPECT_TRUE(parsed) << json << (parsed ? "" : parsed.error().message);
  return parsed.value_or(FieldSet());
}

std::string text(const FieldSet& fields) { return codec::write_json(fields.to_fields_v1()); }

TEST(PathElement, TextsOfAllSorts) {
  EXPECT_EQ(PathElement::field("spec").text(), "f:spec");
  EXPECT_EQ(PathElement::keys({{"protocol", "TCP"}, {"containerPort", 80}}).text(),
            R"(k:{"containerPort":80,"protocol":"TCP"})");
  EXPECT_EQ(PathElement::value("x").text(), R"(v:"x")");
  EXPECT_EQ(PathElement::index(3).text(), "i:3");
  for (const char* one : {"f:a:b", R"(k:{"name":"web"})", "v:1", R"(v:"x")", "v:true", "i:0"}) {
    auto parsed = PathElement::parse(one);
    ASSERT_TRUE(parsed) << one;
    EXPECT_EQ(parsed->text(), one);
  }
}

TEST(PathElement, MalformedOnesAreRefused) {
  for (const char* one : {"", "f", "x:y", "k:[]", "k:{}", "k:{", "v:", "i:x", "i:", "i:1x"})
    EXPECT_FALSE(PathElement::parse(one)) << one;
}

TEST(PathElement, DisplayIsThatOfConflicts) {
  Path path{PathElement::field("spec"), PathElement::field("ports"),
            PathElement::keys({{"containerPort", 80}, {"protocol", "TCP"}}), PathElement::field("name")};
  EXPECT_EQ(display(path), R"(.spec.ports[containerPort=80,protocol="TCP"].name)");
  EXPECT_EQ(display({PathElement::field("finalizers"), PathElement::value("a/b")}), R"(.finalizers[="a/b"])");
  EXPECT_EQ(display({PathElement::field("a"), PathElement::index(2)}), ".a[2]");
}

TEST(PathElement, NumbersAreOrderedByValue) {
  EXPECT_LT(PathElement::keys({{"port", 80}}), PathElement::keys({{"port", 443}}));
  EXPECT_EQ(PathElement::value(1), PathElement::value(1.0));
  EXPECT_LT(PathElement::value(1), PathElement::value("a"));
  EXPECT_LT(PathElement::field("z"), PathElement::keys({{"a", 1}}));
}

TEST(FieldSet, ReadsAndWritesFieldsV1) {
  for (const char* one :
       {R"({})", R"({"f:spec":{"f:replicas":{}}})", R"({"f:metadata":{"f:labels":{".":{},"f:app":{}}}})",
        R"({"f:ports":{"k:{\"port\":80}":{".":{},"f:name":{},"f:port":{}},"k:{\"port\":443}":{".":{},"f:port":{}}}})",
        R"({"f:finalizers":{".":{},"v:\"a\"":{},"v:\"b\"":{}}})"})
    EXPECT_EQ(text(set(one)), one);
  EXPECT_EQ(text(set(R"({"f:b":{},"f:a":{".":{}}})")), R"({"f:a":{},"f:b":{}})");
}

TEST(FieldSet, MalformedFieldsAreRefused) {
  for (const char* one : {"[]", "1", R"({"x":{}})", R"({"f:a":1})", R"({"f:a":{"k:{":{}}})"})
    EXPECT_FALSE(FieldSet::from_fields_v1(codec::parse_json(one).value())) << one;
}

TEST(FieldSet, KnowsItsMembers) {
  FieldSet fields = set(R"({"f:a":{"f:b":{}},"f:c":{".":{},"f:d":{}}})");
  auto path = [](std::initializer_list<const char*> names) {
    Path out;
    for (const char* name : names) out.push_back(PathElement::field(name));
    return out;
  };
  EXPECT_FALSE(fields.has(path({"a"})));
  EXPECT_TRUE(fields.has(path({"a", "b"})));
  EXPECT_TRUE(fields.has(path({"c"})));
  EXPECT_FALSE(fields.has(path({"c", "x"})));
  EXPECT_EQ(fields.size(), 3u);
  fields.insert(path({"c", "x"}));
  EXPECT_TRUE(fields.has(path({"c", "x"})));
  std::vector<std::string> all;
  fields.each([&](const Path& one) { all.push_back(display(one)); });
  EXPECT_EQ(all, (std::vector<std::string>{".a.b", ".c", ".c.d", ".c.x"}));
}

TEST(FieldSet, WhatIsBelow) {
  FieldSet fields = set(R"({"f:metadata":{"f:labels":{".":{},"f:a":{}}},"f:status":{".":{},"f:phase":{}}})");
  EXPECT_EQ(text(fields.without_below(set(R"({"f:status":{}})"))), R"({"f:metadata":{"f:labels":{".":{},"f:a":{}}}})");
  EXPECT_EQ(text(fields.only_below(set(R"({"f:status":{}})"))), R"({"f:status":{".":{},"f:phase":{}}})");
  EXPECT_EQ(text(fields.only_below(set(R"({"f:metadata":{"f:labels":{}}})"))),
            R"({"f:metadata":{"f:labels":{".":{},"f:a":{}}}})");
}

FieldSet random_set(std::mt19937& random, int depth = 3) {
  FieldSet out;
  for (int i = 0; i < 4; ++i) {
    Path path;
    for (int step = static_cast<int>(random() % static_cast<unsigned>(depth)); step >= 0; --step)
      path.push_back(random() % 3 == 0 ? PathElement::keys({{"name", codec::Value(std::to_string(random() % 3))}})
                                       : PathElement::field(std::string(1, static_cast<char>('a' + random() % 3))));
    out.insert(path);
  }
  return out;
}

TEST(FieldSet, LawsOfTheAlgebra) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    FieldSet a = random_set(random);
    FieldSet b = random_set(random);
    FieldSet c = random_set(random);
    ASSERT_EQ(a.united(b), b.united(a));
    ASSERT_EQ(a.intersected(b), b.intersected(a));
    ASSERT_EQ(a.united(b).united(c), a.united(b.united(c)));
    ASSERT_EQ(a.without(b).united(a.intersected(b)), a);
    ASSERT_TRUE(a.without(b).intersected(b).empty());
    ASSERT_EQ(a.intersects(b), !a.intersected(b).empty());
    ASSERT_EQ(a.intersected(b.united(c)), a.intersected(b).united(a.intersected(c)));
    ASSERT_EQ(set(text(a)), a) << text(a);
  }
}

}  // namespace
}  // namespace charon::schema::apply

#include "schema/json_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/json.h"
#include "codec/tree.h"
#include "schema/formats.h"

namespace charon::schema {
namespace {

using codec::Value;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> errors(std::string_view schema, std::string_view value, std::string_view before = "") {
  JsonSchema compiled(*codec::parse_json(schema));
  Value tree = *codec::parse_json(value);
  Value old = before.empty() ? Value() : *codec::parse_json(before);
  FieldErrors found;
  compiled.validate(tree, before.empty() ? nullptr : &old, found);
  std::vector<std::string> texts;
  for (const FieldError& error : found) texts.push_back(field_error_text(error));
  return texts;
}

std::string property(std::string_view schema) { return R"({"type":"object","properties":{"a":)" + std::string(schema) + "}}"; }

TEST(JsonSchema, Numbers) {
  EXPECT_THAT(errors(property(R"({"type":"integer"})"), R"({"a":1.0})"), IsEmpty());
  EXPECT_THAT(errors(property(R"({"type":"number"})"), R"({"a":1})"), IsEmpty());
  EXPECT_THAT(errors(property(R"({"type":"integer"})"), R"({"a":1.5})"),
              ElementsAre("a: Invalid value: \"number\": a in body must be of type integer: \"number\""));
  EXPECT_THAT(errors(property(R"({"type":"integer","minimum":2,"exclusiveMinimum":true})"), R"({"a":2})"),
              ElementsAre("a: Invalid value: 2: a in body should be greater than 2"));
  EXPECT_THAT(errors(property(R"({"type":"number","maximum":2.5})"), R"({"a":3})"),
              ElementsAre("a: Invalid value: 3: a in body should be less than or equal to 2.5"));
  EXPECT_THAT(errors(property(R"({"type":"integer","multipleOf":5})"), R"({"a":7})"),
              ElementsAre("a: Invalid value: 7: a in body should be a multiple of 5"));
}

TEST(JsonSchema, Containers) {
  EXPECT_THAT(errors(property(R"({"type":"array","minItems":2,"items":{"type":"string","minLength":2}})"), R"({"a":["x"]})"),
              ElementsAre("a[0]: Invalid value: \"x\": a[0] in body should be at least 2 chars long",
                          "a: Invalid value: 1: a in body should have at least 2 items"));
  EXPECT_THAT(errors(property(R"({"type":"array","maxItems":1,"items":{"type":"string"}})"), R"({"a":["x","y"]})"),
              ElementsAre("a: Too many: 2: must have at most 1 items"));
  EXPECT_THAT(errors(property(R"({"type":"object","minProperties":1})"), R"({"a":{}})"),
              ElementsAre("a: Invalid value: 0: a in body should have at least 1 properties"));
  EXPECT_THAT(errors(property(R"({"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}})"),
                     R"({"a":["x","y","x"]})"),
              ElementsAre("a[2]: Duplicate value: \"x\""));
  EXPECT_THAT(errors(R"({"type":"object","required":["a","b"]})", R"({"a":1})"), ElementsAre("b: Required value"));
}

// Every item is looked up by its keys, not compared with every other: a quadratic walk of these would take minutes.
TEST(JsonSchema, LongKeyedListsAreComparedByIndex) {
  const std::string schema = property(R"({"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],
      "items":{"type":"object","properties":{"k":{"type":"string"},"n":{"type":"integer","maximum":1}}}})");
  std::string before = R"({"a":[)";
  std::string after = R"({"a":[)";
  for (int i = 0; i < 60'000; ++i) {
    std::string item = R"({"k":"k)" + std::to_string(i) + R"(","n":2})";
    before += (i == 0 ? "" : ",") + item;
    after += (i == 0 ? "" : ",") + item;
  }
  after += R"(,{"k":"k7","n":1},{"k":"new","n":3})";
  // What was wrong before may stay so; what is new may not be wrong, nor have the keys of another.
  EXPECT_THAT(errors(schema, after + "]}", before + "]}"),
              ElementsAre("a[60001].n: Invalid value: 3: a[60001].n in body should be less than or equal to 1",
                          "a[60000]: Duplicate value: {\"k\":\"k7\"}"));
}

TEST(JsonSchema, Nulls) {
  EXPECT_THAT(errors(property(R"({"type":"string","nullable":true})"), R"({"a":null})"), IsEmpty());
  EXPECT_THAT(errors(property(R"({"type":"string"})"), R"({"a":null})"),
              ElementsAre("a: Invalid value: \"null\": a in body must be of type string: \"null\""));
}

TEST(JsonSchema, Alternatives) {
  std::string one = property(R"({"type":"object","oneOf":[{"required":["x"]},{"required":["y"]}]})");
  EXPECT_THAT(errors(one, R"({"a":{"x":1}})"), IsEmpty());
  EXPECT_THAT(errors(one, R"({"a":{}})"),
              ElementsAre("<nil>: Invalid value: \"\": \"a\" must validate one and only one schema (oneOf). Found none valid",
                          "a.x: Required value"));
  EXPECT_THAT(
      errors(one, R"({"a":{"x":1,"y":2}})"),
      ElementsAre(
          "<nil>: Invalid value: \"\": \"a\" must validate one and only one schema (oneOf). Found 2 valid alternatives"));
  EXPECT_THAT(errors(property(R"({"type":"string","anyOf":[{"maxLength":1},{"pattern":"^z"}]})"), R"({"a":"yy"})"),
              ElementsAre("<nil>: Invalid value: \"\": \"a\" must validate at least one schema (anyOf)",
                          "a: Too long: may not be more than 1 bytes"));
  EXPECT_THAT(errors(property(R"({"type":"string","not":{"enum":["no"]}})"), R"({"a":"no"})"),
              ElementsAre("<nil>: Invalid value: \"\": \"a\" must not validate the schema (not)"));
  EXPECT_THAT(errors(property(R"({"type":"string","allOf":[{"minLength":3},{"maxLength":9}]})"), R"({"a":"no"})"),
              ElementsAre("a: Invalid value: \"no\": a in body should be at least 3 chars long",
                          "<nil>: Invalid value: \"\": \"a\" must validate all the schemas (allOf)"));
}

TEST(JsonSchema, WhatIsUnchangedPasses) {
  std::string schema = R"({"type":"object","properties":{"a":{"type":"string","maxLength":1},"l":{"type":"array",
    "x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["n"],"items":{"type":"object","properties":{"n":{"type":"string"},
    "v":{"type":"string","maxLength":1}}}}}})";
  EXPECT_THAT(errors(schema, R"({"a":"long"})", R"({"a":"long"})"), IsEmpty());
  EXPECT_THAT(errors(schema, R"({"a":"long","b":1})", R"({"a":"long"})"), IsEmpty());
  EXPECT_THAT(errors(schema, R"({"l":[{"n":"2","v":"x"},{"n":"1","v":"long"}]})", R"({"l":[{"n":"1","v":"long"}]})"),
              IsEmpty());
  EXPECT_THAT(errors(schema, R"({"a":"other"})", R"({"a":"long"})"), ElementsAre("a: Too long: may not be more than 1 bytes"));
}

TEST(JsonSchema, Embedded) {
  std::string schema =
      property(R"({"type":"object","x-kubernetes-embedded-resource":true,"x-kubernetes-preserve-unknown-fields":true})");
  EXPECT_THAT(errors(schema, R"({"a":{"apiVersion":"v1"}})"), ElementsAre("a.kind: Required value: must not be empty"));
}

struct FormatCase {
  std::string_view format;
  std::vector<std::string_view> good;
  std::vector<std::string_view> bad;
};

TEST(Formats, AreThoseOfKubernetes) {
  const FormatCase cases[] = {
      {"ipv4", {"10.0.0.1"}, {"10.0.0", "10.0.0.256", "010.0.0.1", "::1"}},
      {"ipv6", {"::1", "fe80::1", "1:2:3:4:5:6:7:8", "::ffff:10.0.0.1"}, {"10.0.0.1", "1:2:3", "::1::2", "12345::"}},
      {"cidr", {"10.0.0.0/8", "fd00::/64"}, {"10.0.0.0", "10.0.0.0/33", "fd00::/129"}},
      {"mac", {"00:1a:2b:3c:4d:5e", "00-1a-2b-3c-4d-5e", "001a.2b3c.4d5e"}, {"00:1a:2b", "zz:1a:2b:3c:4d:5e"}},
      {"uuid", {"123e4567-e89b-12d3-a456-426614174000"}, {"123e4567", "123e4567-e89b-12d3-a456-42661417400z"}},
      {"uuid4", {"123e4567-e89b-42d3-a456-426614174000"}, {"123e4567-e89b-12d3-a456-426614174000"}},
      {"date", {"2024-02-29"}, {"2023-02-29", "2024-2-9", "today"}},
      {"date-time", {"2024-01-02T03:04:05Z", "2024-01-02T03:04:05.5+02:00"}, {"2024-01-02", "2024-13-02T03:04:05Z"}},
      {"duration", {"1h30m", "5s", "3 days"}, {"soon", "5 parsecs"}},
      {"email", {"a@example.com", "A <a@example.com>"}, {"a", "@example.com", "a@"}},
      {"hostname", {"example.com", "a-b"}, {"-a", "a_b", ""}},
      {"uri", {"https://example.com/x", "/a/b", "urn:x"}, {"a b", "example", ""}},
      {"byte", {"aGk="}, {"aGk", "?"}},
      {"hexcolor", {"#fff", "a1b2c3"}, {"#ff", "white"}},
      {"rgbcolor", {"rgb(1, 2,255)"}, {"rgb(1,2)", "rgb(1,2,256)"}},
      {"isbn", {"0-306-40615-2", "978-3-16-148410-0"}, {"0-306-40615-3", "1"}},
      {"ssn", {"123-45-6789"}, {"123456789"}},
      {"creditcard", {"4111 1111 1111 1111"}, {"4111 1111 1111 1112"}},
      {"bsonobjectid", {"507f1f77bcf86cd799439011"}, {"507f"}},
      {"k8s-short-name", {"a-b"}, {"A", "a.b"}},
      {"k8s-long-name", {"a.b"}, {"A"}},
      {"password", {"anything"}, {}},
  };
  for (const FormatCase& each : cases) {
    EXPECT_TRUE(is_known_format(each.format)) << each.format;
    for (std::string_view text : each.good) EXPECT_TRUE(has_format(text, each.format)) << each.format << " " << text;
    for (std::string_view text : each.bad) EXPECT_FALSE(has_format(text, each.format)) << each.format << " " << text;
  }
  EXPECT_FALSE(is_known_format("color"));
}

}  // namespace
}  // namespace charon::schema

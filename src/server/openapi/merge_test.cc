#include "server/openapi/merge.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "codec/json.h"
#include "codec/tree.h"

namespace charon::server {
namespace {

constexpr std::string_view kPrefix = "/apis/wardle.example.com/v1/";
constexpr std::string_view kRemote = R"({"swagger":"2.0","info":{"title":"x","version":"1"},
  "parameters":{"ns":{"in":"path","name":"namespace","type":"string","required":true}},
  "paths":{
    "/version/":{"get":{"responses":{"200":{"description":"OK"}}}},
    "/apis/wardle.example.com/v1/flunders":{
      "parameters":[{"$ref":"#/parameters/ns"}],
      "get":{"responses":{"200":{"description":"OK","schema":{"$ref":"#/definitions/Flunder"}}}}}},
  "definitions":{
    "Flunder":{"type":"object","properties":{"metadata":{"$ref":"#/definitions/Meta"},"self":{"$ref":"#/definitions/Flunder"}},
               "x-example":{"$ref":"#/definitions/Unused"}},
    "Meta":{"type":"object","description":"theirs"},
    "Unused":{"type":"object"}}})";

codec::Value parsed(std::string_view text) { return codec::parse_json(text).value(); }

TEST(OpenApiMerge, TakesThePathsOfAGroupVersionAndWhatTheyNeed) {
  auto part = openapi_v2_part(kRemote, kPrefix);
  ASSERT_TRUE(part) << part.error().message;
  EXPECT_EQ(part->at("paths").as_object().size(), 1u);
  const codec::Object& item = part->at("paths").as_object().at("/apis/wardle.example.com/v1/flunders").as_object();
  EXPECT_EQ(codec::string_at(item.at("parameters").as_array().at(0), "name"), "namespace");
  EXPECT_EQ(part->at("definitions").as_object().size(), 2u);
  EXPECT_FALSE(part->at("definitions").as_object().contains("Unused"));
}

TEST(OpenApiMerge, ANameWithAnotherMeaningChanges) {
  auto part = openapi_v2_part(kRemote, kPrefix);
  ASSERT_TRUE(part) << part.error().message;
  codec::Value ours = parsed(R"({"paths":{},"definitions":{"Meta":{"type":"object","description":"ours"}}})");
  merge_openapi_v2(ours.as_object(), *part);
  const codec::Value& definitions = *codec::find(ours, "definitions");
  EXPECT_EQ(codec::string_at_path(definitions, {"Meta", "description"}), "ours");
  EXPECT_EQ(codec::string_at_path(definitions, {"Meta_v2", "description"}), "theirs");
  EXPECT_EQ(codec::string_at_path(definitions, {"Flunder", "properties", "metadata", "$ref"}), "#/definitions/Meta_v2");
  EXPECT_EQ(codec::string_at_path(definitions, {"Flunder", "properties", "self", "$ref"}), "#/definitions/Flunder");
  EXPECT_NE(codec::find_path(ours, {"paths", "/apis/wardle.example.com/v1/flunders"}), nullptr);
}

TEST(OpenApiMerge, TheSameDefinitionIsShared) {
  auto part = openapi_v2_part(kRemote, kPrefix);
  ASSERT_TRUE(part) << part.error().message;
  codec::Value ours = parsed(R"({"paths":{},"definitions":{"Meta":{"description":"theirs","type":"object"}}})");
  merge_openapi_v2(ours.as_object(), *part);
  EXPECT_EQ(codec::find(ours, "definitions")->get_object().size(), 2u);
}

TEST(OpenApiMerge, RefusesWhatCannotBePublished) {
  for (std::string_view bad :
       {"", "[]", "{", R"({"swagger":"2.0"})", R"({"openapi":"3.0.0","paths":{}})", R"({"swagger":"2.0","paths":[]})",
        R"({"swagger":"2.0","paths":{"/apis/wardle.example.com/v1/x":[]}})",
        R"({"swagger":"2.0","paths":{"/apis/wardle.example.com/v1/x":{"get":{"parameters":[{"$ref":"#/parameters/none"}]}}}})",
        R"({"swagger":"2.0","paths":{"/apis/wardle.example.com/v1/x":{"get":{"responses":{"200":5}}}}})",
        R"({"swagger":"2.0","paths":{"/apis/wardle.example.com/v1/x":{"get":{"responses":{"200":{"schema":
          {"$ref":"#/definitions/A"}}}}}},"definitions":{"A":{"required":[1]}}})"})
    EXPECT_FALSE(openapi_v2_part(bad, kPrefix)) << bad;
}

}  // namespace
}  // namespace charon::server

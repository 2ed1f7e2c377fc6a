#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/meta/v1/kind_for_test.h"

namespace charon::apiextensions::v1 {
namespace {

using meta::v1::json_at;
using meta::v1::KindForTest;
using meta::v1::Texts;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const KindForTest kDefinitions("apiextensions.k8s.io", "v1", "CustomResourceDefinition");

std::string definition(std::string_view schema, std::string_view more = "", std::string_view spec = "") {
  return std::string(R"({"metadata":{"name":"tabs.example.com"},"spec":{"group":"example.com","scope":"Namespaced",)") +
         std::string(spec) +
         R"("names":{"plural":"tabs","kind":"Tab"},"versions":[{"name":"v1","served":true,"storage":true,)" +
         std::string(more) + R"("schema":{"openAPIV3Schema":)" + std::string(schema) + "}}]}}";
}

Texts schema_errors(std::string_view property) {
  Texts texts = kDefinitions.errors(definition(R"({"type":"object","properties":{"x":)" + std::string(property) + "}}"));
  constexpr std::string_view kPlace = "spec.versions[0].schema.openAPIV3Schema.properties[x]";
  for (std::string& text : texts)
    if (text.starts_with(kPlace)) text.replace(0, kPlace.size(), "x");
  return texts;
}

TEST(CustomResourceDefinitionRules, Prepared) {
  codec::Value made = kDefinitions.created(definition(R"({"type":"object"})"));
  EXPECT_EQ(json_at(made, {"spec", "names"}), R"({"plural":"tabs","kind":"Tab","listKind":"TabList","singular":"tab"})");
  EXPECT_EQ(json_at(made, {"spec", "conversion"}), R"({"strategy":"None"})");
  EXPECT_EQ(json_at(made, {"status", "storedVersions"}), R"(["v1"])");
  EXPECT_EQ(kDefinitions.errors(definition(R"({"type":"object"})")), Texts{});
}

TEST(CustomResourceDefinitionRules, SchemasAreStructural) {
  EXPECT_THAT(schema_errors("{}"), ElementsAre("x.type: Required value: must not be empty for specified object fields"));
  EXPECT_THAT(schema_errors(R"({"x-kubernetes-preserve-unknown-fields":true})"), ElementsAre());
  EXPECT_THAT(schema_errors(R"({"type":"array"})"), ElementsAre("x.items: Required value: must be specified"));
  EXPECT_THAT(schema_errors(R"({"type":"array","items":{}})"),
              ElementsAre("x.items.type: Required value: must not be empty for specified array items"));
  EXPECT_THAT(schema_errors(R"({"type":"string","anyOf":[{"type":"string","description":"d"}]})"),
              ElementsAre("x.anyOf[0].description: Forbidden: must be empty to be structural",
                          "x.anyOf[0].type: Forbidden: must be empty to be structural"));
  EXPECT_THAT(schema_errors(R"({"x-kubernetes-int-or-string":true,"anyOf":[{"type":"integer"},{"type":"string"}]})"),
              ElementsAre());
  EXPECT_THAT(
      schema_errors(R"({"x-kubernetes-int-or-string":true,"allOf":[{"anyOf":[{"type":"integer"},{"type":"string"}]}]})"),
      ElementsAre());
  EXPECT_THAT(schema_errors(R"({"type":"string","x-kubernetes-embedded-resource":true})"),
              Contains("x.type: Invalid value: \"string\": must be object if x-kubernetes-embedded-resource is true"));
  EXPECT_THAT(
      kDefinitions.errors(definition(R"({"type":"string"})")),
      ElementsAre("spec.versions[0].schema.openAPIV3Schema.type: Invalid value: \"string\": must be object at the root"));
  EXPECT_THAT(
      kDefinitions.errors(definition(
          R"({"type":"object","properties":{"metadata":{"type":"object","properties":{"labels":{"type":"object"}}}}})")),
      ElementsAre(
          "spec.versions[0].schema.openAPIV3Schema.properties[metadata]: Forbidden: must not specify anything other than "
          "name and generateName, but metadata is implicitly specified"));
}

TEST(CustomResourceDefinitionRules, OnlyWhatIsTakenOfOpenApi) {
  EXPECT_THAT(
      schema_errors(R"({"type":"list"})"),
      ElementsAre("x.type: Unsupported value: \"list\": supported values: \"array\", \"boolean\", \"integer\", \"number\", "
                  "\"object\", \"string\""));
  EXPECT_THAT(
      schema_errors(R"({"type":"array","uniqueItems":true,"items":{"type":"string"}})"),
      ElementsAre(
          "x.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic"));
  EXPECT_THAT(
      schema_errors(R"({"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":{"type":"string"}})"),
      ElementsAre("x.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive"));
  EXPECT_THAT(schema_errors(R"({"type":"string","$ref":"#/x"})"), ElementsAre("x.$ref: Forbidden: $ref is not supported"));
  EXPECT_THAT(schema_errors(R"({"type":"object","x-kubernetes-preserve-unknown-fields":false})"),
              ElementsAre("x.x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined"));
  EXPECT_THAT(schema_errors(R"({"type":"string","pattern":"("})"),
              ElementsAre(HasSubstr(
                  "x.pattern: Invalid value: \"(\": must be a valid regular expression, but isn't: error parsing regexp")));
}

TEST(CustomResourceDefinitionRules, ListsThatAreMaps) {
  EXPECT_THAT(schema_errors(R"({"type":"array","x-kubernetes-list-type":"map","items":{"type":"object"}})"),
              ElementsAre("x.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map"));
  EXPECT_THAT(
      schema_errors(
          R"({"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["n"],"items":{"type":"object",
      "properties":{"n":{"type":"string"}}}})"),
      ElementsAre("x.items.properties[n].default: Required value: this property is in x-kubernetes-list-map-keys, so it must "
                  "have a default or be a required property"));
  EXPECT_THAT(
      schema_errors(
          R"({"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["m"],"items":{"type":"object",
      "properties":{"n":{"type":"string"}}}})"),
      ElementsAre("x.x-kubernetes-list-map-keys: Invalid value: [\"m\"]: entries must all be names of item properties"));
  EXPECT_THAT(schema_errors(R"({"type":"object","x-kubernetes-list-type":"set"})"),
              ElementsAre("x.type: Invalid value: \"object\": must be array if x-kubernetes-list-type is specified"));
}

TEST(CustomResourceDefinitionRules, Defaults) {
  EXPECT_THAT(schema_errors(R"({"type":"integer","default":5})"), ElementsAre());
  EXPECT_THAT(schema_errors(R"({"type":"integer","default":"five"})"),
              ElementsAre("x.default: Invalid value: \"string\":  in body must be of type integer: \"string\""));
  EXPECT_THAT(schema_errors(R"({"type":"object","default":{"b":1},"properties":{"a":{"type":"string"}}})"),
              ElementsAre("x.default: Invalid value: {\"b\":1}: must not have unknown fields"));
}

TEST(CustomResourceDefinitionRules, VersionsAndNames) {
  EXPECT_THAT(
      kDefinitions.errors(
          R"({"metadata":{"name":"x"},"spec":{"group":"example","scope":"Galaxy","names":{"plural":"Tabs","kind":"Tab"},
      "versions":[{"name":"v1","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object"}}}]}})"),
      testing::AllOf(Contains("metadata.name: Invalid value: \"x\": must be spec.names.plural+\".\"+spec.group"),
                     Contains("spec.group: Invalid value: \"example\": should be a domain with at least one dot"),
                     Contains("spec.scope: Unsupported value: \"Galaxy\": supported values: \"Cluster\", \"Namespaced\""),
                     Contains(HasSubstr("must have exactly one version marked as storage version")),
                     Contains(HasSubstr("spec.names.plural: Invalid value: \"Tabs\": a DNS-1035 label"))));
  EXPECT_THAT(
      kDefinitions.errors(definition(R"({"type":"object"})", R"("subresources":{"scale":{"specReplicasPath":".status.x",
      "statusReplicasPath":"status"}},"additionalPrinterColumns":[{"name":"A","type":"text","jsonPath":"spec"}],)")),
      testing::AllOf(
          Contains("spec.versions[0].subresources.scale.specReplicasPath: Invalid value: \".status.x\": should be a json path "
                   "under .spec"),
          Contains(
              "spec.versions[0].subresources.scale.statusReplicasPath: Invalid value: \"status\": must be a simple json path "
              "starting with ."),
          Contains("spec.versions[0].additionalPrinterColumns[0].type: Invalid value: \"text\": must be one of "
                   "boolean,date,integer,number,string"),
          Contains("spec.versions[0].additionalPrinterColumns[0].jsonPath: Invalid value: \"spec\": must be a simple json path "
                   "starting with .")));
  EXPECT_THAT(kDefinitions.errors(definition(R"({"type":"object"})", "", R"("conversion":{"strategy":"Webhook"},)")),
              ElementsAre("spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook",
                          "spec.conversion.conversionReviewVersions: Required value"));
}

TEST(CustomResourceDefinitionRules, ProtectedGroupsNeedAnApproval) {
  std::string text = definition(R"({"type":"object"})");
  for (std::size_t at = text.find("example.com"); at != std::string::npos; at = text.find("example.com"))
    text.replace(at, 11, "sets.k8s.io");
  EXPECT_THAT(
      kDefinitions.errors(text),
      ElementsAre("metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval "
                  "annotation \"api-approved.kubernetes.io\", see https://github.com/kubernetes/enhancements/pull/1111"));
}

TEST(CustomResourceDefinitionRules, WhatMayNotChange) {
  std::string before = definition(R"({"type":"object"})"), after = before;
  after.replace(after.find("\"tabs\""), 6, "\"caps\"");
  EXPECT_THAT(kDefinitions.update_errors(before, after),
              Contains("spec.names.plural: Invalid value: \"caps\": field is immutable"));
}

}  // namespace
}  // namespace charon::apiextensions::v1

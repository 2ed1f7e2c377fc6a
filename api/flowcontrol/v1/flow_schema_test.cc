#include <gtest/gtest.h>

#include "api/meta/v1/kind_for_test.h"

namespace charon::flowcontrol::v1 {
namespace {

using meta::v1::KindForTest;
using meta::v1::Texts;

std::string schema(std::string_view rule, std::string_view more = R"("matchingPrecedence":500)", std::string_view name = "s") {
  return R"({"metadata":{"name":")" + std::string(name) + R"("},"spec":{"priorityLevelConfiguration":{"name":"level"},)" +
         std::string(more) + R"(,"rules":[)" + std::string(rule) + "]}}";
}

std::string rule(std::string_view subject, std::string_view resources) {
  return R"({"subjects":[)" + std::string(subject) + R"(],"resourceRules":[)" + std::string(resources) + "]}";
}

constexpr std::string_view kUser = R"({"kind":"User","user":{"name":"jane"}})";
constexpr std::string_view kPods = R"({"verbs":["get","list"],"apiGroups":[""],"resources":["pods"],"namespaces":["*"]})";

TEST(FlowSchemas, SayWhatKubernetesSays) {
  KindForTest kind("flowcontrol.apiserver.k8s.io", "v1", "FlowSchema");
  struct Case {
    std::string json;
    Texts errors;
  };
  const std::string at = "spec.rules[0]";
  const Case cases[] = {
      {schema(rule(kUser, kPods)), {}},
      {schema(rule(R"({"kind":"ServiceAccount","serviceAccount":{"name":"*","namespace":"a"}})", kPods)), {}},
      {schema("", R"("matchingPrecedence":-1)"), {"spec.matchingPrecedence: Invalid value: -1: must be a positive value"}},
      {schema("", R"("matchingPrecedence":10001)"),
       {"spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000"}},
      {schema("", R"("matchingPrecedence":1)"),
       {"spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"}},
      {schema("", R"("distinguisherMethod":{"type":"ByHost"})"),
       {"spec.distinguisherMethod.type: Unsupported value: \"ByHost\": supported values: \"ByNamespace\", \"ByUser\""}},
      {R"({"metadata":{"name":"s"},"spec":{}})",
       {"spec.priorityLevelConfiguration.name: Required value: must reference a priority level"}},
      {schema("{}"),
       {at + ".subjects: Required value: subjects must contain at least one value",
        at + ": Required value: at least one of resourceRules and nonResourceRules has to be non-empty"}},
      {schema(rule(R"({"kind":"Robot"})", kPods)),
       {at + ".subjects[0].kind: Unsupported value: \"Robot\": supported values: \"Group\", \"ServiceAccount\", \"User\""}},
      {schema(rule(R"({"kind":"Group","user":{"name":"u"}})", kPods)),
       {at + ".subjects[0].user: Forbidden: user is forbidden when subject kind is not 'User'",
        at + ".subjects[0].group: Required value: group is required when subject kind is 'Group'"}},
      {schema(rule(R"({"kind":"ServiceAccount","serviceAccount":{"name":"a"}})", kPods)),
       {at + ".subjects[0].serviceAccount.namespace: Required value: must specify namespace for service account"}},
      {schema(rule(kUser, R"({"verbs":["*","get"],"apiGroups":["*"],"resources":[],"clusterScope":true})")),
       {at + ".resourceRules[0].verbs: Invalid value: [\"*\",\"get\"]: if '*' is present, must not specify other verbs",
        at + ".resourceRules[0].resources: Required value: resource rules must supply at least one resource"}},
      {schema(rule(kUser, R"({"verbs":["fly"],"apiGroups":["*"],"resources":["*"]})")),
       {at + ".resourceRules[0].verbs: Unsupported value: [\"fly\"]: supported values: \"create\", \"delete\", "
             "\"deletecollection\", \"get\", \"list\", \"patch\", \"proxy\", \"update\", \"watch\"",
        at + ".resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least "
             "one namespace"}},
      {schema(R"({"subjects":[{"kind":"User","user":{"name":"u"}}],"nonResourceRules":[{"verbs":["*"],"nonResourceURLs":
          ["a","/a b","//","/*/x","/ok/*"]}]})"),
       {at + ".nonResourceRules[0].nonResourceURLs[0]: Invalid value: \"a\": must start with slash",
        at + ".nonResourceRules[0].nonResourceURLs[1]: Invalid value: \"/a b\": must not contain white-space",
        at + ".nonResourceRules[0].nonResourceURLs[2]: Invalid value: \"//\": must not contain double slash",
        at + ".nonResourceRules[0].nonResourceURLs[3]: Invalid value: \"/*/x\": wildcard can only do suffix matching"}},
  };
  for (const Case& each : cases) EXPECT_EQ(kind.errors(each.json), each.errors) << each.json;
}

TEST(FlowSchemas, OfTheSystemStayAsTheyAre) {
  KindForTest kind("flowcontrol.apiserver.k8s.io", "v1", "FlowSchema");
  constexpr std::string_view kExempt = R"({"metadata":{"name":"exempt"},"spec":{"matchingPrecedence":1,
      "priorityLevelConfiguration":{"name":"exempt"},"rules":[{"subjects":[{"kind":"Group","group":{"name":"system:masters"}}],
      "resourceRules":[{"verbs":["*"],"apiGroups":["*"],"resources":["*"],"clusterScope":true,"namespaces":["*"]}],
      "nonResourceRules":[{"verbs":["*"],"nonResourceURLs":["*"]}]}]}})";
  EXPECT_EQ(kind.errors(kExempt), Texts{});
  Texts errors = kind.errors(schema(rule(kUser, kPods), R"("matchingPrecedence":1)", "exempt"));
  ASSERT_EQ(errors.size(), 1);
  EXPECT_TRUE(errors[0].ends_with(": spec of 'exempt' must equal the fixed value")) << errors[0];
}

TEST(FlowSchemas, TheStatusHasOneConditionOfEachType) {
  KindForTest kind("flowcontrol.apiserver.k8s.io", "v1", "FlowSchema");
  EXPECT_EQ(kind.update_errors(schema(""), R"({"metadata":{"name":"s"},"status":{"conditions":[
      {"type":"Dangling","status":"True"},{"type":"Dangling","status":"True"},{"status":"True"}]}})",
                               "status"),
            (Texts{"status.conditions[1].type: Duplicate value: \"Dangling\"",
                   "status.conditions[2].type: Required value: must not be empty"}));
}

TEST(PriorityLevels, SayWhatKubernetesSays) {
  KindForTest kind("flowcontrol.apiserver.k8s.io", "v1", "PriorityLevelConfiguration");
  struct Case {
    std::string json;
    Texts errors;
  };
  auto level = [](std::string_view spec, std::string_view name = "l") {
    return R"({"metadata":{"name":")" + std::string(name) + R"("},"spec":)" + std::string(spec) + "}";
  };
  auto queues = [&](std::string_view queuing) {
    return level(R"({"type":"Limited","limited":{"limitResponse":{"type":"Queue","queuing":)" + std::string(queuing) + "}}}");
  };
  const std::string at = "spec.limited.limitResponse.queuing";
  const Case cases[] = {
      {queues("{}"), {}},
      {level(R"({"type":"Exempt"})", "exempt"), {}},
      {level(R"({"type":"Exempt","exempt":{"nominalConcurrencyShares":7}})", "exempt"), {}},
      {level(R"({"type":"Limited","limited":{"nominalConcurrencyShares":5,"limitResponse":{"type":"Reject"}}})", "catch-all"),
       {}},
      {level(R"({"type":"Exempt"})"),
       {"spec.type: Invalid value: \"Exempt\": must be 'Exempt' if and only if `name` is 'exempt'"}},
      {level(R"({"type":"Limited"})"), {"spec.limited: Required value: must not be empty when type is Limited"}},
      {level(R"({"type":"Some"})"), {"spec.type: Unsupported value: \"Some\": supported values: \"Exempt\", \"Limited\""}},
      {level(R"({"type":"Limited","exempt":{},"limited":{"nominalConcurrencyShares":-1,"lendablePercent":101,
          "borrowingLimitPercent":-1,"limitResponse":{"type":"Reject","queuing":{}}}})"),
       {"spec.exempt: Forbidden: must be nil if the type is Limited",
        "spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer",
        "spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive",
        "spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer",
        at + ": Forbidden: must be nil if limited.limitResponse.type is not Limited"}},
      {level(R"({"type":"Limited","limited":{"limitResponse":{"type":"Wait"}}})"),
       {"spec.limited.limitResponse.type: Unsupported value: \"Wait\": supported values: \"Queue\", \"Reject\""}},
      {level(R"({"type":"Limited","limited":{"limitResponse":{"type":"Queue"}}})"),
       {at + ": Required value: must not be empty if limited.limitResponse.type is Limited"}},
      {queues(R"({"queues":2,"handSize":3,"queueLengthLimit":-1})"),
       {at + ".queueLengthLimit: Invalid value: -1: must be positive",
        at + ".handSize: Invalid value: 3: should not be greater than queues (2)"}},
      {queues(R"({"queues":1024,"handSize":7})"),
       {at + ".handSize: Invalid value: 7: required entropy bits of deckSize 1024 and handSize 7 should not be greater than "
             "60"}},
      {queues(R"({"queues":10000001,"handSize":1})"),
       {at + ".queues: Invalid value: 10000001: must not be greater than 10000000"}},
  };
  for (const Case& each : cases) EXPECT_EQ(kind.errors(each.json), each.errors) << each.json;
  Texts errors = kind.errors(level(R"({"type":"Limited","limited":{"limitResponse":{"type":"Reject"}}})", "catch-all"));
  ASSERT_EQ(errors.size(), 1);
  EXPECT_TRUE(errors[0].ends_with(": spec of 'catch-all' must equal the fixed value")) << errors[0];
}

}  // namespace
}  // namespace charon::flowcontrol::v1

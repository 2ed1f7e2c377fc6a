#include <gtest/gtest.h>

#include "api/meta/v1/kind_for_test.h"

namespace charon::admissionregistration::v1 {
namespace {

using meta::v1::KindForTest;
using meta::v1::Texts;

struct Case {
  std::string json;
  Texts errors;
};

constexpr std::string_view kConstraints = R"("matchConstraints":{"resourceRules":[{"operations":["CREATE"],"apiGroups":[""],
    "apiVersions":["v1"],"resources":["pods"]}]})";

std::string policy(std::string_view more) {
  return R"({"metadata":{"name":"p.example.com"},"spec":{)" + std::string(kConstraints) + "," + std::string(more) + "}}";
}

TEST(ValidatingPolicies, SayWhatKubernetesSays) {
  KindForTest kind("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicy");
  const std::string both = "Required value: validations or auditAnnotations must contain at least one item";
  const Case cases[] = {
      {policy(R"("validations":[{"expression":"true","reason":"Forbidden"}],"variables":[{"name":"a","expression":"1"}],
          "paramKind":{"apiVersion":"example.com/v1","kind":"Limit"},"matchConditions":[{"name":"a","expression":"true"}])"),
       {}},
      {R"({"metadata":{"name":"p"},"spec":{}})",
       {"spec.matchConstraints: Required value", "spec.validations: " + both, "spec.auditAnnotations: " + both}},
      {R"({"metadata":{"name":"p"},"spec":{"matchConstraints":{},"validations":[{"expression":"true"}]}})",
       {"spec.matchConstraints.resourceRules: Required value"}},
      {policy(R"("validations":[{"expression":" ","message":"a\nb","reason":"Bored","messageExpression":" "}])"),
       {"spec.validations[0].expression: Required value: expression is not specified",
        "spec.validations[0].messageExpression: Invalid value: \" \": must be non-empty if specified",
        "spec.validations[0].message: Invalid value: \"a\\nb\": message must not contain line breaks",
        "spec.validations[0].reason: Unsupported value: \"Bored\": supported values: \"Forbidden\", \"Invalid\", "
        "\"RequestEntityTooLarge\""}},
      {policy(R"("validations":[{"expression":"true"}],"variables":[{"name":"in","expression":"1"},{"name":"b"}])"),
       {"spec.variables[0].name: Invalid value: \"in\": name is not a valid CEL identifier",
        "spec.variables[1].expression: Required value: expression is not specified"}},
      {policy(R"("validations":[{"expression":"true"}],"paramKind":{"apiVersion":"a/b/c"})"),
       {"spec.paramKind.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c",
        "spec.paramKind.kind: Required value"}},
      {policy(R"("validations":[{"expression":"true"}],"matchConditions":[{"name":"a","expression":" "},
          {"name":"a","expression":"true"}])"),
       {"spec.matchConditions[0].expression: Required value", "spec.matchConditions[1].name: Duplicate value: \"a\""}},
      {policy(R"("auditAnnotations":[{"key":"a","valueExpression":"''"},{"key":"a"}])"),
       {"spec.auditAnnotations[1].valueExpression: Required value: valueExpression is not specified",
        "spec.auditAnnotations[1].key: Duplicate value: \"a\""}},
  };
  for (const Case& each : cases) EXPECT_EQ(kind.errors(each.json), each.errors) << each.json;
  EXPECT_EQ(kind.update_errors(cases[0].json, R"({"metadata":{"name":"p"},"status":{"typeChecking":{"expressionWarnings":
      [{"fieldRef":" "}]},"conditions":[{"type":"Ready","status":"Maybe","reason":"1","message":""}]}})",
                               "status"),
            (Texts{"status.typeChecking.expressionWarnings[0].warning: Required value",
                   "status.typeChecking.expressionWarnings[0].fieldRef: Required value",
                   "status.conditions[0].status: Unsupported value: \"Maybe\": supported values: \"False\", \"True\", "
                   "\"Unknown\"",
                   "status.conditions[0].lastTransitionTime: Required value: must be set",
                   "status.conditions[0].reason: Invalid value: \"1\": a condition reason must start with alphabetic "
                   "character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an "
                   "alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or "
                   "'ReasonA:ReasonB', regex used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')"}));
}

TEST(MutatingPolicies, SayWhatTheyChange) {
  KindForTest kind("admissionregistration.k8s.io", "v1", "MutatingAdmissionPolicy");
  auto of = [](std::string_view mutations) {
    return policy(R"("reinvocationPolicy":"Never","mutations":[)" + std::string(mutations) + "]");
  };
  const Case cases[] = {
      {of(R"({"patchType":"JSONPatch","jsonPatch":{"expression":"[]"}})"), {}},
      {of(""), {"spec.mutations: Required value: mutations must contain at least one item"}},
      {of(R"({"patchType":"JSONPatch"})"),
       {"spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch"}},
      {of(R"({"patchType":"JSONPatch","jsonPatch":{"expression":" "},"applyConfiguration":{"expression":"x"}})"),
       {"spec.mutations[0].applyConfiguration: Invalid value: {\"expression\":\"x\"}: must not be specified when patchType is "
        "JSONPatch",
        "spec.mutations[0].jsonPatch.expression: Required value: expression is not specified"}},
  };
  for (const Case& each : cases) EXPECT_EQ(kind.errors(each.json), each.errors) << each.json;
}

TEST(PolicyBindings, SayWhatKubernetesSays) {
  KindForTest kind("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicyBinding");
  auto of = [](std::string_view more) {
    return R"({"metadata":{"name":"b"},"spec":{"policyName":"p",)" + std::string(more) + "}}";
  };
  const std::string both = ": Forbidden: name and selector are mutually exclusive";
  const Case cases[] = {
      {of(R"("validationActions":["Deny","Audit"],"paramRef":{"name":"a","parameterNotFoundAction":"Deny"})"), {}},
      {R"({"metadata":{"name":"b"},"spec":{"validationActions":["Warn"]}})", {"spec.policyName: Required value"}},
      {of(R"("validationActions":[])"), {"spec.validationActions: Required value: at least one validation action is required"}},
      {of(R"("validationActions":["Deny","Deny"])"), {"spec.validationActions[1]: Duplicate value: \"Deny\""}},
      {of(R"("validationActions":["Deny","Warn"])"),
       {"spec.validationActions: Invalid value: [\"Deny\",\"Warn\"]: must not contain both Deny and Warn (repeating the same "
        "validation failure information in the API response and headers serves no purpose)"}},
      {of(R"("validationActions":["Deny"],"paramRef":{"name":"a","selector":{},"parameterNotFoundAction":"Wait"})"),
       {"spec.paramRef.name" + both, "spec.paramRef.selector" + both,
        "spec.paramRef.parameterNotFoundAction: Unsupported value: \"Wait\": supported values: \"Deny\", \"Allow\""}},
      {of(R"("validationActions":["Deny"],"paramRef":{})"),
       {"spec.paramRef: Required value: one of name or selector must be specified",
        "spec.paramRef.parameterNotFoundAction: Required value"}},
  };
  for (const Case& each : cases) EXPECT_EQ(kind.errors(each.json), each.errors) << each.json;
  KindForTest mutating("admissionregistration.k8s.io", "v1", "MutatingAdmissionPolicyBinding");
  EXPECT_EQ(mutating.errors(R"({"metadata":{"name":"b"},"spec":{}})"), Texts{"spec.policyName: Required value"});
}

}  // namespace
}  // namespace charon::admissionregistration::v1

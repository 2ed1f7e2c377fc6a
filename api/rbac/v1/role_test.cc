#include <gtest/gtest.h>

#include "api/meta/v1/kind_for_test.h"

namespace charon::rbac::v1 {
namespace {

using meta::v1::json_at;
using meta::v1::KindForTest;
using meta::v1::Texts;

constexpr std::string_view kGroup = "rbac.authorization.k8s.io";
constexpr std::string_view kNow = "2026-01-02T03:10:00Z";

TEST(RbacRules, RolesAndBindings) {
  KindForTest roles(kGroup, "v1", "Role");
  EXPECT_EQ(roles.errors(R"({"rules":[{"verbs":["get"],"apiGroups":[""]}]})"),
            Texts{"rules[0].resources: Required value: resource rules must supply at least one resource"});
  EXPECT_EQ(roles.errors(R"({"rules":[{"verbs":["get"],"nonResourceURLs":["/x"]}]})"),
            Texts{"rules[0].nonResourceURLs: Invalid value: [\"/x\"]: namespaced rules cannot apply to non-resource URLs"});
  EXPECT_EQ(KindForTest(kGroup, "v1", "ClusterRole").errors(R"({"rules":[{"verbs":["get"],"nonResourceURLs":["/x"]}]})"),
            Texts{});
  KindForTest bindings(kGroup, "v1", "RoleBinding");
  constexpr std::string_view kBinding = R"({"metadata":{"name":"b"},"roleRef":{"kind":"Role","name":"r"},"subjects":[
    {"kind":"User","name":"u"},{"kind":"Group","name":"g"},{"kind":"Group","name":"h"},{"kind":"ServiceAccount","name":"s","namespace":"n"}]})";
  EXPECT_EQ(bindings.errors(kBinding), Texts{});
  EXPECT_EQ(bindings.computed_cells(kBinding, kNow), (Texts{"Role/r", "u", "g, h", "n/s"}));
  EXPECT_EQ(bindings.update_errors(kBinding, R"({"metadata":{"name":"b"},"roleRef":{"kind":"Role","name":"x"}})"),
            Texts{"roleRef: Invalid value: {\"kind\":\"Role\",\"name\":\"x\",\"apiGroup\":\"rbac.authorization.k8s.io\"}: "
                  "cannot change roleRef"});
  EXPECT_EQ(bindings.errors(R"({"roleRef":{"kind":"Role","name":"r"},"subjects":[{"kind":"ServiceAccount","name":"s"}]})"),
            Texts{"subjects[0].namespace: Required value"});
}

}  // namespace
}  // namespace charon::rbac::v1

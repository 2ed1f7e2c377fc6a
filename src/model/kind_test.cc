#include "model/kind.h"

#include <gtest/gtest.h>

#include <set>

#include "api/apps/v1/types.h"
#include "api/core/v1/types.h"

namespace charon::model {
namespace {

TEST(Kind, FindsByKindResourceAndType) {
  const Kind* deployment = find_kind({"apps", "v1"}, "Deployment");
  ASSERT_NE(deployment, nullptr);
  EXPECT_EQ(deployment, find_resource({"apps", "v1"}, "deployments"));
  EXPECT_EQ(deployment, &kind_of_type(apps::v1::Deployment::table()));
  EXPECT_EQ(deployment->list_type, &apps::v1::DeploymentList::table());
  EXPECT_EQ(deployment->group_resource(), "deployments.apps");
  EXPECT_EQ(deployment->gv.text(), "apps/v1");
  EXPECT_TRUE(deployment->has_subresource("scale"));
  EXPECT_FALSE(deployment->has_subresource("log"));
  EXPECT_EQ(find_kind({"", "v1"}, "Pod")->group_resource(), "pods");
  EXPECT_EQ(find_kind({"apps", "v2"}, "Deployment"), nullptr);
}

TEST(Kind, AreInOrderAndComplete) {
  std::span<const Kind> kinds = builtin_kinds();
  EXPECT_TRUE(kinds.front().gv.group.empty());
  std::set<std::string> resources;
  for (const Kind& kind : kinds) {
    EXPECT_TRUE(resources.insert(kind.gv.text() + "/" + std::string(kind.plural)).second) << kind.kind;
    EXPECT_TRUE(kind.type->is_object) << kind.kind;
    EXPECT_EQ(kind.has_verb("list"), kind.list_type != nullptr) << kind.kind;
  }
  EXPECT_GT(kinds.size(), 60u);
}

TEST(Kind, InlinedTwice) {
  const schema::Type* type = find_kind({"admissionregistration.k8s.io", "v1"}, "ValidatingAdmissionPolicy")->type;
  const schema::Type* spec = type->find("spec")->field->message;
  const schema::Type* constraints = spec->find("matchConstraints")->field->message;
  const schema::Type* rules = constraints->find("resourceRules")->field->message;
  const schema::JsonField* groups = rules->find("apiGroups");
  ASSERT_NE(groups, nullptr);
  EXPECT_EQ(groups->through->name, "ruleWithOperations");
  EXPECT_EQ(groups->within->name, "rule");
}

}  // namespace
}  // namespace charon::model

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

// AllowUnconditionalUpdate and AllowCreateOnUpdate of Kubernetes' strategies.
TEST(Kind, SayWhatUpdatesNeedAndDo) {
  std::set<std::string> versioned;
  std::set<std::string> created;
  for (const Kind& kind : builtin_kinds()) {
    if (kind.rules.update_needs_version) versioned.insert(kind.group_resource());
    if (kind.rules.update_creates) created.insert(kind.group_resource());
  }
  EXPECT_EQ(versioned,
            (std::set<std::string>{"apiservices.apiregistration.k8s.io", "csidrivers.storage.k8s.io", "csinodes.storage.k8s.io",
                                   "csistoragecapacities.storage.k8s.io", "customresourcedefinitions.apiextensions.k8s.io",
                                   "leases.coordination.k8s.io", "mutatingadmissionpolicies.admissionregistration.k8s.io",
                                   "mutatingadmissionpolicybindings.admissionregistration.k8s.io",
                                   "mutatingwebhookconfigurations.admissionregistration.k8s.io", "poddisruptionbudgets.policy",
                                   "runtimeclasses.node.k8s.io", "validatingadmissionpolicies.admissionregistration.k8s.io",
                                   "validatingadmissionpolicybindings.admissionregistration.k8s.io",
                                   "validatingwebhookconfigurations.admissionregistration.k8s.io",
                                   "volumeattachments.storage.k8s.io"}));
  EXPECT_EQ(created,
            (std::set<std::string>{"clusterrolebindings.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io",
                                   "endpoints", "events", "events.events.k8s.io", "leases.coordination.k8s.io", "limitranges",
                                   "rolebindings.rbac.authorization.k8s.io", "roles.rbac.authorization.k8s.io", "services"}));
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

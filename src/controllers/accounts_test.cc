#include "controllers/accounts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "server/authz/bootstrap_roles.h"

namespace charon::controllers {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Accounts, OfAController) {
  EXPECT_EQ(user_of("csrsigning", "certificatesigningrequests"), "system:serviceaccount:kube-system:certificate-controller");
  EXPECT_EQ(user_of("endpoint-slice-controller", "endpoints"), "system:serviceaccount:kube-system:endpoint-controller");
  EXPECT_EQ(user_of("endpoint-slice-controller", "endpointslices"),
            "system:serviceaccount:kube-system:endpointslice-controller");
  EXPECT_EQ(user_of("serviceaccount-token-controller", "secrets"), "system:kube-controller-manager");
  EXPECT_EQ(user_of("of somebody", "secrets"), "");
  EXPECT_THAT(users_of("serviceaccount-controller"),
              ElementsAre("system:serviceaccount:kube-system:root-ca-cert-publisher",
                          "system:serviceaccount:kube-system:service-account-controller"));
  EXPECT_THAT(users_of("of somebody"), IsEmpty());
}

// What the stories of the controllers run with is what a cluster has.
TEST(Accounts, TheDefaultRolesKnowThem) {
  const server::BootstrapRoles roles = server::make_bootstrap_roles();
  for (std::string_view controller :
       {"clusterrole-aggregation-controller", "csrapproving", "deployment-controller", "endpoint-slice-controller",
        "garbage-collector-controller", "namespace-controller", "node-controller", "pv-protection-controller",
        "pvc-protection-controller", "replicaset-controller", "resourcequota-controller", "serviceaccount-controller",
        "serviceaccount-token-controller", "taint-eviction-controller", "token-cleaner"}) {
    ASSERT_THAT(users_of(controller), testing::Not(IsEmpty())) << controller;
    for (const std::string& user : users_of(controller)) {
      auto names_it = [&user](const auto& binding) {
        return std::ranges::any_of(binding.subjects, [&user](const auto& subject) {
          return user ==
                 (subject.kind == "ServiceAccount" ? "system:serviceaccount:" + subject.namespace_ + ":" : "") + subject.name;
        });
      };
      EXPECT_TRUE(std::ranges::any_of(roles.cluster_role_bindings, names_it) ||
                  std::ranges::any_of(roles.role_bindings, names_it))
          << user;
    }
  }
}

}  // namespace
}  // namespace charon::controllers

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controllers/bootstrapsigner/controller.h"
#include "controllers/testing/cluster.h"
#include "controllers/tokencleaner/controller.h"
#include "jose/jws.h"

namespace charon::controllers::bootstrapsigner {
namespace {

using core::v1::ConfigMap;
using core::v1::Secret;
using namespace std::chrono_literals;

class BootstrapStory : public ::testing::Test {
 protected:
  BootstrapStory() {
    for (const char* name : {"kube-system", "kube-public"}) {
      core::v1::Namespace space;
      space.metadata.name = name;
      cluster_.create(space);
    }
    control::ControllerSettings settings;
    settings.cluster_ca_pem = "CA";
    settings.server_url = "https://10.0.0.1:6443";
    cluster_.start(make(settings));
    cluster_.start(tokencleaner::make(settings));
    cluster_.run(1s);
  }

  void create_token(const std::string& id, std::int64_t seconds) {
    Secret secret;
    secret.metadata.name = "bootstrap-token-" + id;
    secret.metadata.namespace_ = "kube-system";
    secret.type = "bootstrap.kubernetes.io/token";
    secret.data = {{"token-id", id},
                   {"token-secret", "0123456789abcdef"},
                   {"usage-bootstrap-signing", "true"},
                   {"expiration", format_rfc3339(Time{cluster_.loop().wall().seconds + seconds})}};
    cluster_.create(secret);
  }
  auto info() { return cluster_.get<ConfigMap>({"kube-public", "cluster-info"}); }

  testing::Cluster cluster_;
};

TEST_F(BootstrapStory, ClusterInfoIsSignedForEachToken) {
  ASSERT_TRUE(info());
  EXPECT_THAT(info()->data.at("kubeconfig"), ::testing::HasSubstr("server: https://10.0.0.1:6443"));
  EXPECT_THAT(info()->data.at("kubeconfig"), ::testing::HasSubstr("certificate-authority-data: Q0E="));
  EXPECT_EQ(info()->data.size(), 1u);
  create_token("abcdef", 3600);
  cluster_.run(1s);
  EXPECT_EQ(info()->data.at("jws-kubeconfig-abcdef"),
            jose::sign_detached(info()->data.at("kubeconfig"), {"abcdef", "0123456789abcdef"}));
  // What a person changes is signed anew.
  cluster_.change<ConfigMap>({"kube-public", "cluster-info"}, "", [](ConfigMap& map) { map.data["kubeconfig"] = "other"; });
  cluster_.run(1s);
  EXPECT_EQ(info()->data.at("kubeconfig"), "other");
  EXPECT_EQ(info()->data.at("jws-kubeconfig-abcdef"), jose::sign_detached("other", {"abcdef", "0123456789abcdef"}));
}

TEST_F(BootstrapStory, AnExpiredTokenGoesAndItsSignatureWithIt) {
  create_token("abcdef", 60);
  create_token("fedcba", 7200);
  cluster_.run(2s);
  EXPECT_EQ(info()->data.size(), 3u);
  cluster_.run(61s);
  EXPECT_FALSE(cluster_.get<Secret>({"kube-system", "bootstrap-token-abcdef"}));
  EXPECT_TRUE(cluster_.get<Secret>({"kube-system", "bootstrap-token-fedcba"}));
  EXPECT_FALSE(info()->data.contains("jws-kubeconfig-abcdef"));
  EXPECT_TRUE(info()->data.contains("jws-kubeconfig-fedcba"));
}

}  // namespace
}  // namespace charon::controllers::bootstrapsigner

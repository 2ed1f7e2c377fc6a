#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controllers/serviceaccounttokens/controller.h"
#include "controllers/testing/cluster.h"
#include "jose/jws.h"
#include "x509/certificate.h"

namespace charon::controllers::serviceaccounttokens {
namespace {

using core::v1::Secret;
using core::v1::ServiceAccount;
using namespace std::chrono_literals;

class TokenSecretStory : public ::testing::Test {
 protected:
  TokenSecretStory() {
    control::ControllerSettings settings;
    settings.cluster_ca_pem = "CA";
    settings.service_account_key_pem = key_pem_;
    cluster_.start(make(settings));
  }
  void create_account(const std::string& name) {
    ServiceAccount account;
    account.metadata.name = name;
    account.metadata.namespace_ = "default";
    cluster_.create(account);
  }
  void create_secret(const std::string& name, const std::string& account) {
    Secret secret;
    secret.metadata.name = name;
    secret.metadata.namespace_ = "default";
    secret.metadata.annotations["kubernetes.io/service-account.name"] = account;
    secret.type = "kubernetes.io/service-account-token";
    cluster_.create(secret);
  }
  auto secret(const std::string& name) { return cluster_.get<Secret>({"default", name}); }

  testing::Cluster cluster_;
  std::string key_pem_ = x509::make_key_pem().value();
};

TEST_F(TokenSecretStory, ATokenSecretIsFilledAndGoesWithItsAccount) {
  create_account("robot");
  create_secret("s", "robot");
  cluster_.run(1s);
  auto filled = secret("s");
  EXPECT_EQ(filled->data.at("ca.crt"), "CA");
  EXPECT_EQ(filled->data.at("namespace"), "default");
  EXPECT_EQ(filled->metadata.annotations.at("kubernetes.io/service-account.uid"),
            cluster_.get<ServiceAccount>({"default", "robot"})->metadata.uid);
  auto payload = jose::SigningKey::from_private_pem(key_pem_)->verify(filled->data.at("token"));
  ASSERT_TRUE(payload);
  EXPECT_THAT(*payload, ::testing::HasSubstr(R"("sub":"system:serviceaccount:default:robot")"));
  EXPECT_THAT(*payload, ::testing::HasSubstr(R"("kubernetes.io/serviceaccount/secret.name":"s")"));
  cluster_.run(60s);
  cluster_.remove<ServiceAccount>({"default", "robot"});
  cluster_.run(1s);
  EXPECT_FALSE(secret("s"));
}

TEST_F(TokenSecretStory, AnAccountThatComesALittleLaterIsWaitedFor) {
  create_secret("s", "robot");
  cluster_.run(5s);
  create_account("robot");
  cluster_.run(1s);
  ASSERT_TRUE(secret("s"));
  EXPECT_TRUE(secret("s")->data.contains("token"));
  create_secret("t", "nobody");
  cluster_.run(12s);
  EXPECT_FALSE(secret("t"));
}

}  // namespace
}  // namespace charon::controllers::serviceaccounttokens

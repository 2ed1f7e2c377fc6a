#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/certificates/v1/types.h"
#include "api/rbac/v1/types.h"
#include "controllers/csrapproving/controller.h"
#include "controllers/csrcleaner/controller.h"
#include "controllers/csrsigning/controller.h"
#include "controllers/csrsigning/plan.h"
#include "controllers/testing/cluster.h"
#include "model/certificate_signers.h"
#include "server/reviews/reviews.h"
#include "x509/request.h"

namespace charon::controllers::csrsigning {
namespace {

using certificates::v1::CertificateSigningRequest;
using ::testing::ElementsAre;
using namespace std::chrono_literals;

x509::Issuer make_authority(Time now) {
  std::string key = x509::make_key_pem().value();
  x509::Certificate wanted{.use = x509::CertificateUse::Authority, .common_name = "ca"};
  wanted.not_before = now;
  wanted.not_after = Time{now.seconds + 10LL * 365 * 86400};
  return {x509::issue_certificate(wanted, key, {"", key}, std::string(16, '\x01')).value(), key};
}

class CsrStory : public ::testing::Test {
 protected:
  CsrStory() {
    server::add_authorization_reviews(cluster_.api(), cluster_.authorizer());
    control::ControllerSettings settings;
    settings.cluster_ca_pem = authority_.certificate_pem;
    settings.cluster_ca_key_pem = authority_.key_pem;
    cluster_.start(csrapproving::make(settings));
    cluster_.start(csrsigning::make(settings));
    cluster_.start(csrcleaner::make(settings));
    rbac::v1::ClusterRole role;
    role.metadata.name = "joining";
    role.rules.push_back(
        {.verbs = {"create"}, .apiGroups = {"certificates.k8s.io"}, .resources = {"certificatesigningrequests/nodeclient"}});
    cluster_.create(role);
    rbac::v1::ClusterRoleBinding bound;
    bound.metadata.name = "joining";
    bound.roleRef = {.apiGroup = "rbac.authorization.k8s.io", .kind = "ClusterRole", .name = "joining"};
    bound.subjects.push_back({.kind = "User", .apiGroup = "rbac.authorization.k8s.io", .name = "joiner"});
    cluster_.create(bound);
  }

  CertificateSigningRequest request(const std::string& name, std::string_view signer, x509::SigningRequest wanted,
                                    std::vector<std::string> usages = {"client auth", "digital signature"}) {
    CertificateSigningRequest made;
    made.metadata.name = name;
    made.spec.signerName = signer;
    made.spec.username = "joiner";
    made.spec.usages = std::move(usages);
    made.spec.request = x509::make_request(wanted, x509::make_key_pem().value()).value();
    return made;
  }
  std::shared_ptr<const CertificateSigningRequest> get(const std::string& name) {
    return cluster_.get<CertificateSigningRequest>({"", name});
  }
  void decide(const std::string& name, const std::string& type) {
    cluster_.change<CertificateSigningRequest>({"", name}, "approval", [&](CertificateSigningRequest& asked) {
      asked.status.conditions.push_back({.type = type, .status = "True", .lastUpdateTime = cluster_.loop().wall()});
    });
  }
  static std::vector<std::string> types(const CertificateSigningRequest& asked) {
    std::vector<std::string> list;
    for (const auto& condition : asked.status.conditions) list.push_back(condition.type + ":" + condition.reason);
    return list;
  }

  testing::Cluster cluster_;
  x509::Issuer authority_ = make_authority(cluster_.loop().wall());
};

const x509::SigningRequest kNode{.common_name = "system:node:n1", .organizations = {"system:nodes"}};

TEST_F(CsrStory, AMachineThatMayJoinGetsTheCertificateOfANode) {
  cluster_.create(request("join", model::kKubeletClientSigner, kNode));
  cluster_.run(2s);
  auto answered = get("join");
  EXPECT_THAT(types(*answered), ElementsAre("Approved:AutoApproved"));
  EXPECT_EQ(answered->status.conditions[0].message, "Auto approving kubelet client certificate after SubjectAccessReview.");
  auto certificate = x509::read_certificate(answered->status.certificate);
  ASSERT_TRUE(certificate) << certificate.error().message;
  EXPECT_EQ(certificate->common_name, "system:node:n1");
  EXPECT_THAT(certificate->organizations, ElementsAre("system:nodes"));
  EXPECT_TRUE(x509::certificate_signed_by(answered->status.certificate, authority_.key_pem).value());
  EXPECT_EQ(certificate->not_after.seconds - certificate->not_before.seconds, kLongestSeconds);
}

TEST_F(CsrStory, AStrangerWaitsForAPerson) {
  auto asked = request("stranger", model::kKubeletClientSigner, kNode);
  asked.spec.username = "stranger";
  cluster_.create(asked);
  // For a person too is what is no node's request.
  cluster_.create(request("user", model::kKubeletClientSigner, {.common_name = "jane"}));
  cluster_.run(5s);
  EXPECT_TRUE(get("stranger")->status.conditions.empty());
  EXPECT_TRUE(get("user")->status.conditions.empty());
  EXPECT_TRUE(get("user")->status.certificate.empty());
}

TEST_F(CsrStory, WhatAPersonApprovesIsSignedForTheTimeAskedFor) {
  auto asked = request("jane", model::kClientSigner, {.common_name = "jane", .organizations = {"dev"}});
  asked.spec.expirationSeconds = 3600;
  cluster_.create(asked);
  cluster_.run(1s);
  EXPECT_TRUE(get("jane")->status.certificate.empty());
  decide("jane", "Approved");
  cluster_.run(1s);
  auto certificate = x509::read_certificate(get("jane")->status.certificate);
  ASSERT_TRUE(certificate);
  EXPECT_NEAR(certificate->not_after.seconds, cluster_.loop().wall().seconds + 3600, 5);
}

TEST_F(CsrStory, WhatTheSignerDoesNotSignFailsWithTheReason) {
  cluster_.create(request("server", model::kClientSigner, {.common_name = "jane"}, {"server auth"}));
  cluster_.create(request("other", "example.com/signer", {.common_name = "jane"}));
  cluster_.run(1s);
  decide("server", "Approved");
  decide("other", "Approved");
  cluster_.run(1s);
  EXPECT_THAT(types(*get("server")), ElementsAre("Approved:", "Failed:SignerValidationFailure"));
  EXPECT_EQ(get("server")->status.conditions[1].message, "invalid usage for client certificate: server auth");
  EXPECT_THAT(types(*get("other")), ElementsAre("Approved:"));
}

TEST_F(CsrStory, RequestsAreRemovedInTheirTime) {
  cluster_.create(request("answered", model::kKubeletClientSigner, kNode));
  cluster_.create(request("denied", model::kClientSigner, {.common_name = "jane"}));
  cluster_.create(request("pending", model::kClientSigner, {.common_name = "jane"}));
  cluster_.create(request("elsewhere", "example.com/signer", {.common_name = "jane"}));
  cluster_.run(1s);
  decide("denied", "Denied");
  decide("elsewhere", "Approved");
  cluster_.run(59min);
  EXPECT_TRUE(get("answered"));
  EXPECT_TRUE(get("denied"));
  cluster_.run(2min);
  EXPECT_FALSE(get("answered"));
  EXPECT_FALSE(get("denied"));
  cluster_.run(22h);
  EXPECT_TRUE(get("pending"));
  cluster_.run(2h);
  EXPECT_FALSE(get("pending"));
  EXPECT_TRUE(get("elsewhere"));
}

TEST(Signers, SayWhatTheyDoNotSign) {
  using model::check_certificate_request;
  const std::vector<std::string> client = {"client auth", "digital signature", "key encipherment"};
  auto why = [&](std::string_view signer, x509::SigningRequest asked, std::vector<std::string> usages) {
    auto checked = check_certificate_request(signer, asked, usages);
    return checked ? "" : checked.error().message;
  };
  using namespace model;
  EXPECT_EQ(why(kKubeletClientSigner, kNode, client), "");
  EXPECT_EQ(why(kKubeletClientSigner, kNode, {"client auth"}),
            "usages did not match [client auth digital signature key encipherment]");
  EXPECT_EQ(why(kKubeletClientSigner, {.common_name = "n1", .organizations = {"system:nodes"}}, client),
            "subject common name does not begin with system:node:");
  EXPECT_EQ(why(kKubeletClientSigner, {.common_name = "system:node:n1"}, client), "subject organization is not system:nodes");
  x509::SigningRequest named = kNode;
  named.dns_names = {"n1"};
  EXPECT_EQ(why(kKubeletClientSigner, named, client), "DNS subjectAltNames are not allowed");
  EXPECT_EQ(why(kKubeletServingSigner, named, {"server auth", "digital signature"}), "");
  EXPECT_EQ(why(kKubeletServingSigner, kNode, {"server auth", "digital signature"}), "DNS or IP subjectAltName is required");
  EXPECT_EQ(why(kClientSigner, kNode, {"digital signature"}), "missing required usage for client certificate: client auth");
}

}  // namespace
}  // namespace charon::controllers::csrsigning

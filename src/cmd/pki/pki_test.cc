#include "cmd/pki/pki.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <memory>
#include <string>

#include "base/bytes.h"
#include "rt/os/system.h"
#include "rt/virtual/loop.h"
#include "x509/certificate.h"

namespace charon::cmd {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using x509::certificate_has_key;
using x509::certificate_signed_by;
using x509::CertificateUse;
using x509::make_key_pem;
using x509::read_certificate;

constexpr std::int64_t kDay = 86400;
constexpr Time kStart{1'800'000'000};

Time later(std::int64_t seconds) { return Time{kStart.seconds + seconds}; }

class PkiTest : public ::testing::Test {
 protected:
  PkiTest() {
    std::string name = ::testing::TempDir() + "pki.XXXXXX";
    root_ = mkdtemp(name.data());
    dir_ = root_ + "/data/pki";
    options_ = {.node_name = "n1",
                .hostname = "host1.example",
                .node_ips = {"10.1.2.3", "fd00::7"},
                .service_ip = "10.43.0.1",
                .server_url = "https://127.0.0.1:6443",
                .kubeconfig_path = root_ + "/data/admin.kubeconfig"};
  }
  ~PkiTest() override { (void)files_->remove_all(root_); }

  Result<std::unique_ptr<ClusterPki>> try_open(Time now) { return ClusterPki::open(*files_, random_, dir_, options_, now); }
  std::unique_ptr<ClusterPki> open(Time now) {
    auto opened = try_open(now);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? *std::move(opened) : nullptr;
  }
  std::string bytes(const std::string& name) { return files_->read(dir_ + "/" + name).value_or("(none)"); }

  std::unique_ptr<rt::Files> files_ = rt::make_os_files();
  rt::SeededRandom random_{7};
  std::string root_;
  std::string dir_;
  PkiOptions options_;
};

TEST_F(PkiTest, FirstStartMakesEverything) {
  const auto pki = open(kStart);
  ASSERT_TRUE(pki);
  const auto ca = read_certificate(pki->ca_pem());
  ASSERT_TRUE(ca);
  EXPECT_EQ(ca->use, CertificateUse::Authority);
  EXPECT_EQ(ca->not_after, later(ClusterPki::kAuthoritySeconds));

  const auto server = read_certificate(pki->api_server().certificate_pem);
  ASSERT_TRUE(server);
  EXPECT_EQ(server->use, CertificateUse::Server);
  EXPECT_THAT(server->dns_names, ElementsAre("host1.example", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
                                             "kubernetes.default.svc.cluster.local", "localhost", "n1"));
  EXPECT_THAT(server->ips, ElementsAre("10.1.2.3", "10.43.0.1", "127.0.0.1", "::1", "fd00::7"));

  const auto admin = read_certificate(pki->admin().certificate_pem);
  ASSERT_TRUE(admin);
  EXPECT_EQ(admin->use, CertificateUse::Client);
  EXPECT_EQ(admin->common_name, "kubernetes-admin");
  EXPECT_THAT(admin->organizations, ElementsAre("system:masters"));
  const auto node = read_certificate(pki->node().certificate_pem);
  ASSERT_TRUE(node);
  EXPECT_EQ(node->common_name, "system:node:n1");
  EXPECT_THAT(node->organizations, ElementsAre("system:nodes"));
  const auto kubelet = read_certificate(pki->kubelet().certificate_pem);
  ASSERT_TRUE(kubelet);
  EXPECT_EQ(kubelet->use, CertificateUse::Server);
  EXPECT_THAT(kubelet->dns_names, Contains("n1"));

  for (const auto* pair :
       {&pki->api_server(), &pki->kubelet(), &pki->admin(), &pki->controller_manager(), &pki->scheduler(), &pki->node()}) {
    EXPECT_TRUE(certificate_signed_by(pair->certificate_pem, pki->ca_key_pem()).value_or(false));
    EXPECT_TRUE(certificate_has_key(pair->certificate_pem, pair->key_pem).value_or(false));
    EXPECT_EQ(read_certificate(pair->certificate_pem)->not_after, later(ClusterPki::kLeafSeconds));
  }
  EXPECT_THAT(pki->service_account_public_pem(), HasSubstr("BEGIN PUBLIC KEY"));
}

TEST_F(PkiTest, KeysAreSecret) {
  open(kStart);
  for (const char* name : {"ca.key", "apiserver.key", "kubelet.key", "admin.key", "controller-manager.key", "scheduler.key",
                           "node.key", "sa.key", "../admin.kubeconfig"}) {
    const auto info = files_->info(dir_ + "/" + name);
    ASSERT_TRUE(info) << name;
    EXPECT_EQ(info->mode, 0600u) << name;
  }
  ASSERT_TRUE(files_->set_mode(dir_ + "/ca.key", 0644));
  open(kStart);
  EXPECT_EQ(files_->info(dir_ + "/ca.key")->mode, 0600u);
}

TEST_F(PkiTest, KubeconfigEmbedsEverything) {
  const auto pki = open(kStart);
  const std::string text = files_->read(options_.kubeconfig_path).value();
  EXPECT_THAT(text, HasSubstr("server: \"https://127.0.0.1:6443\""));
  EXPECT_THAT(text, HasSubstr("certificate-authority-data: " + base64_encode(pki->ca_pem()) + "\n"));
  EXPECT_THAT(text, HasSubstr("client-certificate-data: " + base64_encode(pki->admin().certificate_pem) + "\n"));
  EXPECT_THAT(text, HasSubstr("client-key-data: " + base64_encode(pki->admin().key_pem) + "\n"));
  // It follows the options, and comes back when it was removed.
  options_.server_url = "https://10.1.2.3:7443";
  open(kStart);
  EXPECT_THAT(files_->read(options_.kubeconfig_path).value(), HasSubstr("https://10.1.2.3:7443"));
  ASSERT_TRUE(files_->remove_all(options_.kubeconfig_path));
  open(kStart);
  EXPECT_TRUE(files_->exists(options_.kubeconfig_path));
}

TEST_F(PkiTest, RestartKeepsWhatIsThere) {
  open(kStart);
  const std::string ca = bytes("ca.crt"), server = bytes("apiserver.crt"), sa = bytes("sa.key");
  const auto pki = open(later(100 * kDay));
  EXPECT_EQ(bytes("ca.crt"), ca);
  EXPECT_EQ(bytes("apiserver.crt"), server);
  EXPECT_EQ(bytes("sa.key"), sa);
  EXPECT_EQ(pki->ca_pem(), ca);
  EXPECT_EQ(pki->api_server().certificate_pem, server);
}

TEST_F(PkiTest, LeavesAreRenewedInTheirLastMonth) {
  const auto pki = open(kStart);
  const auto before = pki->api_server();
  EXPECT_THAT(pki->renew_due(later(335 * kDay)).value(), IsEmpty());
  EXPECT_THAT(pki->renew_due(later(335 * kDay + 1)).value(),
              ElementsAre("admin", "agent-client", "apiserver", "controller-manager", "front-proxy-client", "kubelet", "node",
                          "scheduler"));
  EXPECT_NE(pki->api_server().certificate_pem, before.certificate_pem);
  EXPECT_EQ(pki->api_server().key_pem, before.key_pem);
  EXPECT_THAT(files_->read(options_.kubeconfig_path).value(), HasSubstr(base64_encode(pki->admin().certificate_pem)));
  EXPECT_THAT(pki->renew_due(later(335 * kDay + 2)).value(), IsEmpty());
}

TEST_F(PkiTest, WhatAnotherProcessRenewedIsTakenOver) {
  const auto server = open(kStart), agent = open(kStart);
  EXPECT_THAT(agent->renew_due(later(340 * kDay)).value(), Contains("apiserver"));
  EXPECT_THAT(server->renew_due(later(340 * kDay)).value(), Contains("apiserver"));
  EXPECT_EQ(server->api_server().certificate_pem, agent->api_server().certificate_pem);
  EXPECT_THAT(server->renew_due(later(340 * kDay)).value(), IsEmpty());
  EXPECT_THAT(agent->renew_due(later(9 * 365 * kDay + kDay)).value(), Contains("ca"));
  EXPECT_THAT(server->renew_due(later(9 * 365 * kDay + kDay)).value(), Contains("ca"));
}

TEST_F(PkiTest, ExpiredLeavesAreRenewedAtStart) {
  open(kStart);
  const std::string ca = bytes("ca.crt");
  const auto pki = open(later(500 * kDay));
  EXPECT_EQ(pki->ca_pem(), ca);
  EXPECT_EQ(read_certificate(pki->api_server().certificate_pem)->not_after, later(500 * kDay + ClusterPki::kLeafSeconds));
}

TEST_F(PkiTest, CertificatesFromTheFutureAreReplaced) {
  open(later(1000 * kDay));
  const auto pki = open(kStart);
  EXPECT_LE(read_certificate(pki->api_server().certificate_pem)->not_before, kStart);
  EXPECT_LE(read_certificate(pki->ca_pem())->not_before, kStart);
}

TEST_F(PkiTest, AnExpiredAuthorityKeepsItsKeyAndName) {
  const auto first = open(kStart);
  const auto before = *read_certificate(first->ca_pem());
  const auto pki = open(later(11 * 365 * kDay));
  EXPECT_EQ(pki->ca_key_pem(), first->ca_key_pem());
  const auto after = *read_certificate(pki->ca_pem());
  EXPECT_EQ(after.common_name, before.common_name);
  EXPECT_EQ(after.not_after, later(11 * 365 * kDay + ClusterPki::kAuthoritySeconds));
}

TEST_F(PkiTest, ANewAddressReissuesTheServersOnly) {
  const auto first = open(kStart);
  const std::string admin = bytes("admin.crt");
  options_.node_ips = {"10.9.9.9"};
  const auto pki = open(later(kDay));
  EXPECT_THAT(read_certificate(pki->api_server().certificate_pem)->ips, Contains("10.9.9.9"));
  EXPECT_THAT(read_certificate(pki->kubelet().certificate_pem)->ips, Contains("10.9.9.9"));
  EXPECT_EQ(bytes("admin.crt"), admin);
  EXPECT_THAT(pki->renew_due(later(kDay)).value(), IsEmpty());
}

TEST_F(PkiTest, TheSpellingAndOrderOfAddressesDoNotMatter) {
  open(kStart);
  const std::string server = bytes("apiserver.crt");
  options_.node_ips = {"fd00:0:0:0::0007", "10.1.2.3", "10.1.2.3"};
  open(later(kDay));
  EXPECT_EQ(bytes("apiserver.crt"), server);
}

TEST_F(PkiTest, LongNodeNames) {
  options_.node_name = std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c');
  const auto pki = open(kStart);
  ASSERT_TRUE(pki);
  EXPECT_EQ(read_certificate(pki->node().certificate_pem)->common_name, "system:node:" + options_.node_name);
  EXPECT_THAT(pki->renew_due(kStart).value(), IsEmpty());
}

TEST_F(PkiTest, AnInterruptedFirstStartIsFinished) {
  open(kStart);
  const std::string key = bytes("apiserver.key");
  for (const char* name : {"ca.crt", "apiserver.crt", "admin.key"}) ASSERT_TRUE(files_->remove_all(dir_ + "/" + name));
  const auto pki = open(kStart);
  ASSERT_TRUE(pki);
  EXPECT_EQ(pki->api_server().key_pem, key);
  EXPECT_TRUE(certificate_has_key(pki->admin().certificate_pem, pki->admin().key_pem).value_or(false));
}

TEST_F(PkiTest, DamagedFilesAreReportedAndKept) {
  open(kStart);
  for (const char* name : {"ca.crt", "ca.key", "apiserver.crt", "apiserver.key", "sa.key"}) {
    const std::string path = dir_ + "/" + name;
    const std::string good = files_->read(path).value();
    ASSERT_TRUE(files_->write(path, good.substr(0, good.size() / 2), 0600));
    const auto opened = try_open(kStart);
    ASSERT_FALSE(opened) << name;
    EXPECT_EQ(opened.error().reason, Reason::Invalid);
    EXPECT_THAT(opened.error().message, HasSubstr(path));
    EXPECT_THAT(opened.error().message, ::testing::AnyOf(HasSubstr("Restore it"), HasSubstr("Remove it")));
    EXPECT_EQ(files_->read(path).value(), good.substr(0, good.size() / 2));
    ASSERT_TRUE(files_->write(path, good, 0600));
  }
  open(kStart);
}

TEST_F(PkiTest, AnAuthorityWithoutItsKeyIsReported) {
  open(kStart);
  ASSERT_TRUE(files_->remove_all(dir_ + "/ca.key"));
  auto opened = try_open(kStart);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("ca.key is missing"));
  EXPECT_FALSE(files_->exists(dir_ + "/ca.key"));
  ASSERT_TRUE(files_->write(dir_ + "/ca.key", make_key_pem().value(), 0600));
  opened = try_open(kStart);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("does not belong to"));
}

TEST_F(PkiTest, AnotherAuthorityReissuesTheLeaves) {
  open(kStart);
  for (const char* name : {"ca.key", "ca.crt"}) ASSERT_TRUE(files_->remove_all(dir_ + "/" + name));
  const auto pki = open(kStart);
  ASSERT_TRUE(pki);
  EXPECT_TRUE(certificate_signed_by(pki->api_server().certificate_pem, pki->ca_key_pem()).value_or(false));
}

TEST_F(PkiTest, AFolderThatCannotBeIsReported) {
  ASSERT_TRUE(files_->write(root_ + "/data", "a file, not a folder", 0644));
  const auto opened = try_open(kStart);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("--data-dir"));
}

TEST_F(PkiTest, AddressesMustBeLiteral) {
  options_.node_ips = {"node.example"};
  const auto opened = try_open(kStart);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("'node.example' is not an IP address"));
}

TEST_F(PkiTest, TheKeyOfTokensIsReplacedAfterAYearAndTheOldOneAccepted) {
  const auto pki = open(kStart);
  const std::string first = pki->service_account_key_pem();
  const std::string first_public = x509::public_key_pem(first).value();
  EXPECT_THAT(pki->service_account_public_pem(), HasSubstr(first_public));
  EXPECT_THAT(*pki->renew_due(later(300 * kDay)), ::testing::Not(Contains("sa")));
  EXPECT_EQ(pki->service_account_key_pem(), first);
  EXPECT_THAT(*pki->renew_due(later(366 * kDay)), Contains("sa"));
  EXPECT_NE(pki->service_account_key_pem(), first);
  EXPECT_THAT(pki->service_account_public_pem(), ::testing::EndsWith(first_public));
  EXPECT_THAT(pki->service_account_public_pem(), HasSubstr(x509::public_key_pem(pki->service_account_key_pem()).value()));
  // At most five are kept, and a key made by hand counts from then.
  for (int i = 0; i < 6; ++i)
    ASSERT_TRUE(ClusterPki::rotate_service_account_key(*files_, random_, dir_, later((367 + i) * kDay)));
  EXPECT_THAT(*pki->renew_due(later(374 * kDay)), Contains("sa"));
  EXPECT_THAT(pki->service_account_public_pem(), ::testing::Not(HasSubstr(first_public)));
  EXPECT_EQ(pki->service_account_key_pem(), bytes("sa.key"));
  EXPECT_THAT(*pki->renew_due(later(700 * kDay)), ::testing::Not(Contains("sa")));
}

TEST_F(PkiTest, FrontProxiesHaveAnAuthorityOfTheirOwn) {
  const auto pki = open(kStart);
  const std::string& client = pki->front_proxy_client().certificate_pem;
  EXPECT_EQ(read_certificate(client)->common_name, "front-proxy-client");
  EXPECT_TRUE(certificate_signed_by(client, bytes("front-proxy-ca.key")).value());
  EXPECT_FALSE(certificate_signed_by(client, pki->ca_key_pem()).value());
  EXPECT_EQ(read_certificate(pki->front_proxy_ca_pem())->use, CertificateUse::Authority);
}

}  // namespace
}  // namespace charon::cmd

#include "x509/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace charon::x509 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Time kStart{1'800'000'000};
const std::string kSerial(16, '\x05');

std::string request(const SigningRequest& wanted) { return make_request(wanted, make_key_pem().value()).value(); }

Issuer authority() {
  std::string key = make_key_pem().value();
  Certificate wanted{.use = CertificateUse::Authority, .common_name = "ca"};
  wanted.not_before = kStart;
  wanted.not_after = Time{kStart.seconds + 86400};
  return {issue_certificate(wanted, key, {"", key}, kSerial).value(), key};
}

TEST(Request, SaysWhatItAsksFor) {
  auto read = read_request(request({.common_name = "system:node:n1",
                                    .organizations = {"system:nodes", "x"},
                                    .dns_names = {"n1.example"},
                                    .ips = {"10.0.0.1", "fd00::1"},
                                    .emails = {"a@b"},
                                    .uris = {"spiffe://x"}}));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->common_name, "system:node:n1");
  EXPECT_THAT(read->organizations, ElementsAre("system:nodes", "x"));
  EXPECT_THAT(read->dns_names, ElementsAre("n1.example"));
  EXPECT_THAT(read->ips, ElementsAre("10.0.0.1", "fd00::1"));
  EXPECT_THAT(read->emails, ElementsAre("a@b"));
  EXPECT_THAT(read->uris, ElementsAre("spiffe://x"));
}

TEST(Request, WhatIsNoRequestIsRefused) {
  EXPECT_EQ(read_request("hello").error().message, "PEM block type must be CERTIFICATE REQUEST");
  EXPECT_EQ(read_request(make_key_pem().value()).error().message, "PEM block type must be CERTIFICATE REQUEST");
  EXPECT_FALSE(read_request("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"));
  EXPECT_FALSE(read_request(std::string(kMaxRequestBytes + 1, 'a')));
  // A changed byte of the subject breaks the signature.
  std::string changed = request({.common_name = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"});
  std::size_t place = changed.find("YWFhYWFh");
  if (place == std::string::npos) place = changed.find("FhYWFhYW");
  ASSERT_NE(place, std::string::npos);
  changed[place + 1] = changed[place + 1] == 'W' ? 'X' : 'W';
  EXPECT_FALSE(read_request(changed));
}

TEST(Request, TheCertificateIsTheRequestsWithTheSignersUsages) {
  Issuer ca = authority();
  Grant grant{{"digital signature", "key encipherment", "client auth"}, kStart, Time{kStart.seconds + 600}};
  auto signed_pem =
      sign_request(request({.common_name = "jane", .organizations = {"dev"}, .dns_names = {"x"}}), grant, ca, kSerial);
  ASSERT_TRUE(signed_pem) << signed_pem.error().message;
  auto read = read_certificate(*signed_pem);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->common_name, "jane");
  EXPECT_THAT(read->organizations, ElementsAre("dev"));
  EXPECT_THAT(read->dns_names, ElementsAre("x"));
  EXPECT_EQ(read->use, CertificateUse::Client);
  EXPECT_EQ(read->not_after.seconds, kStart.seconds + 600);
  EXPECT_TRUE(certificate_signed_by(*signed_pem, ca.key_pem).value());
  grant.usages = {"server auth"};
  EXPECT_EQ(read_certificate(sign_request(request({.common_name = "s"}), grant, ca, kSerial).value())->use,
            CertificateUse::Server);
  grant.usages = {"ipsec user", "any", "microsoft sgc", "netscape sgc", "cert sign"};
  EXPECT_TRUE(sign_request(request({.common_name = "s"}), grant, ca, kSerial));
  grant.usages = {"flying"};
  EXPECT_THAT(sign_request(request({.common_name = "s"}), grant, ca, kSerial).error().message,
              HasSubstr("unrecognized usage: flying"));
}

}  // namespace
}  // namespace charon::x509

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/meta/v1/kind_for_test.h"
#include "base/bytes.h"
#include "x509/request.h"

namespace charon::certificates::v1 {
namespace {

using meta::v1::KindForTest;
using meta::v1::Texts;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string& good_request() {
  static const std::string text =
      base64_encode(x509::make_request({.common_name = "jane"}, x509::make_key_pem().value()).value());
  return text;
}

std::string request(std::string_view more, std::string_view signer = "example.com/signer") {
  return R"({"metadata":{"name":"r"},"spec":{"request":")" + good_request() + R"(","signerName":")" + std::string(signer) +
         R"(","usages":["client auth","digital signature"])" + std::string(more) + "}}";
}

class CsrRules : public ::testing::Test {
 protected:
  KindForTest kind_{"certificates.k8s.io", "v1", "CertificateSigningRequest"};
};

TEST_F(CsrRules, TheSpecIsChecked) {
  EXPECT_EQ(kind_.errors(request("")), Texts{});
  EXPECT_EQ(kind_.errors(request(R"(,"expirationSeconds":599)")),
            Texts{"spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)"});
  EXPECT_EQ(kind_.errors(R"({"metadata":{"name":"r"},"spec":{"request":"aGVsbG8=","signerName":"a.b/c","usages":["any"]}})"),
            Texts{"spec.request: Invalid value: \"aGVsbG8=\": PEM block type must be CERTIFICATE REQUEST"});
  EXPECT_EQ(kind_.errors(R"({"metadata":{"name":"r"},"spec":{"request":")" + good_request() + R"(","signerName":"a.b/c"}})"),
            Texts{"spec.usages: Required value: usages must be provided"});
  EXPECT_THAT(kind_.errors(R"({"metadata":{"name":"r"},"spec":{"request":")" + good_request() +
                           R"(","signerName":"a.b/c","usages":["any","flying","any"]}})"),
              ElementsAre(HasSubstr("spec.usages[1]: Unsupported value: \"flying\": supported values: \"any\", \"cert sign\""),
                          "spec.usages[2]: Duplicate value: \"any\""));
}

TEST_F(CsrRules, TheSignersNameIsADomainAndAPath) {
  EXPECT_EQ(kind_.errors(request("", "signer")),
            Texts{"spec.signerName: Invalid value: \"signer\": must be a fully qualified domain and path of the form "
                  "'example.com/signer-name'"});
  EXPECT_EQ(
      kind_.errors(request("", "example/signer")),
      Texts{"spec.signerName: Invalid value: \"example\": should be a domain with at least two segments separated by dots"});
  EXPECT_EQ(
      kind_.errors(request("", "kubernetes.io/legacy-unknown")),
      Texts{"spec.signerName: Invalid value: \"kubernetes.io/legacy-unknown\": the legacy signerName is not allowed via this "
            "API version"});
  EXPECT_THAT(kind_.errors(request("", "a.B/c")), Contains(HasSubstr("validating label \"B\": a lowercase RFC 1123 label")));
}

TEST_F(CsrRules, DecisionsStay) {
  auto with = [](std::string_view conditions) {
    std::string text = request("");
    text.pop_back();
    return text + R"(,"status":{"conditions":[)" + std::string(conditions) + "]}}";
  };
  std::string approved = with(R"({"type":"Approved","status":"True"})");
  EXPECT_EQ(kind_.update_errors(approved, request("")),
            Texts{"status.conditions: Forbidden: updates may not remove a condition of type \"Approved\""});
  EXPECT_EQ(kind_.update_errors(approved, with(R"({"type":"Approved","status":"True","message":"x"})")),
            Texts{"status.conditions: Forbidden: updates may not modify a condition of type \"Approved\""});
  EXPECT_EQ(
      kind_.update_errors(request(""), with(R"({"type":"Approved","status":"True"},{"type":"Denied","status":"True"})")),
      Texts{"status.conditions[1].type: Invalid value: \"Denied\": Approved and Denied conditions are mutually exclusive"});
  EXPECT_EQ(kind_.update_errors(request(""), with(R"({"type":"Approved","status":"False"})")),
            Texts{"status.conditions[0].status: Unsupported value: \"False\": supported values: \"True\""});
}

}  // namespace
}  // namespace charon::certificates::v1

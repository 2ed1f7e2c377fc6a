#include <gtest/gtest.h>

#include "api/meta/v1/kind_for_test.h"

namespace charon::networking::v1 {
namespace {

using meta::v1::KindForTest;
using meta::v1::Texts;

struct Case {
  std::string json;
  Texts errors;
};

TEST(IngressClasses, NameTheirController) {
  KindForTest classes("networking.k8s.io", "v1", "IngressClass");
  auto of = [](std::string_view controller, std::string_view parameters = R"({"kind":"K","name":"n"})") {
    return R"({"metadata":{"name":"c"},"spec":{"controller":")" + std::string(controller) + R"(","parameters":)" +
           std::string(parameters) + "}}";
  };
  const Case cases[] = {
      {of("example.com/ingress"), {}},
      {of("example.com/i", R"({"kind":"K","name":"n","scope":"Namespace","namespace":"a"})"), {}},
      {of(""), {"spec.controller: Required value"}},
      {of("example.com"),
       {"spec.controller: Invalid value: \"example.com\": must be a domain-prefixed path (such as \"acme.io/foo\")"}},
      {of("example.com/a b"),
       {"spec.controller: Invalid value: \"a b\": Invalid path (regex used for validation is "
        "'[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')"}},
      {of("example.com/" + std::string(239, 'x')), {"spec.controller: Too long: may not be more than 250 bytes"}},
      {of("a/b", R"({"kind":"K","name":"a/b","scope":"Galaxy"})"),
       {"spec.parameters.name: Invalid value: \"a/b\": may not contain '/'",
        "spec.parameters.scope: Unsupported value: \"Galaxy\": supported values: \"Cluster\", \"Namespace\""}},
      {of("a/b", R"({"kind":"K","name":"n","scope":"Namespace"})"),
       {"spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"}},
      {of("a/b", R"({"kind":"K","name":"n","namespace":"x"})"),
       {"spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"}},
  };
  for (const Case& each : cases) EXPECT_EQ(classes.errors(each.json), each.errors) << each.json;
  EXPECT_EQ(classes.update_errors(of("a/b"), of("a/c")), Texts{"spec.controller: Invalid value: \"a/c\": field is immutable"});
}

TEST(IPAddresses, NameWhatTheyAreOf) {
  KindForTest addresses("networking.k8s.io", "v1", "IPAddress");
  constexpr std::string_view kGood =
      R"({"metadata":{"name":"10.0.0.1"},"spec":{"parentRef":{"resource":"services","namespace":"a","name":"s"}}})";
  EXPECT_EQ(addresses.errors(kGood), Texts{});
  EXPECT_EQ(addresses.errors(R"({"metadata":{"name":"ten"},"spec":{"parentRef":{"resource":"services","name":"s"}}})"),
            Texts{"metadata.name: Invalid value: \"ten\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"});
  EXPECT_EQ(addresses.errors(R"({"metadata":{"name":"10.0.0.1"},"spec":{}})"), Texts{"spec.parentRef: Required value"});
  EXPECT_EQ(addresses.errors(R"({"metadata":{"name":"10.0.0.1"},"spec":{"parentRef":{"namespace":"a/b"}}})"),
            (Texts{"spec.parentRef.resource: Required value", "spec.parentRef.name: Required value",
                   "spec.parentRef.namespace: Invalid value: \"a/b\": may not contain '/'"}));
  EXPECT_EQ(
      addresses
          .update_errors(kGood, R"({"metadata":{"name":"10.0.0.1"},"spec":{"parentRef":{"resource":"services","name":"t"}}})")
          .size(),
      1);
}

TEST(ServiceCIDRs, HoldOneRangeOfAFamily) {
  KindForTest ranges("networking.k8s.io", "v1", "ServiceCIDR");
  auto of = [](std::string_view cidrs) { return R"({"metadata":{"name":"r"},"spec":{"cidrs":[)" + std::string(cidrs) + "]}}"; };
  const Case cases[] = {
      {of(R"("10.0.0.0/16","fd00::/108")"), {}},
      {of(""), {"spec.cidrs: Required value: at least one CIDR required"}},
      {of(R"("10.0.0.0/16","fd00::/108","10.1.0.0/16")"),
       {"spec.cidrs: Invalid value: [\"10.0.0.0/16\",\"fd00::/108\",\"10.1.0.0/16\"]: may only hold up to 2 values"}},
      {of(R"("10.0.0.0")"),
       {"spec.cidrs[0]: Invalid value: \"10.0.0.0\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"}},
      {of(R"("10.0.0.0/16","10.1.0.0/16")"),
       {"spec.cidrs: Invalid value: [\"10.0.0.0/16\",\"10.1.0.0/16\"]: may specify no more than one IP for each IP family, "
        "i.e 192.168.0.0/24 and 2001:db8::/64"}},
  };
  for (const Case& each : cases) EXPECT_EQ(ranges.errors(each.json), each.errors) << each.json;
  const std::string one = of(R"("10.0.0.0/16")");
  EXPECT_EQ(ranges.update_errors(one, of(R"("10.0.0.0/16","fd00::/108")")), Texts{});
  EXPECT_EQ(ranges.update_errors(one, of(R"("10.1.0.0/16")")),
            Texts{"spec.cidrs[0]: Invalid value: \"10.1.0.0/16\": field is immutable"});
  EXPECT_EQ(ranges.update_errors(one, of("")), Texts{"spec.cidrs: Invalid value: []: field is immutable"});
  EXPECT_EQ(ranges.update_errors(one, of(""), "status"), Texts{});
}

}  // namespace
}  // namespace charon::networking::v1

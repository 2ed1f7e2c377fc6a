#include <gtest/gtest.h>

#include "api/meta/v1/kind_for_test.h"

namespace charon::networking::v1 {
namespace {

using meta::v1::KindForTest;
using meta::v1::Texts;

TEST(IngressValidation, SaysWhatKubernetesSays) {
  KindForTest kind("networking.k8s.io", "v1", "Ingress");
  auto of = [](std::string_view host, std::string_view type, std::string_view path) {
    return R"({"metadata":{"name":"i"},"spec":{"rules":[{"host":")" + std::string(host) +
           R"(","http":{"paths":[{"pathType":")" + std::string(type) + R"(","path":")" + std::string(path) +
           R"(","backend":{"service":{"name":"s","port":{"number":80}}}}]}}]}})";
  };
  const std::string path = "spec.rules[0].http.paths[0].path";
  EXPECT_EQ(kind.errors(of("*.example.com", "Prefix", "/a")), Texts{});
  EXPECT_EQ(kind.errors(of("a", "ImplementationSpecific", "")), Texts{});
  EXPECT_EQ(kind.errors(of("a", "Exact", "/a//b")), Texts{path + ": Invalid value: \"/a//b\": must not contain '//'"});
  EXPECT_EQ(kind.errors(of("a", "Prefix", "/a/..")), Texts{path + ": Invalid value: \"/a/..\": cannot end with '/..'"});
  EXPECT_EQ(
      kind.errors(of("a", "Regex", "/a")),
      Texts{path + "Type: Unsupported value: \"Regex\": supported values: \"Exact\", \"ImplementationSpecific\", \"Prefix\""});
  EXPECT_EQ(kind.errors(of("10.0.0.1", "Prefix", "/")),
            Texts{"spec.rules[0].host: Invalid value: \"10.0.0.1\": must be a DNS name, not an IP address"});
  EXPECT_EQ(kind.errors(of("a.*.b", "Prefix", "/")).size(), 1);
  EXPECT_EQ(
      kind.errors(R"({"metadata":{"name":"i"},"spec":{"defaultBackend":{"service":{"name":"s","port":{"number":70000}}}}})"),
      Texts{"spec.defaultBackend.service.port.number: Invalid value: 70000: must be between 1 and 65535, inclusive"});
}

TEST(NetworkPolicyValidation, ExceptionsAreInside) {
  KindForTest kind("networking.k8s.io", "v1", "NetworkPolicy");
  auto of = [](std::string_view except) {
    return R"({"metadata":{"name":"p"},"spec":{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.0/9","except":[")" +
           std::string(except) + R"("]}}]}]}})";
  };
  const std::string path = "spec.ingress[0].from[0].ipBlock.except[0]";
  EXPECT_EQ(kind.errors(of("10.1.0.0/16")), Texts{});
  for (std::string outside : {"10.128.0.0/16", "10.0.0.0/9", "::/64"})
    EXPECT_EQ(kind.errors(of(outside)),
              Texts{path + ": Invalid value: \"" + outside + "\": must be a strict subset of `cidr`"});
}

}  // namespace
}  // namespace charon::networking::v1

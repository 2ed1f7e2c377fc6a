#include <gtest/gtest.h>

#include "api/meta/v1/kind_for_test.h"

namespace charon::coordination::v1 {
namespace {

using meta::v1::KindForTest;
using meta::v1::Texts;

TEST(Leases, SayWhatKubernetesSays) {
  KindForTest leases("coordination.k8s.io", "v1", "Lease");
  auto of = [](std::string_view spec) { return R"({"metadata":{"name":"l"},"spec":)" + std::string(spec) + "}"; };
  struct Case {
    std::string json;
    Texts errors;
  };
  const Case cases[] = {
      {of(R"({"holderIdentity":"a","leaseDurationSeconds":15,"strategy":"OldestEmulationVersion","preferredHolder":"b"})"), {}},
      {of(R"({"strategy":"example.com/mine"})"), {}},
      {of(R"({"leaseDurationSeconds":0,"leaseTransitions":-1})"),
       {"spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
        "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0"}},
      {of(R"({"strategy":"Newest"})"),
       {"spec.strategy.strategy: Unsupported value: \"Newest\": supported values: \"OldestEmulationVersion\""}},
      {of(R"({"preferredHolder":"b"})"), {"spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined"}},
  };
  for (const Case& each : cases) EXPECT_EQ(leases.errors(each.json), each.errors) << each.json;
  EXPECT_EQ(leases.errors(of(R"({"strategy":"a b/c"})")).size(), 1);
}

}  // namespace
}  // namespace charon::coordination::v1

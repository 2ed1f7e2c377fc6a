#include <gtest/gtest.h>

#include "api/meta/v1/kind_for_test.h"

namespace charon::apps::v1 {
namespace {

using meta::v1::KindForTest;
using meta::v1::Texts;

std::string workload(std::string_view selector, std::string_view status) {
  return R"({"metadata":{"name":"w"},"spec":{"selector":)" + std::string(selector) +
         R"(,"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}},"status":)" +
         std::string(status) + "}";
}

constexpr std::string_view kSelector = R"({"matchLabels":{"a":"b"}})";

TEST(WorkloadStatus, CountsAddUp) {
  struct Kind {
    const char* group;
    const char* kind;
    const char* part;
  };
  for (const Kind& each :
       {Kind{"apps", "Deployment", "updatedReplicas"}, Kind{"apps", "ReplicaSet", "fullyLabeledReplicas"},
        Kind{"apps", "StatefulSet", "currentReplicas"}, Kind{"", "ReplicationController", "readyReplicas"}}) {
    KindForTest kind(each.group, "v1", each.kind);
    auto of = [&](const std::string& status) { return workload(*each.group == '\0' ? R"({"a":"b"})" : kSelector, status); };
    const std::string part(each.part);
    EXPECT_EQ(kind.update_errors(of("{}"), of(R"({"replicas":2,"readyReplicas":2,"availableReplicas":1})"), "status"), Texts{});
    EXPECT_EQ(kind.update_errors(of("{}"), of(R"({"replicas":2,")" + part + R"(":3})"), "status"),
              Texts{"status." + part + ": Invalid value: 3: cannot be greater than status.replicas"})
        << each.kind;
    EXPECT_EQ(kind.update_errors(of("{}"), of(R"({"replicas":2,"availableReplicas":1})"), "status"),
              Texts{"status.availableReplicas: Invalid value: 1: cannot be greater than readyReplicas"})
        << each.kind;
    EXPECT_EQ(kind.update_errors(of("{}"), of(R"({"replicas":2,"observedGeneration":-1})"), "status"),
              Texts{"status.observedGeneration: Invalid value: -1: must be greater than or equal to 0"})
        << each.kind;
  }
}

TEST(WorkloadStatus, CollisionsAreNotUncounted) {
  for (const char* name : {"Deployment", "StatefulSet", "DaemonSet"}) {
    KindForTest kind("apps", "v1", name);
    auto of = [](const std::string& status) { return workload(kSelector, status); };
    codec::Value before = kind.read(of(R"({"collisionCount":2})"));
    EXPECT_EQ(kind.errors_of_update(before, of(R"({"collisionCount":3})"), "status"), Texts{});
    EXPECT_EQ(kind.errors_of_update(before, of(R"({"collisionCount":1})"), "status"),
              Texts{"status.collisionCount: Invalid value: 1: cannot be decremented"})
        << name;
  }
  KindForTest kind("apps", "v1", "DaemonSet");
  EXPECT_EQ(kind.update_errors(workload(kSelector, "{}"), workload(kSelector, R"({"numberReady":-1})"), "status"),
            Texts{"status.numberReady: Invalid value: -1: must be greater than or equal to 0"});
}

}  // namespace
}  // namespace charon::apps::v1

#include "scheduler/plugins/balanced_allocation/balanced_allocation.h"

#include <gtest/gtest.h>

#include "scheduler/plugins/plugin_probe.h"

namespace charon::scheduler::testing {
namespace {

TEST(BalancedAllocation, PrefersEqualShares) {
  Probe probe(make_balanced_allocation());
  probe.node("even", {.cpu = "4", .memory = "8000"}).node("cpu-heavy", {.cpu = "4", .memory = "8000"});
  probe.pod(make_pod("there", "2", "0"), "cpu-heavy");
  // even: 1/4 and 1/4; cpu-heavy: 3/4 and 1/4, half the difference is a quarter.
  EXPECT_EQ(probe.scores(make_pod("p", "1", "2000")), (Scores{{"cpu-heavy", 75}, {"even", 100}}));
}

TEST(BalancedAllocation, PodsWithoutRequestsAreNotScored) {
  Probe probe(make_balanced_allocation());
  probe.node("a").node("b");
  EXPECT_TRUE(probe.scores(make_pod("p")).empty());
}

TEST(BalancedAllocation, OverOtherResources) {
  Probe probe(make_balanced_allocation({"cpu", "memory", "example.com/gpu"}));
  probe.node("n", {.cpu = "4", .memory = "4Gi", .extended = {{"example.com/gpu", quantity("4")}}});
  Pod pod = make_pod("p", "2", "2Gi");
  // Shares of 1/2, 1/2 and 0: the standard deviation is sqrt(1/18).
  EXPECT_EQ(probe.scores(pod), (Scores{{"n", 76}}));
  pod.spec.containers[0].resources.requests["example.com/gpu"] = quantity("2");
  EXPECT_EQ(probe.scores(pod), (Scores{{"n", 100}}));
}

}  // namespace
}  // namespace charon::scheduler::testing

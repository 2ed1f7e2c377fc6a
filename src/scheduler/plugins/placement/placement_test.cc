#include "scheduler/plugins/placement/placement.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "scheduler/plugins/plugin_probe.h"

namespace charon::scheduler::testing {
namespace {

TEST(Placement, PodCounts) {
  for (bool fewest : {true, false}) {
    Probe probe(fewest ? make_fewest_pods() : make_most_pods());
    probe.node("none").node("one").node("two");
    probe.pod(make_pod("a"), "one").pod(make_pod("b"), "two").pod(make_pod("c"), "two");
    EXPECT_EQ(probe.scores(make_pod("p")),
              fewest ? (Scores{{"none", 100}, {"one", 50}, {"two", 0}}) : (Scores{{"none", 0}, {"one", 50}, {"two", 100}}));
  }
}

TEST(Placement, ChanceIsFairAndTheSameForTheSamePod) {
  Probe probe(make_random_placement());
  for (int i = 0; i < 4; ++i) probe.node("n" + std::to_string(i));
  std::map<std::string, int> best;
  for (int i = 0; i < 400; ++i) {
    Scores scores = probe.scores(make_pod("p" + std::to_string(i)));
    EXPECT_EQ(scores, probe.scores(make_pod("p" + std::to_string(i))));
    ++best[std::ranges::max_element(scores, {}, [](const auto& entry) { return entry.second; })->first];
  }
  ASSERT_EQ(best.size(), 4u);
  for (const auto& [node, times] : best) EXPECT_GT(times, 50) << node;
}

}  // namespace
}  // namespace charon::scheduler::testing

#include "controllers/nodelifecycle/zone.h"

#include <gtest/gtest.h>

namespace charon::controllers::nodelifecycle {
namespace {

using core::v1::Node;

std::shared_ptr<const Node> make_node(bool ready, const std::string& zone, std::int64_t given_up_s = 0) {
  Node node;
  node.metadata.labels["topology.kubernetes.io/zone"] = zone;
  node.status.conditions.emplace_back().type = "Ready";
  node.status.conditions.back().status = ready ? "True" : "Unknown";
  if (given_up_s != 0)
    node.spec.taints.push_back(
        {.key = "node.kubernetes.io/unreachable", .effect = "NoExecute", .timeAdded = Time{given_up_s, 0}});
  return std::make_shared<Node>(std::move(node));
}

struct ZoneCase {
  int ready;
  int lost;
  int ready_elsewhere;
  int interval_s;  // 0: none
  bool all_lost;
};

class Zones : public ::testing::TestWithParam<ZoneCase> {};

TEST_P(Zones, AreGivenUpAsFastAsTheyAreWell) {
  std::vector<std::shared_ptr<const Node>> nodes;
  for (int i = 0; i < GetParam().ready; ++i) nodes.push_back(make_node(true, "a"));
  for (int i = 0; i < GetParam().lost; ++i) nodes.push_back(make_node(false, "a"));
  for (int i = 0; i < GetParam().ready_elsewhere; ++i) nodes.push_back(make_node(true, "b"));
  const Zone zone = zone_of(*make_node(false, "a"), nodes);
  EXPECT_EQ(zone.interval.value_or(std::chrono::seconds(0)).count(), GetParam().interval_s);
  EXPECT_EQ(zone.all_lost, GetParam().all_lost);
}

INSTANTIATE_TEST_SUITE_P(Cases, Zones,
                         ::testing::Values(ZoneCase{4, 1, 0, 10, false}, ZoneCase{1, 2, 0, 10, false},
                                           ZoneCase{2, 3, 0, 0, false}, ZoneCase{3, 3, 0, 10, false},
                                           ZoneCase{20, 40, 0, 100, false}, ZoneCase{0, 3, 0, 0, true},
                                           ZoneCase{0, 3, 1, 10, false}, ZoneCase{0, 1, 0, 0, true}));

TEST(Zone, KnowsWhenTheLastOfItsOwnWasGivenUp) {
  const std::vector<std::shared_ptr<const Node>> nodes = {make_node(true, "a"), make_node(false, "a", 100),
                                                          make_node(false, "a", 200), make_node(false, "b", 300)};
  EXPECT_EQ(zone_of(*nodes[0], nodes).last, (Time{200, 0}));
  EXPECT_EQ(zone_of(*make_node(true, "c"), nodes).last, std::nullopt);
}

}  // namespace
}  // namespace charon::controllers::nodelifecycle

#include "controllers/nodeipam/plan.h"

#include <gtest/gtest.h>

namespace charon::controllers::nodeipam {
namespace {

using core::v1::Node;

struct PartCase {
  const char* cluster;
  std::vector<const char*> taken;
  const char* part;  // empty: none is left
};

class FreePart : public ::testing::TestWithParam<PartCase> {};

TEST_P(FreePart, IsTheLowest) {
  std::vector<Range> taken;
  for (const char* text : GetParam().taken) taken.push_back(*parse_range(text));
  const auto part = free_part(*parse_range(GetParam().cluster), taken);
  EXPECT_EQ(part ? part->text() : "", GetParam().part);
}

INSTANTIATE_TEST_SUITE_P(
    Ranges, FreePart,
    ::testing::Values(PartCase{"10.42.0.0/16", {}, "10.42.0.0/24"}, PartCase{"10.42.7.9/16", {}, "10.42.0.0/24"},
                      PartCase{"10.42.0.0/16", {"10.42.0.0/24", "10.42.2.0/24"}, "10.42.1.0/24"},
                      PartCase{"10.42.0.0/16", {"10.42.1.0/24", "10.42.0.0/24"}, "10.42.2.0/24"},
                      PartCase{"10.42.0.0/16", {"10.42.0.128/25", "10.42.1.7/32"}, "10.42.2.0/24"},
                      PartCase{"10.42.0.0/16", {"10.42.0.0/16"}, ""}, PartCase{"10.42.0.0/16", {"10.0.0.0/8"}, ""},
                      PartCase{"10.42.0.0/16", {"10.43.0.0/16", "0.0.0.0/9"}, "10.42.0.0/24"},
                      PartCase{"10.42.0.0/24", {}, "10.42.0.0/24"}, PartCase{"10.42.0.0/24", {"10.42.0.0/24"}, ""},
                      PartCase{"10.42.0.16/28", {}, "10.42.0.16/28"}, PartCase{"255.255.255.0/24", {"255.255.255.0/24"}, ""},
                      PartCase{"0.0.0.0/0", {}, "0.0.0.0/24"}));

TEST(ParseRange, RefusesWhatIsNone) {
  for (const char* text : {"", "10.42.0.0", "10.42.0.0/", "10.42.0/24", "10.42.0.256/24", "10.42.0.0/33", "10.42.0.0/x",
                           "fd00::/64", "10.42.0.0.0/24", "/24"})
    EXPECT_FALSE(parse_range(text)) << text;
}

Node make_node(const std::string& name, const std::string& range) {
  Node node;
  node.metadata.name = name;
  node.metadata.uid = name + "-uid";
  node.metadata.resourceVersion = "5";
  node.spec.podCIDR = range;
  return node;
}

TEST(NodeIpamPlan, GivesANodeItsPart) {
  State state;
  state.node = std::make_shared<Node>(make_node("b", ""));
  state.nodes = {std::make_shared<Node>(make_node("a", "10.42.0.0/24")), state.node};
  const auto plan = plan_node_range(state, *parse_range("10.42.0.0/16"));
  ASSERT_EQ(plan.writes.size(), 1u);
  EXPECT_EQ(codec::string_at_path(plan.writes[0].body, {"spec", "podCIDR"}), "10.42.1.0/24");
  EXPECT_EQ(codec::string_at_path(plan.writes[0].body, {"metadata", "resourceVersion"}), "5");
  state.node = std::make_shared<Node>(make_node("b", "10.99.0.0/24"));
  EXPECT_TRUE(plan_node_range(state, *parse_range("10.42.0.0/16")).empty());
}

TEST(NodeIpamPlan, SaysThatNoneIsLeft) {
  State state;
  state.node = std::make_shared<Node>(make_node("b", ""));
  state.nodes = {std::make_shared<Node>(make_node("a", "10.42.0.0/24")), state.node};
  const auto plan = plan_node_range(state, *parse_range("10.42.0.0/24"));
  EXPECT_TRUE(plan.writes.empty());
  ASSERT_EQ(plan.events.size(), 1u);
  EXPECT_EQ(plan.events[0].message, "Node b status is now: CIDRNotAvailable");
  EXPECT_EQ(plan.requeue_after, kRetry);
}

}  // namespace
}  // namespace charon::controllers::nodeipam

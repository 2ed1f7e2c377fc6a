#include "scheduler/plugins/node_name/node_name.h"

#include <gtest/gtest.h>

#include "scheduler/plugins/plugin_probe.h"

namespace charon::scheduler::testing {
namespace {

TEST(NodeName, OnlyTheNamedNode) {
  Probe probe(make_node_name());
  probe.node("a").node("b");
  EXPECT_EQ(probe.filter(make_pod("p"), "a"), "");
  EXPECT_EQ(probe.filter(on_node(make_pod("p"), "a"), "a"), "");
  EXPECT_EQ(probe.filter(on_node(make_pod("p"), "a"), "b"), "!node(s) didn't match the requested node name");
}

}  // namespace
}  // namespace charon::scheduler::testing

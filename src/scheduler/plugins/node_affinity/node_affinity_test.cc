#include "scheduler/plugins/node_affinity/node_affinity.h"

#include <gtest/gtest.h>

#include "scheduler/plugins/plugin_probe.h"

namespace charon::scheduler::testing {
namespace {

constexpr const char* kReason = "!node(s) didn't match Pod's node affinity/selector";

core::v1::NodeSelectorTerm term(std::vector<core::v1::NodeSelectorRequirement> expressions,
                                std::vector<core::v1::NodeSelectorRequirement> fields = {}) {
  core::v1::NodeSelectorTerm out;
  out.matchExpressions = std::move(expressions);
  out.matchFields = std::move(fields);
  return out;
}

TEST(NodeAffinity, Operators) {
  struct Case {
    core::v1::NodeSelectorRequirement requirement;
    bool fits;
  };
  // The node has zone=a and level=5.
  const Case cases[] = {
      {requirement("zone", "In", {"a", "b"}), true},    {requirement("zone", "In", {"b"}), false},
      {requirement("zone", "In", {}), false},           {requirement("zone", "NotIn", {"b"}), true},
      {requirement("zone", "NotIn", {"a"}), false},     {requirement("other", "NotIn", {"a"}), true},
      {requirement("zone", "Exists", {}), true},        {requirement("other", "Exists", {}), false},
      {requirement("other", "DoesNotExist", {}), true}, {requirement("zone", "DoesNotExist", {}), false},
      {requirement("level", "Gt", {"4"}), true},        {requirement("level", "Gt", {"5"}), false},
      {requirement("level", "Lt", {"6"}), true},        {requirement("level", "Lt", {"5"}), false},
      {requirement("zone", "Gt", {"4"}), false},        {requirement("level", "Gt", {"four"}), false},
      {requirement("zone", "Resembles", {"a"}), false},
  };
  Probe probe(make_node_affinity());
  probe.node("n", {.labels = {{"zone", "a"}, {"level", "5"}}});
  for (const Case& test : cases) {
    SCOPED_TRACE(test.requirement.key + " " + test.requirement.operator_);
    Pod pod = make_pod("p");
    require_nodes(pod, {term({test.requirement})});
    EXPECT_EQ(probe.filter(pod, "n"), test.fits ? "" : kReason);
  }
}

TEST(NodeAffinity, TermsAreAlternativesAndRequirementsAreNot) {
  Probe probe(make_node_affinity());
  probe.node("n", {.labels = {{"zone", "a"}}});
  auto yes = requirement("zone", "In", {"a"});
  auto no = requirement("zone", "In", {"b"});
  Pod pod = make_pod("p");
  require_nodes(pod, {term({no}), term({yes})});
  EXPECT_EQ(probe.filter(pod, "n"), "");
  require_nodes(pod, {term({no, yes})});
  EXPECT_EQ(probe.filter(pod, "n"), kReason);
  require_nodes(pod, {term({})});  // an empty term matches nothing
  EXPECT_EQ(probe.filter(pod, "n"), kReason);
  require_nodes(pod, {term({yes})});
  pod.spec.nodeSelector = {{"zone", "b"}};  // both must hold
  EXPECT_EQ(probe.filter(pod, "n"), kReason);
  pod.spec.nodeSelector = {{"zone", "a"}};
  EXPECT_EQ(probe.filter(pod, "n"), "");
}

TEST(NodeAffinity, Fields) {
  Probe probe(make_node_affinity());
  probe.node("n").node("m");
  Pod pod = make_pod("p");
  require_nodes(pod, {term({}, {requirement("metadata.name", "In", {"n"})})});
  EXPECT_EQ(probe.filter(pod, "n"), "");
  EXPECT_EQ(probe.filter(pod, "m"), kReason);
  EXPECT_EQ(probe.plugin->prepare(probe.snapshot, *info(pod)).only_nodes, (std::set<std::string>{"n"}));
  require_nodes(pod, {term({}, {requirement("metadata.name", "NotIn", {"n"})})});
  EXPECT_EQ(probe.filter(pod, "n"), kReason);
  EXPECT_EQ(probe.filter(pod, "m"), "");
  require_nodes(pod, {term({}, {requirement("metadata.name", "In", {"n"}), requirement("metadata.name", "In", {"m"})})});
  EXPECT_EQ(probe.filter(pod, "n"), "rejected: pod affinity terms conflict");
}

TEST(NodeAffinity, PreferredWeights) {
  Probe probe(make_node_affinity());
  probe.node("a", {.labels = {{"zone", "a"}}}).node("b", {.labels = {{"zone", "b"}}}).node("c");
  Pod pod = make_pod("p");
  auto& preferred = pod.spec.affinity.emplace().nodeAffinity.emplace().preferredDuringSchedulingIgnoredDuringExecution;
  preferred.emplace_back().weight = 40;
  preferred.back().preference = term({requirement("zone", "In", {"a"})});
  preferred.emplace_back().weight = 10;
  preferred.back().preference = term({requirement("zone", "Exists", {})});
  EXPECT_EQ(probe.scores(pod), (Scores{{"a", 100}, {"b", 20}, {"c", 0}}));
}

TEST(NodeAffinity, AddedByTheProfile) {
  core::v1::NodeAffinity added;
  added.requiredDuringSchedulingIgnoredDuringExecution.emplace().nodeSelectorTerms = {
      core::v1::NodeSelectorTerm{.matchExpressions = {requirement("pool", "In", {"batch"})}}};
  Probe probe(make_node_affinity(added));
  probe.node("batch", {.labels = {{"pool", "batch"}}}).node("other");
  EXPECT_EQ(probe.filter(make_pod("p"), "batch"), "");
  EXPECT_EQ(probe.filter(make_pod("p"), "other"), "!node(s) didn't match scheduler-enforced node affinity");
}

}  // namespace
}  // namespace charon::scheduler::testing

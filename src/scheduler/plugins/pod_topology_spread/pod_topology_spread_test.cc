#include "scheduler/plugins/pod_topology_spread/pod_topology_spread.h"

#include <gtest/gtest.h>

#include "scheduler/plugins/plugin_probe.h"

namespace charon::scheduler::testing {
namespace {

constexpr const char* kSkew = "node(s) didn't match pod topology spread constraints";
constexpr const char* kMissing = "!node(s) didn't match pod topology spread constraints (missing required label)";
const LabelMap kWeb = {{"app", "web"}};

Pod web(const std::string& name) {
  Pod pod = make_pod(name);
  pod.metadata.labels = kWeb;
  return pod;
}

void add_zones(Probe& probe) {
  probe.node("a1", {.labels = {{"zone", "a"}}}).node("a2", {.labels = {{"zone", "a"}}});
  probe.node("b1", {.labels = {{"zone", "b"}}}).node("bare");
}

TEST(PodTopologySpread, HardSkew) {
  Probe probe(make_pod_topology_spread());
  add_zones(probe);
  probe.pod(web("1"), "a1").pod(make_pod("other"), "b1");
  Pod pod = web("p");
  pod.spec.topologySpreadConstraints = {spread("zone", 1, "DoNotSchedule", kWeb)};
  EXPECT_EQ(probe.filter(pod, "a1"), kSkew);
  EXPECT_EQ(probe.filter(pod, "a2"), kSkew);
  EXPECT_EQ(probe.filter(pod, "b1"), "");
  EXPECT_EQ(probe.filter(pod, "bare"), kMissing);
  pod.spec.topologySpreadConstraints[0].maxSkew = 2;
  EXPECT_EQ(probe.filter(pod, "a1"), "");
  // A pod that is not one of those it counts does not add to the skew.
  pod.spec.topologySpreadConstraints[0].maxSkew = 1;
  pod.metadata.labels = {};
  EXPECT_EQ(probe.filter(pod, "a1"), "");
}

TEST(PodTopologySpread, TerminatingPodsAndOtherNamespacesDoNotCount) {
  Probe probe(make_pod_topology_spread());
  add_zones(probe);
  Pod leaving = web("1");
  leaving.metadata.deletionTimestamp = Time{.seconds = 1};
  Pod foreign = web("2");
  foreign.metadata.namespace_ = "elsewhere";
  probe.pod(leaving, "a1").pod(foreign, "a1");
  Pod pod = web("p");
  pod.spec.topologySpreadConstraints = {spread("zone", 1, "DoNotSchedule", kWeb)};
  EXPECT_EQ(probe.filter(pod, "a1"), "");
  probe.pod(web("3"), "a2");
  EXPECT_EQ(probe.filter(pod, "a1"), kSkew);
}

TEST(PodTopologySpread, OnlyNodesThatTakePartSetTheMinimum) {
  Probe probe(make_pod_topology_spread());
  add_zones(probe);
  probe.node("c1", {.labels = {{"zone", "c"}, {"disk", "ssd"}}, .taints = {taint("k", "v", "NoSchedule")}});
  probe.pod(web("1"), "a1").pod(web("2"), "b1");
  Pod pod = web("p");
  pod.spec.topologySpreadConstraints = {spread("zone", 1, "DoNotSchedule", kWeb)};
  EXPECT_EQ(probe.filter(pod, "a1"), kSkew);  // zone c has none
  pod.spec.topologySpreadConstraints[0].nodeTaintsPolicy = "Honor";
  EXPECT_EQ(probe.filter(pod, "a1"), "");  // zone c does not take part
  pod.spec.topologySpreadConstraints[0].nodeTaintsPolicy.reset();
  require_nodes(pod, {core::v1::NodeSelectorTerm{.matchExpressions = {requirement("disk", "DoesNotExist", {})}}});
  EXPECT_EQ(probe.filter(pod, "a1"), "");
  pod.spec.topologySpreadConstraints[0].nodeAffinityPolicy = "Ignore";
  EXPECT_EQ(probe.filter(pod, "a1"), kSkew);
}

TEST(PodTopologySpread, MinDomains) {
  Probe probe(make_pod_topology_spread());
  add_zones(probe);
  probe.pod(web("1"), "a1").pod(web("2"), "b1");
  Pod pod = web("p");
  pod.spec.topologySpreadConstraints = {spread("zone", 1, "DoNotSchedule", kWeb)};
  EXPECT_EQ(probe.filter(pod, "a1"), "");
  pod.spec.topologySpreadConstraints[0].minDomains = 3;  // with two zones the minimum is taken as 0
  EXPECT_EQ(probe.filter(pod, "a1"), kSkew);
}

TEST(PodTopologySpread, MatchLabelKeys) {
  Probe probe(make_pod_topology_spread());
  add_zones(probe);
  Pod old = web("1");
  old.metadata.labels["pod-template-hash"] = "1";
  probe.pod(old, "a1");
  Pod pod = web("p");
  pod.metadata.labels["pod-template-hash"] = "2";
  pod.spec.topologySpreadConstraints = {spread("zone", 1, "DoNotSchedule", kWeb)};
  EXPECT_EQ(probe.filter(pod, "a1"), kSkew);
  pod.spec.topologySpreadConstraints[0].matchLabelKeys = {"pod-template-hash"};
  EXPECT_EQ(probe.filter(pod, "a1"), "");
}

TEST(PodTopologySpread, SoftPrefersTheEmptierZone) {
  Probe probe(make_pod_topology_spread());
  add_zones(probe);
  probe.pod(web("1"), "a1").pod(web("2"), "a1");
  Pod pod = web("p");
  pod.spec.topologySpreadConstraints = {spread("zone", 1, "ScheduleAnyway", kWeb)};
  EXPECT_EQ(probe.filter(pod, "a1"), "");
  // Two zones: 2 pods x ln(4) = 2.77, rounded 3, in zone a; 0 in zone b.
  EXPECT_EQ(probe.scores(pod), (Scores{{"a1", 0}, {"a2", 0}, {"b1", 100}, {"bare", 0}}));
}

TEST(PodTopologySpread, DefaultSpreadsTheGroup) {
  Probe probe(make_pod_topology_spread());
  add_zones(probe);
  probe.pod(web("1"), "a1");
  EXPECT_TRUE(probe.scores(web("p")).empty());  // no group, nothing to spread
  probe.snapshot.set_group("default", "Service/web", model::LabelSelector::of(kWeb));
  auto scores = probe.scores(web("p"));
  EXPECT_LT(scores["a1"], scores["a2"]);
  EXPECT_EQ(scores["a2"], scores["b1"]);  // the zone label here is not the well-known one
  EXPECT_TRUE(probe.scores(make_pod("stranger")).empty());
  probe.snapshot.remove_group("default", "Service/web");
  EXPECT_TRUE(probe.scores(web("p")).empty());
}

TEST(PodTopologySpread, DefaultsOfTheProfile) {
  PodTopologySpreadArgs args{.defaults = PodTopologySpreadArgs::Defaults::List, .list = {}};
  auto& constraint = args.list.emplace_back();
  constraint.topologyKey = "zone";
  constraint.maxSkew = 1;
  constraint.whenUnsatisfiable = "DoNotSchedule";
  Probe probe(make_pod_topology_spread(args));
  add_zones(probe);
  probe.pod(web("1"), "a1");
  EXPECT_EQ(probe.filter(web("p"), "a2"), "");  // no service has it
  probe.snapshot.set_group("default", "Service/web", model::LabelSelector::of(kWeb));
  EXPECT_EQ(probe.filter(web("p"), "a2"), kSkew);
  EXPECT_EQ(probe.filter(web("p"), "b1"), "");
  // Constraints of its own take their place.
  Pod own = web("p");
  own.spec.topologySpreadConstraints = {spread("zone", 5, "DoNotSchedule", kWeb)};
  EXPECT_EQ(probe.filter(own, "a2"), "");
}

}  // namespace
}  // namespace charon::scheduler::testing

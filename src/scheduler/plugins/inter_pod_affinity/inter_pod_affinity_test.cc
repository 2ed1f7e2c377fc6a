#include "scheduler/plugins/inter_pod_affinity/inter_pod_affinity.h"

#include <gtest/gtest.h>

#include "scheduler/plugins/plugin_probe.h"

namespace charon::scheduler::testing {
namespace {

constexpr const char* kAffinity = "!node(s) didn't match pod affinity rules";
constexpr const char* kAntiAffinity = "node(s) didn't match pod anti-affinity rules";
constexpr const char* kExisting = "node(s) didn't satisfy existing pods anti-affinity rules";

Pod labelled(const std::string& name, const LabelMap& labels) {
  Pod pod = make_pod(name);
  pod.metadata.labels = labels;
  return pod;
}

void add_nodes(Probe& probe) {
  probe.node("a1", {.labels = {{"zone", "a"}}}).node("a2", {.labels = {{"zone", "a"}}});
  probe.node("b1", {.labels = {{"zone", "b"}}}).node("bare");
}

auto& require_near(Pod& pod, const LabelMap& labels, const std::string& key) {
  return affinity(pod).requiredDuringSchedulingIgnoredDuringExecution.emplace_back(affinity_term(labels, key));
}
auto& require_far(Pod& pod, const LabelMap& labels, const std::string& key) {
  return anti_affinity(pod).requiredDuringSchedulingIgnoredDuringExecution.emplace_back(affinity_term(labels, key));
}

TEST(InterPodAffinity, RequiredAffinity) {
  Probe probe(make_inter_pod_affinity());
  add_nodes(probe);
  probe.pod(labelled("db", {{"app", "db"}}), "a1");
  Pod pod = make_pod("p");
  require_near(pod, {{"app", "db"}}, "zone");
  EXPECT_EQ(probe.filter(pod, "a2"), "");
  EXPECT_EQ(probe.filter(pod, "b1"), kAffinity);
  EXPECT_EQ(probe.filter(pod, "bare"), kAffinity);
  // With two terms, one pod must be meant by both.
  require_near(pod, {{"tier", "back"}}, "zone");
  probe.pod(labelled("back", {{"tier", "back"}}), "a2");
  EXPECT_EQ(probe.filter(pod, "a2"), kAffinity);
  probe.pod(labelled("both", {{"app", "db"}, {"tier", "back"}}), "b1");
  EXPECT_EQ(probe.filter(pod, "b1"), "");
}

TEST(InterPodAffinity, FirstOfAGroupMayStartAnywhere) {
  Probe probe(make_inter_pod_affinity());
  add_nodes(probe);
  Pod pod = labelled("p", {{"app", "web"}});
  require_near(pod, {{"app", "web"}}, "zone");
  EXPECT_EQ(probe.filter(pod, "b1"), "");
  EXPECT_EQ(probe.filter(pod, "bare"), kAffinity);
  probe.pod(pod, "a1");
  pod.metadata.uid = pod.metadata.name = "second";
  EXPECT_EQ(probe.filter(pod, "b1"), kAffinity);
  EXPECT_EQ(probe.filter(pod, "a2"), "");
}

TEST(InterPodAffinity, RequiredAntiAffinity) {
  Probe probe(make_inter_pod_affinity());
  add_nodes(probe);
  probe.pod(labelled("web", {{"app", "web"}}), "a1");
  Pod pod = make_pod("p");
  require_far(pod, {{"app", "web"}}, "kubernetes.io/hostname");
  EXPECT_EQ(probe.filter(pod, "a1"), kAntiAffinity);
  EXPECT_EQ(probe.filter(pod, "a2"), "");
  anti_affinity(pod).requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey = "zone";
  EXPECT_EQ(probe.filter(pod, "a2"), kAntiAffinity);
  EXPECT_EQ(probe.filter(pod, "bare"), "");
  // The pod moves out of the zone with its node's label.
  probe.node("a1", {.labels = {{"zone", "b"}}});
  EXPECT_EQ(probe.filter(pod, "a2"), "");
  EXPECT_EQ(probe.filter(pod, "b1"), kAntiAffinity);
}

TEST(InterPodAffinity, PlacedPodsAntiAffinity) {
  Probe probe(make_inter_pod_affinity());
  add_nodes(probe);
  Pod loner = make_pod("loner");
  require_far(loner, {{"app", "web"}}, "zone");
  probe.pod(loner, "a1");
  Pod pod = labelled("p", {{"app", "web"}});
  EXPECT_EQ(probe.filter(pod, "a2"), kExisting);
  EXPECT_EQ(probe.filter(pod, "b1"), "");
  EXPECT_EQ(probe.filter(labelled("q", {{"app", "db"}}), "a2"), "");
  probe.snapshot.remove_pod("loner");
  EXPECT_EQ(probe.filter(pod, "a2"), "");
}

TEST(InterPodAffinity, Namespaces) {
  Probe probe(make_inter_pod_affinity());
  add_nodes(probe);
  Pod web = labelled("web", {{"app", "web"}});
  web.metadata.namespace_ = "blue";
  probe.pod(web, "a1");
  Pod pod = make_pod("p");
  auto& term = require_far(pod, {{"app", "web"}}, "zone");
  EXPECT_EQ(probe.filter(pod, "a1"), "");  // means its own namespace
  term.namespaces = {"blue"};
  EXPECT_EQ(probe.filter(pod, "a1"), kAntiAffinity);
  term.namespaces = {};
  term.namespaceSelector.emplace();  // all namespaces
  EXPECT_EQ(probe.filter(pod, "a1"), kAntiAffinity);
  term.namespaceSelector = label_selector({{"team", "x"}});
  EXPECT_EQ(probe.filter(pod, "a1"), "");
  probe.snapshot.set_namespace_labels("blue", {{"team", "x"}});
  EXPECT_EQ(probe.filter(pod, "a1"), kAntiAffinity);
}

TEST(InterPodAffinity, Scores) {
  Probe probe(make_inter_pod_affinity());
  add_nodes(probe);
  probe.pod(labelled("web", {{"app", "web"}}), "a1").pod(labelled("db", {{"app", "db"}}), "b1");
  Pod pod = make_pod("p");
  auto& near = affinity(pod).preferredDuringSchedulingIgnoredDuringExecution.emplace_back();
  near.weight = 30;
  near.podAffinityTerm = affinity_term({{"app", "web"}}, "zone");
  auto& far = anti_affinity(pod).preferredDuringSchedulingIgnoredDuringExecution.emplace_back();
  far.weight = 10;
  far.podAffinityTerm = affinity_term({{"app", "db"}}, "zone");
  // Raw: a 30, b -10, bare 0.
  EXPECT_EQ(probe.scores(pod), (Scores{{"a1", 100}, {"a2", 100}, {"b1", 0}, {"bare", 25}}));
}

TEST(InterPodAffinity, PlacedPodsPreferencesScore) {
  Probe probe(make_inter_pod_affinity());
  add_nodes(probe);
  EXPECT_TRUE(probe.scores(labelled("p", {{"app", "web"}})).empty());
  Pod fan = make_pod("fan");
  require_near(fan, {{"app", "web"}}, "zone");  // a required term is worth 1
  probe.pod(fan, "b1");
  EXPECT_EQ(probe.scores(labelled("p", {{"app", "web"}})), (Scores{{"a1", 0}, {"a2", 0}, {"b1", 100}, {"bare", 0}}));
}

TEST(InterPodAffinity, Weights) {
  auto prepare = [](InterPodAffinityArgs args) {
    auto probe = std::make_unique<Probe>(make_inter_pod_affinity(args));
    add_nodes(*probe);
    Pod wants = labelled("wants", {});
    require_near(wants, {{"app", "web"}}, "zone");
    probe->pod(wants, "a1");
    return probe;
  };
  Pod pod = labelled("p", {{"app", "web"}});
  EXPECT_EQ(prepare({})->scores(pod).at("a2"), 100);
  EXPECT_TRUE(prepare({.hard_pod_affinity_weight = 0})->scores(pod).empty());
  EXPECT_TRUE(prepare({.ignore_preferred_terms_of_existing_pods = true})->scores(pod).empty());
}

}  // namespace
}  // namespace charon::scheduler::testing

#include "scheduler/configuration.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace charon::scheduler::testing {
namespace {

constexpr const char* kHead = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n";

Configuration parse(const std::string& text) {
  auto out = parse_configuration(kHead + text);
  EXPECT_TRUE(out) << (out ? "" : out.error().message);
  return out ? *std::move(out) : Configuration::standard();
}

std::string error(const std::string& text) {
  auto out = parse_configuration(kHead + text);
  return out ? "" : out.error().message;
}

const ActivePlugin* find(const Profile& profile, std::string_view name) {
  auto found = std::ranges::find_if(profile.plugins, [&](const ActivePlugin& active) { return active.plugin->name() == name; });
  return found == profile.plugins.end() ? nullptr : &*found;
}

TEST(Configuration, DefaultsAreThoseOfKubernetes) {
  Configuration out = parse("");
  ASSERT_EQ(out.profiles.size(), 1u);
  const Profile& profile = out.profiles[0];
  EXPECT_EQ(profile.scheduler_name, "default-scheduler");
  EXPECT_TRUE(profile.preemption);
  const std::pair<const char*, int> weights[] = {
      {"TaintToleration", 3},  {"NodeAffinity", 2},     {"PodTopologySpread", 2},
      {"InterPodAffinity", 2}, {"NodeResourcesFit", 1}, {"NodeResourcesBalancedAllocation", 1},
      {"ImageLocality", 1},
  };
  for (const auto& [name, weight] : weights) {
    ASSERT_NE(find(profile, name), nullptr) << name;
    EXPECT_EQ(find(profile, name)->weight, weight) << name;
  }
  EXPECT_EQ(find(profile, "Random"), nullptr);
  EXPECT_EQ(out.back_off.least, std::chrono::seconds(1));
  EXPECT_EQ(out.back_off.most, std::chrono::seconds(10));
}

TEST(Configuration, Profiles) {
  Configuration out = parse(R"(
percentageOfNodesToScore: 20
podInitialBackoffSeconds: 2
podMaxBackoffSeconds: 30
leaderElection: {leaderElect: true}
profiles:
- schedulerName: packed
  percentageOfNodesToScore: 70
  plugins:
    score:
      disabled: [{name: NodeResourcesBalancedAllocation}]
      enabled: [{name: NodeResourcesFit, weight: 5}]
    filter:
      disabled: [{name: NodePorts}]
    postFilter:
      disabled: [{name: "*"}]
  pluginConfig:
  - name: NodeResourcesFit
    args:
      apiVersion: kubescheduler.config.k8s.io/v1
      kind: NodeResourcesFitArgs
      scoringStrategy: {type: MostAllocated, resources: [{name: cpu, weight: 2}]}
- schedulerName: chance
  plugins:
    score:
      disabled: [{name: "*"}]
      enabled: [{name: Random}]
- schedulerName: bare
  plugins:
    multiPoint:
      disabled: [{name: "*"}]
      enabled: [{name: NodeResourcesFit}]
)");
  ASSERT_EQ(out.profiles.size(), 3u);
  EXPECT_EQ(out.back_off.least, std::chrono::seconds(2));
  EXPECT_EQ(out.back_off.most, std::chrono::seconds(30));
  const Profile& packed = out.profiles[0];
  EXPECT_EQ(packed.percentage_of_nodes, 70u);
  EXPECT_EQ(find(packed, "NodeResourcesFit")->weight, 5);
  EXPECT_EQ(find(packed, "NodeResourcesBalancedAllocation"), nullptr);
  EXPECT_EQ(find(packed, "NodePorts"), nullptr);
  EXPECT_FALSE(packed.preemption);
  const Profile& chance = out.profiles[1];
  EXPECT_EQ(chance.percentage_of_nodes, 20u);
  EXPECT_TRUE(chance.preemption);
  for (const ActivePlugin& active : chance.plugins)
    EXPECT_EQ(active.weight, active.plugin->name() == "Random" ? 1 : 0) << active.plugin->name();
  EXPECT_TRUE(find(chance, "NodeResourcesFit")->filters);
  EXPECT_EQ(out.profiles[2].plugins.size(), 1u);
}

TEST(Configuration, Arguments) {
  Configuration out = parse(R"(
profiles:
- pluginConfig:
  - {name: DefaultPreemption, args: {minCandidateNodesPercentage: 50, minCandidateNodesAbsolute: 7}}
  - {name: VolumeBinding, args: {bindTimeoutSeconds: 5}}
  - {name: InterPodAffinity, args: {hardPodAffinityWeight: 9}}
  - {name: NodeAffinity, args: {addedAffinity: {preferredDuringSchedulingIgnoredDuringExecution: []}}}
  - name: PodTopologySpread
    args: {defaultingType: List, defaultConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]}
  - name: NodeResourcesFit
    args:
      scoringStrategy:
        type: RequestedToCapacityRatio
        requestedToCapacityRatio: {shape: [{utilization: 0, score: 0}, {utilization: 100, score: 10}]}
)");
  EXPECT_EQ(out.profiles[0].preemption->min_candidates_percentage, 50);
  EXPECT_EQ(out.profiles[0].preemption->min_candidates, 7);
  EXPECT_EQ(out.volume_time_out, std::chrono::seconds(5));
}

TEST(Configuration, SaysWhatIsWrong) {
  EXPECT_EQ(parse_configuration("kind: Pod").error().message, "apiVersion: must be kubescheduler.config.k8s.io/v1");
  const std::pair<const char*, const char*> cases[] = {
      {"profile: []", "profile: is unknown"},
      {"percentageOfNodesToScore: 101", "percentageOfNodesToScore: not in valid range [0-100]"},
      {"podInitialBackoffSeconds: 0", "podInitialBackoffSeconds: must be greater than 0"},
      {"podMaxBackoffSeconds: 1\npodInitialBackoffSeconds: 2",
       "podMaxBackoffSeconds: must be greater than or equal to PodInitialBackoffSeconds"},
      {"extenders: [{urlPrefix: http://x}]", "extenders: are not supported"},
      {"profiles: [{schedulerName: a}, {schedulerName: a}]", "profiles: duplicate value: \"a\""},
      {"profiles: [{plugins: {score: {enabled: [{name: Nobody}]}}}]", "profiles: score: Nobody: no such plugin"},
      {"profiles: [{plugins: {score: {enabled: [{name: NodePorts}]}}}]", "profiles: score: NodePorts: does not score"},
      {"profiles: [{plugins: {bind: {disabled: [{name: DefaultBinder}]}}}]",
       "profiles: bind: DefaultBinder: cannot be disabled"},
      {"profiles: [{pluginConfig: [{name: NodePorts, args: {a: 1}}]}]", "profiles: NodePorts: takes no arguments"},
      {"profiles: [{pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: Best}}}]}]",
       "profiles: NodeResourcesFit: scoringStrategy.type: must be LeastAllocated, MostAllocated or "
       "RequestedToCapacityRatio"},
      {"profiles: [{pluginConfig: [{name: InterPodAffinity, args: {hardPodAffinityWeight: 101}}]}]",
       "profiles: InterPodAffinity: hardPodAffinityWeight: must be a number from 0 to 100"},
  };
  for (const auto& [text, message] : cases) EXPECT_EQ(error(text), message) << text;
}

}  // namespace
}  // namespace charon::scheduler::testing

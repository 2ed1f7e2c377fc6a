// Stories of profiles and of configurations that change, and of gates, on the real API server.
#include "api/coordination/v1/types.h"
#include "scheduler/story_test.h"

namespace charon::scheduler::testing {
namespace {

constexpr const char* kPacked = R"(
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
podInitialBackoffSeconds: 3
profiles:
- schedulerName: default-scheduler
- schedulerName: packed
  plugins: {score: {disabled: [{name: "*"}], enabled: [{name: MostPods}]}}
)";

class SchedulerProfilesTest : public SchedulerTest {
 protected:
  void configure(const std::string& text) {
    auto configuration = parse_configuration(text);
    ASSERT_TRUE(configuration) << configuration.error().message;
    scheduler_.configure(*std::move(configuration));
  }
  static Pod of_profile(const std::string& name, const std::string& profile) {
    Pod pod = make_pod(name, "100m");
    pod.spec.schedulerName = profile;
    return pod;
  }
};

TEST_F(SchedulerProfilesTest, EachPodByItsOwn) {
  for (const char* name : {"node-1", "node-2", "node-3"}) add_node(name);
  configure(kPacked);
  start();
  add_pod(on_node(make_pod("there"), "node-2"));
  loop_.run_for(seconds(1));
  for (int i = 0; i < 5; ++i) add_pod(of_profile("packed-" + std::to_string(i), "packed"));
  loop_.run_for(seconds(1));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(node_of("packed-" + std::to_string(i)), "node-2");
  add_pod(of_profile("spread", "default-scheduler"));
  loop_.run_for(seconds(1));
  EXPECT_NE(node_of("spread"), "node-2");
}

TEST_F(SchedulerProfilesTest, ProfilesComeAndGo) {
  add_node("node-1");
  start();
  add_pod(of_profile("waits", "packed"));
  loop_.run_for(seconds(5));
  EXPECT_EQ(node_of("waits"), "");
  configure(kPacked);
  loop_.run_for(seconds(1));
  EXPECT_EQ(node_of("waits"), "node-1");
  scheduler_.configure(Configuration::standard());
  add_pod(of_profile("foreign", "packed"));
  loop_.run_for(seconds(5));
  EXPECT_EQ(node_of("foreign"), "");
}

TEST_F(SchedulerProfilesTest, PodsThatWaitAreLookedAtAgain) {
  add_node("node-1", {.labels = {{"pool", "other"}}});
  configure(R"(
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- pluginConfig:
  - name: NodeAffinity
    args:
      addedAffinity:
        requiredDuringSchedulingIgnoredDuringExecution:
          nodeSelectorTerms: [{matchExpressions: [{key: pool, operator: In, values: [web]}]}]
)");
  start();
  add_pod(make_pod("web"));
  loop_.run_for(seconds(3));
  EXPECT_EQ(node_of("web"), "");
  EXPECT_NE(pod("web")->status.conditions.at(0).message.find("scheduler-enforced node affinity"), std::string::npos);
  scheduler_.configure(Configuration::standard());
  loop_.run_for(seconds(2));
  EXPECT_EQ(node_of("web"), "node-1");
}

TEST_F(SchedulerProfilesTest, ByWhatNodesReport) {
  add_node("busy");
  add_node("idle");
  configure(R"(
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- plugins: {score: {disabled: [{name: "*"}], enabled: [{name: LeastCPUUsed}]}}
)");
  start();
  for (const auto& [name, cpu] : {std::pair("busy", "3500m"), std::pair("idle", "100m")}) {
    coordination::v1::Lease lease;
    lease.metadata.name = name;
    lease.metadata.namespace_ = "kube-node-lease";
    lease.metadata.annotations = {{"charon.local/cpu-used", cpu}, {"charon.local/memory-used", "1Gi"}};
    create<coordination::v1::Lease>(lease);
  }
  loop_.run_for(seconds(1));
  for (int i = 0; i < 4; ++i) add_pod(make_pod("p" + std::to_string(i), "100m"));
  loop_.run_for(seconds(1));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(node_of("p" + std::to_string(i)), "idle");
}

TEST_F(SchedulerProfilesTest, GatedPodsSayWhyTheyWait) {
  add_node("node-1");
  start();
  Pod gated = make_pod("gated");
  gated.spec.schedulingGates.emplace_back().name = "example.com/first";
  gated.spec.schedulingGates.emplace_back().name = "example.com/second";
  add_pod(gated);
  loop_.run_for(seconds(5));
  auto waiting = pod("gated");
  ASSERT_EQ(waiting->status.conditions.size(), 1u);
  EXPECT_EQ(waiting->status.conditions[0].type, "PodScheduled");
  EXPECT_EQ(waiting->status.conditions[0].status, "False");
  EXPECT_EQ(waiting->status.conditions[0].reason, "SchedulingGated");
  EXPECT_EQ(waiting->status.conditions[0].message, "Scheduling is blocked due to non-empty scheduling gates");
  EXPECT_TRUE(events("gated").empty());
  EXPECT_EQ(scheduler_.queue().gated_count(), 1u);
  for (std::size_t left : {1u, 0u}) {
    Pod opened = *pod("gated");
    opened.spec.schedulingGates.resize(left);
    ASSERT_TRUE(loop_.run(client_.update<Pod>(opened)));
    loop_.run_for(seconds(2));
    EXPECT_EQ(node_of("gated"), left == 0 ? "node-1" : "");
  }
}

}  // namespace
}  // namespace charon::scheduler::testing

#include "controllers/daemonset/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "control/ownership.h"
#include "controllers/daemonset/placement.h"

namespace charon::controllers::daemonset {
namespace {

using apps::v1::DaemonSet;
using control::Write;
using core::v1::Node;
using core::v1::Pod;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

const Time kNow{1767225600, 0};

core::v1::PodTemplateSpec with_image(const std::string& image) {
  core::v1::PodTemplateSpec pod_template;
  pod_template.metadata.labels["app"] = "agent";
  core::v1::Container& container = pod_template.spec.containers.emplace_back();
  container.name = "main";
  container.image = image;
  return pod_template;
}

DaemonSet make_set(IntOrString surge = {0}, IntOrString unavailable = {1}) {
  DaemonSet set;
  set.metadata.name = "agent";
  set.metadata.namespace_ = "default";
  set.metadata.uid = "agent-uid";
  set.metadata.resourceVersion = "7";
  set.metadata.generation = 1;
  set.spec.selector.emplace().matchLabels["app"] = "agent";
  set.spec.template_ = with_image("agent:2");
  set.spec.updateStrategy.type = "RollingUpdate";
  auto& rolling = set.spec.updateStrategy.rollingUpdate.emplace();
  rolling.maxSurge = std::move(surge);
  rolling.maxUnavailable = std::move(unavailable);
  set.status.observedGeneration = 1;
  return set;
}

Node make_node(const std::string& name) {
  Node node;
  node.metadata.name = name;
  node.metadata.labels["kubernetes.io/hostname"] = name;
  return node;
}

Node tainted(const std::string& name, const std::string& key, const std::string& effect) {
  Node node = make_node(name);
  core::v1::Taint& taint = node.spec.taints.emplace_back();
  taint.key = key;
  taint.effect = effect;
  return node;
}

// A set whose revisions 1 (hash "old") and 2 ("new") are there.
struct Scene {
  DaemonSet set;
  State state;

  explicit Scene(DaemonSet from) : set(std::move(from)) {
    for (const std::string hash : {"old", "new"}) {
      apps::v1::ControllerRevision revision;
      revision.metadata.name = "agent-" + hash;
      revision.metadata.namespace_ = "default";
      revision.metadata.uid = revision.metadata.name + "-uid";
      revision.metadata.labels = {{"app", "agent"}, {"controller-revision-hash", hash}};
      revision.metadata.ownerReferences.push_back(control::controller_reference(set));
      revision.revision = hash == "old" ? 1 : 2;
      revision.data = control::template_patch(hash == "old" ? with_image("agent:1") : set.spec.template_);
      state.revisions.push_back(std::make_shared<const apps::v1::ControllerRevision>(revision));
    }
  }
  Scene& node(const Node& node) {
    state.nodes.push_back(std::make_shared<const Node>(node));
    return *this;
  }
  Scene& nodes(const std::vector<std::string>& names) {
    for (const std::string& name : names) node(make_node(name));
    return *this;
  }
  // "ready", "pending", "terminating", "Failed", "Succeeded".
  Scene& pod(const std::string& name, const std::string& node, const std::string& hash, const std::string& how = "ready") {
    Pod pod;
    pod.metadata.name = name;
    pod.metadata.namespace_ = "default";
    pod.metadata.uid = name + "-uid";
    pod.metadata.labels = {{"app", "agent"}, {"controller-revision-hash", hash}};
    pod.metadata.creationTimestamp = {kNow.seconds - 100 + static_cast<std::int64_t>(state.pods.size()), 0};
    pod.metadata.ownerReferences.push_back(control::controller_reference(set));
    pod.spec.nodeName = node;
    pod.status.phase = how == "Failed" || how == "Succeeded" ? how : how == "pending" ? "Pending" : "Running";
    if (how == "terminating") pod.metadata.deletionTimestamp = kNow;
    if (how == "ready") {
      core::v1::PodCondition& condition = pod.status.conditions.emplace_back();
      condition.type = "Ready";
      condition.status = "True";
      condition.lastTransitionTime = {kNow.seconds - 50, 0};
    }
    state.pods.push_back(std::make_shared<const Pod>(pod));
    return *this;
  }
  control::Plan plan(Time now = kNow) {
    state.set = std::make_shared<const DaemonSet>(set);
    return plan_daemon_set(state, now);
  }
};

std::vector<std::string> made_on(const control::Plan& plan) {
  std::vector<std::string> nodes;
  for (const Write& write : plan.writes)
    if (write.verb == Write::Verb::Create && write.resource.kind->kind == "Pod")
      nodes.push_back(target_node(write.object<Pod>()));
  return nodes;
}

std::vector<std::string> deleted(const control::Plan& plan, std::string_view kind = "Pod") {
  std::vector<std::string> names;
  for (const Write& write : plan.writes)
    if (write.verb == Write::Verb::Delete && write.resource.kind->kind == kind) names.push_back(write.key.name);
  return names;
}

std::optional<apps::v1::DaemonSetStatus> status_of(const control::Plan& plan) {
  for (const Write& write : plan.writes)
    if (write.resource.subresource == "status") return write.object<DaemonSet>().status;
  return std::nullopt;
}

TEST(DaemonSetPlan, MakesAPodPinnedToEachNode) {
  const auto plan = Scene(make_set()).nodes({"n1", "n2"}).plan();
  EXPECT_THAT(made_on(plan), ElementsAre("n1", "n2"));
  const Write& write = plan.writes[0];
  const Pod pod = write.object<Pod>();
  EXPECT_TRUE(pod.metadata.name.starts_with("agent-"));
  EXPECT_EQ(pod.metadata.generateName, "agent-");
  EXPECT_EQ(pod.metadata.labels.at("controller-revision-hash"), "new");
  EXPECT_EQ(pod.spec.nodeName, "");
  EXPECT_EQ(write.on_success->message, "Created pod: {name}");
  EXPECT_THAT(pod.spec.tolerations, SizeIs(6));
  // The same again is named the same.
  EXPECT_EQ(Scene(make_set()).nodes({"n1", "n2"}).plan().writes[0].key, write.key);
}

TEST(DaemonSetPlan, WhichNodesFit) {
  DaemonSet set = make_set();
  set.spec.template_.spec.nodeSelector["disk"] = "ssd";
  Node fast = make_node("fast");
  fast.metadata.labels["disk"] = "ssd";
  EXPECT_THAT(made_on(Scene(set).node(fast).nodes({"slow"}).plan()), ElementsAre("fast"));
  EXPECT_THAT(deleted(Scene(set).node(fast).nodes({"slow"}).pod("a", "fast", "new").pod("b", "slow", "new").plan()),
              ElementsAre("b"));
}

struct TaintCase {
  const char* key;
  const char* effect;
  bool host_network;
  Fit fit;
};

TEST(DaemonSetPlan, DaemonsTolerateTroubledNodes) {
  const TaintCase cases[] = {
      {"node.kubernetes.io/not-ready", "NoExecute", false, Fit::Run},
      {"node.kubernetes.io/unreachable", "NoExecute", false, Fit::Run},
      {"node.kubernetes.io/disk-pressure", "NoSchedule", false, Fit::Run},
      {"node.kubernetes.io/memory-pressure", "NoSchedule", false, Fit::Run},
      {"node.kubernetes.io/pid-pressure", "NoSchedule", false, Fit::Run},
      {"node.kubernetes.io/unschedulable", "NoSchedule", false, Fit::Run},
      {"node.kubernetes.io/network-unavailable", "NoSchedule", false, Fit::Stay},
      {"node.kubernetes.io/network-unavailable", "NoSchedule", true, Fit::Run},
      {"dedicated", "NoSchedule", false, Fit::Stay},
      {"dedicated", "NoExecute", false, Fit::Leave},
      {"dedicated", "PreferNoSchedule", false, Fit::Run},
  };
  for (const TaintCase& test : cases) {
    DaemonSet set = make_set();
    set.spec.template_.spec.hostNetwork = test.host_network;
    EXPECT_EQ(Placement(set).on(tainted("n1", test.key, test.effect)), test.fit) << test.key << " " << test.effect;
  }
}

TEST(DaemonSetPlan, APinReplacesTheRequiredAffinityOnly) {
  core::v1::PodSpec spec;
  auto& affinity = spec.affinity.emplace().nodeAffinity.emplace();
  affinity.requiredDuringSchedulingIgnoredDuringExecution.emplace().nodeSelectorTerms.emplace_back();
  affinity.preferredDuringSchedulingIgnoredDuringExecution.emplace_back().weight = 3;
  pin_to_node(spec, "n1");
  Pod pod;
  pod.spec = spec;
  EXPECT_EQ(target_node(pod), "n1");
  EXPECT_THAT(pod.spec.affinity->nodeAffinity->preferredDuringSchedulingIgnoredDuringExecution, SizeIs(1));
  EXPECT_THAT(pod.spec.affinity->nodeAffinity->requiredDuringSchedulingIgnoredDuringExecution->nodeSelectorTerms, SizeIs(1));
}

TEST(DaemonSetPlan, ATaintKeepsOthersAwayButNotWhatIsThere) {
  const Node node = tainted("n1", "dedicated", "NoSchedule");
  EXPECT_THAT(made_on(Scene(make_set()).node(node).plan()), IsEmpty());
  const auto plan = Scene(make_set()).node(node).pod("a", "n1", "new").plan();
  EXPECT_THAT(deleted(plan), IsEmpty());
  EXPECT_EQ(status_of(plan)->numberMisscheduled, 1);
}

TEST(DaemonSetPlan, OnePodANode) {
  EXPECT_THAT(deleted(Scene(make_set()).nodes({"n1"}).pod("a", "n1", "new").pod("b", "n1", "new").plan()), ElementsAre("b"));
  EXPECT_THAT(made_on(Scene(make_set()).nodes({"n1"}).pod("a", "n1", "new", "terminating").plan()), IsEmpty());
  Scene gone(make_set());
  gone.nodes({"n1"}).pod("a", "n1", "new");
  Pod pinned = *gone.state.pods[0];
  pinned.metadata.name = "pinned";
  pinned.spec.nodeName.clear();
  pin_to_node(pinned.spec, "n9");
  gone.state.pods.push_back(std::make_shared<const Pod>(pinned));
  EXPECT_THAT(deleted(gone.plan()), ElementsAre("pinned"));
}

TEST(DaemonSetPlan, CountsNodes) {
  DaemonSet set = make_set();
  set.spec.minReadySeconds = 60;
  Scene scene(set);
  scene.nodes({"n1", "n2", "n3"}).node(tainted("n4", "dedicated", "NoSchedule"));
  scene.pod("a", "n1", "new").pod("b", "n2", "old").pod("c", "n3", "new", "pending").pod("d", "n4", "new");
  const auto plan = scene.plan();
  // All that serve count as unavailable yet: the old pod costs nothing.
  EXPECT_THAT(deleted(plan), ElementsAre("b"));
  scene.set.status.observedGeneration = 0;
  const auto status = status_of(scene.plan());
  ASSERT_TRUE(status);
  EXPECT_EQ(status->desiredNumberScheduled, 3);
  EXPECT_EQ(status->currentNumberScheduled, 3);
  EXPECT_EQ(status->numberMisscheduled, 1);
  EXPECT_EQ(status->numberReady, 2);
  EXPECT_EQ(status->numberAvailable, 0);
  EXPECT_EQ(status->numberUnavailable, 3);
  EXPECT_EQ(status->updatedNumberScheduled, 2);
  EXPECT_EQ(status->observedGeneration, 1);
  EXPECT_EQ(plan.requeue_after, std::chrono::seconds(11));
}

TEST(DaemonSetPlan, RollsWithinMaxUnavailable) {
  const auto three = [](Scene scene) { return scene.nodes({"n1", "n2", "n3"}).pod("a", "n1", "old").pod("b", "n2", "old"); };
  EXPECT_THAT(deleted(three(Scene(make_set())).pod("c", "n3", "old").plan()), ElementsAre("a"));
  EXPECT_THAT(deleted(three(Scene(make_set({0}, {2}))).pod("c", "n3", "old").plan()), ElementsAre("a", "b"));
  EXPECT_THAT(deleted(three(Scene(make_set({0}, {"34%"}))).pod("c", "n3", "old").plan()), ElementsAre("a", "b"));
  EXPECT_THAT(deleted(three(Scene(make_set())).pod("c", "n3", "new", "pending").plan()), IsEmpty());
  EXPECT_THAT(deleted(three(Scene(make_set())).pod("c", "n3", "new", "terminating").plan()), IsEmpty());
  // Broken old pods are replaced at once.
  EXPECT_THAT(deleted(three(Scene(make_set())).pod("c", "n3", "old", "pending").plan()), ElementsAre("c"));
  DaemonSet by_hand = make_set();
  by_hand.spec.updateStrategy.type = "OnDelete";
  EXPECT_THAT(deleted(three(Scene(by_hand)).pod("c", "n3", "old").plan()), IsEmpty());
}

TEST(DaemonSetPlan, RollsBySurge) {
  const DaemonSet set = make_set({1}, {0});
  const auto old = Scene(set).nodes({"n1", "n2"}).pod("a", "n1", "old").pod("b", "n2", "old").plan();
  EXPECT_THAT(made_on(old), ElementsAre("n1"));
  EXPECT_THAT(deleted(old), IsEmpty());
  const auto starting =
      Scene(set).nodes({"n1", "n2"}).pod("a", "n1", "old").pod("b", "n2", "old").pod("c", "n1", "new", "pending").plan();
  EXPECT_THAT(made_on(starting), IsEmpty());
  EXPECT_THAT(deleted(starting), IsEmpty());
  const auto up = Scene(set).nodes({"n1", "n2"}).pod("a", "n1", "old").pod("b", "n2", "old").pod("c", "n1", "new").plan();
  EXPECT_THAT(deleted(up), ElementsAre("a"));
  const auto broken = Scene(set).nodes({"n1", "n2"}).pod("a", "n1", "old", "pending").pod("b", "n2", "old").plan();
  EXPECT_THAT(made_on(broken), UnorderedElementsAre("n1", "n2"));
  EXPECT_THAT(made_on(Scene(set).nodes({"n1"}).pod("a", "n1", "new", "terminating").plan()), ElementsAre("n1"));
}

TEST(DaemonSetPlan, FailedPodsAreReplacedMoreAndMoreSlowly) {
  Scene scene(make_set());
  scene.nodes({"n1"}).pod("a", "n1", "new", "Failed");
  const auto first = scene.plan();
  EXPECT_THAT(deleted(first), ElementsAre("a"));
  ASSERT_THAT(first.events, SizeIs(1));
  EXPECT_EQ(first.events[0].reason, "FailedDaemonPod");
  EXPECT_EQ(first.events[0].message, "Found failed daemon pod default/a on node n1, will try to kill it");
  std::int64_t waited_s = 0;
  control::Plan plan = first;
  for (int i = 0; i < 4; ++i) {
    scene.state.backoff = std::dynamic_pointer_cast<const FailureBackoff>(plan.memory);
    ASSERT_TRUE(scene.state.backoff);
    plan = scene.plan({kNow.seconds + waited_s, 0});
    EXPECT_THAT(deleted(plan), IsEmpty());
    ASSERT_TRUE(plan.requeue_after);
    EXPECT_EQ(*plan.requeue_after, std::chrono::seconds(1 << i));
    waited_s += 1 << i;
    scene.state.backoff = std::dynamic_pointer_cast<const FailureBackoff>(plan.memory);
    plan = scene.plan({kNow.seconds + waited_s, 0});
    EXPECT_THAT(deleted(plan), ElementsAre("a"));
  }
  scene.state.backoff = std::dynamic_pointer_cast<const FailureBackoff>(plan.memory);
  scene.state.pods.clear();
  EXPECT_EQ(scene.plan({kNow.seconds + 2000, 0}).memory, nullptr);
}

TEST(DaemonSetPlan, HistoryIsTruncatedButNotWhatPodsUse) {
  DaemonSet set = make_set();
  set.spec.revisionHistoryLimit = 0;
  EXPECT_THAT(deleted(Scene(set).nodes({"n1"}).pod("a", "n1", "old").plan(), "ControllerRevision"), IsEmpty());
  EXPECT_THAT(deleted(Scene(set).nodes({"n1"}).pod("a", "n1", "new").plan(), "ControllerRevision"), ElementsAre("agent-old"));
}

TEST(DaemonSetPlan, ADeletedSetIsLeftAlone) {
  DaemonSet set = make_set();
  set.metadata.deletionTimestamp = kNow;
  EXPECT_TRUE(Scene(set).nodes({"n1"}).plan().empty());
}

}  // namespace
}  // namespace charon::controllers::daemonset

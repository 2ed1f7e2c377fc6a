#include "controllers/replicaset/plan.h"

#include <gtest/gtest.h>

#include "control/ownership.h"
#include "control/replicas.h"

namespace charon::controllers::replicaset {
namespace {

using apps::v1::ReplicaSet;
using control::Write;
using core::v1::Pod;

const Time kNow{1767225600, 0};

ReplicaSet make_set(int replicas) {
  ReplicaSet set;
  set.metadata.name = "web-5d";
  set.metadata.namespace_ = "default";
  set.metadata.uid = "set-uid";
  set.metadata.resourceVersion = "7";
  set.metadata.generation = 1;
  set.spec.replicas = replicas;
  set.spec.selector.emplace().matchLabels["app"] = "web";
  set.spec.template_.metadata.labels["app"] = "web";
  set.spec.template_.spec.containers.emplace_back().name = "web";
  set.status.observedGeneration = 1;
  return set;
}

Pod make_pod(const std::string& name, const ReplicaSet* owner, bool ready = true) {
  Pod pod;
  pod.metadata.name = name;
  pod.metadata.namespace_ = "default";
  pod.metadata.uid = name + "-uid";
  pod.metadata.labels["app"] = "web";
  pod.metadata.creationTimestamp = {kNow.seconds - 100, 0};
  if (owner != nullptr) pod.metadata.ownerReferences.push_back(control::controller_reference(*owner));
  pod.spec.nodeName = "n1";
  pod.status.phase = "Running";
  core::v1::PodCondition& condition = pod.status.conditions.emplace_back();
  condition.type = "Ready";
  condition.status = ready ? "True" : "False";
  condition.lastTransitionTime = {kNow.seconds - 50, 0};
  return pod;
}

State make_state(ReplicaSet set, const std::vector<Pod>& pods) {
  State state;
  for (const Pod& pod : pods) state.pods.push_back(std::make_shared<Pod>(pod));
  state.replica_set = std::make_shared<ReplicaSet>(std::move(set));
  return state;
}

std::vector<Write> of_verb(const control::Plan& plan, Write::Verb verb) {
  std::vector<Write> found;
  for (const Write& write : plan.writes)
    if (write.verb == verb) found.push_back(write);
  return found;
}

TEST(ReplicaSetPlan, CreatesWhatIsMissing) {
  const ReplicaSet set = make_set(3);
  const auto plan = plan_replica_set(make_state(set, {make_pod("web-5d-aaaaa", &set)}), kNow);
  const auto creates = of_verb(plan, Write::Verb::Create);
  ASSERT_EQ(creates.size(), 2u);
  const Pod pod = creates[0].object<Pod>();
  EXPECT_TRUE(pod.metadata.name.starts_with("web-5d-"));
  EXPECT_EQ(pod.metadata.generateName, "web-5d-");
  EXPECT_EQ(pod.metadata.labels.at("app"), "web");
  EXPECT_EQ(pod.metadata.ownerReferences.at(0).uid, "set-uid");
  EXPECT_EQ(creates[0].owner_uid, "set-uid");
  EXPECT_NE(creates[0].key.name, creates[1].key.name);
  EXPECT_EQ(creates[0].on_success->reason, "SuccessfulCreate");
  EXPECT_EQ(creates[0].on_success->message, "Created pod: {name}");
}

TEST(ReplicaSetPlan, ARetryUsesTheSameNames) {
  const ReplicaSet set = make_set(2);
  const auto first = plan_replica_set(make_state(set, {}), kNow);
  const auto again = plan_replica_set(make_state(set, {}), {kNow.seconds + 9, 0});
  EXPECT_EQ(first.writes[0].key, again.writes[0].key);
  // What was made meanwhile is left out.
  const auto rest = plan_replica_set(make_state(set, {make_pod(first.writes[0].key.name, &set)}), kNow);
  const auto creates = of_verb(rest, Write::Verb::Create);
  ASSERT_EQ(creates.size(), 1u);
  EXPECT_EQ(creates[0].key, first.writes[1].key);
}

TEST(ReplicaSetPlan, DeletesTheLeastUsefulPod) {
  const ReplicaSet set = make_set(2);
  Pod cheap = make_pod("cheap", &set);
  cheap.metadata.annotations["controller.kubernetes.io/pod-deletion-cost"] = "-5";
  const auto all_ready = plan_replica_set(make_state(set, {make_pod("a", &set), cheap, make_pod("b", &set)}), kNow);
  ASSERT_EQ(of_verb(all_ready, Write::Verb::Delete).size(), 1u);
  EXPECT_EQ(of_verb(all_ready, Write::Verb::Delete)[0].key.name, "cheap");
  EXPECT_EQ(of_verb(all_ready, Write::Verb::Delete)[0].delete_options.uid, "cheap-uid");

  const auto one_not = plan_replica_set(make_state(set, {cheap, make_pod("sick", &set, false), make_pod("b", &set)}), kNow);
  EXPECT_EQ(of_verb(one_not, Write::Verb::Delete)[0].key.name, "sick");
}

TEST(ReplicaSetPlan, OrdersByNodePhaseAndNeighbours) {
  const ReplicaSet set = make_set(0);
  Pod unassigned = make_pod("unassigned", &set);
  unassigned.spec.nodeName.clear();
  Pod pending = make_pod("pending", &set);
  pending.status.phase = "Pending";
  Pod crowded = make_pod("crowded", &set);
  crowded.spec.nodeName = "n2";
  const State state = make_state(set, {make_pod("lone", &set), crowded, pending, unassigned});
  std::vector<std::shared_ptr<const Pod>> related = {std::make_shared<Pod>(crowded), std::make_shared<Pod>(crowded)};
  const auto ordered = control::by_deletion_order(state.pods, related, kNow);
  EXPECT_EQ(ordered[0]->metadata.name, "unassigned");
  EXPECT_EQ(ordered[1]->metadata.name, "pending");
  EXPECT_EQ(ordered[2]->metadata.name, "crowded");
  EXPECT_EQ(ordered[3]->metadata.name, "lone");
}

TEST(ReplicaSetPlan, CountsAndWaitsForMinReadySeconds) {
  ReplicaSet set = make_set(3);
  set.spec.minReadySeconds = 60;
  Pod going = make_pod("going", &set);
  going.metadata.deletionTimestamp = kNow;
  Pod old = make_pod("old", &set);
  old.status.conditions[0].lastTransitionTime = {kNow.seconds - 60, 0};
  const auto plan =
      plan_replica_set(make_state(set, {make_pod("young", &set), old, make_pod("sick", &set, false), going}), kNow);
  ASSERT_EQ(plan.writes.size(), 1u);
  const auto status = plan.writes[0].object<ReplicaSet>().status;
  EXPECT_EQ(plan.writes[0].resource.subresource, "status");
  EXPECT_EQ(status.replicas, 3);
  EXPECT_EQ(status.readyReplicas, 2);
  EXPECT_EQ(status.availableReplicas, 1);
  EXPECT_EQ(status.fullyLabeledReplicas, 3);
  EXPECT_EQ(status.terminatingReplicas, 1);
  ASSERT_TRUE(plan.requeue_after);
  EXPECT_EQ(*plan.requeue_after, std::chrono::seconds(11));
}

TEST(ReplicaSetPlan, AdoptsOrphansAndReleasesStrangers) {
  const ReplicaSet set = make_set(1);
  Pod stranger = make_pod("stranger", &set);
  stranger.metadata.labels["app"] = "other";
  const auto plan = plan_replica_set(make_state(set, {make_pod("orphan", nullptr), stranger}), kNow);
  const auto patches = of_verb(plan, Write::Verb::Patch);
  ASSERT_EQ(patches.size(), 2u);
  EXPECT_EQ(patches[0].key.name, "orphan");
  EXPECT_EQ(codec::string_at_path(patches[0].body, {"metadata", "uid"}), "orphan-uid");
  EXPECT_EQ(patches[1].key.name, "stranger");
  EXPECT_TRUE(of_verb(plan, Write::Verb::Create).empty());
}

TEST(ReplicaSetPlan, ReportsAFailureFirstAndClearsItLater) {
  State state = make_state(make_set(1), {});
  state.failure = Error{Reason::Forbidden, "exceeded quota", nullptr};
  const auto plan = plan_replica_set(state, kNow);
  const auto updates = of_verb(plan, Write::Verb::Update);
  ASSERT_EQ(updates.size(), 1u);
  const auto status = updates[0].object<ReplicaSet>().status;
  ASSERT_EQ(status.conditions.size(), 1u);
  EXPECT_EQ(status.conditions[0].type, "ReplicaFailure");
  EXPECT_EQ(status.conditions[0].reason, "FailedCreate");
  EXPECT_EQ(status.conditions[0].message, "exceeded quota");
  EXPECT_LT(updates[0].stage, of_verb(plan, Write::Verb::Create)[0].stage);

  ReplicaSet failed = make_set(1);
  failed.status = status;
  const auto after = plan_replica_set(make_state(failed, {make_pod("a", &failed)}), kNow);
  ASSERT_EQ(after.writes.size(), 1u);
  EXPECT_TRUE(after.writes[0].object<ReplicaSet>().status.conditions.empty());
}

TEST(ReplicaSetPlan, LeavesPodsAloneWhileItIsBeingDeleted) {
  ReplicaSet set = make_set(3);
  set.metadata.deletionTimestamp = kNow;
  const auto plan = plan_replica_set(make_state(set, {make_pod("orphan", nullptr)}), kNow);
  EXPECT_TRUE(of_verb(plan, Write::Verb::Create).empty());
  EXPECT_TRUE(of_verb(plan, Write::Verb::Patch).empty());
}

}  // namespace
}  // namespace charon::controllers::replicaset

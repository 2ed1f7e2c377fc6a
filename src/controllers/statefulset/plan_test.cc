#include "controllers/statefulset/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "control/ownership.h"
#include "controllers/statefulset/identity.h"

namespace charon::controllers::statefulset {
namespace {

using control::Write;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Time kNow{1767225600, 0};

core::v1::PodTemplateSpec with_image(const std::string& image) {
  core::v1::PodTemplateSpec pod_template;
  pod_template.metadata.labels["app"] = "web";
  core::v1::Container& container = pod_template.spec.containers.emplace_back();
  container.name = "main";
  container.image = image;
  return pod_template;
}

StatefulSet make_set(int replicas) {
  StatefulSet set;
  set.metadata.name = "web";
  set.metadata.namespace_ = "default";
  set.metadata.uid = "web-uid";
  set.metadata.generation = 1;
  set.spec.replicas = replicas;
  set.spec.serviceName = "nginx";
  set.spec.podManagementPolicy = "OrderedReady";
  set.spec.selector.emplace().matchLabels["app"] = "web";
  set.spec.template_ = with_image("web:2");
  set.spec.updateStrategy.type = "RollingUpdate";
  set.spec.updateStrategy.rollingUpdate.emplace().partition = 0;
  set.status.observedGeneration = 1;
  return set;
}

void add_claim_template(StatefulSet& set) { set.spec.volumeClaimTemplates.emplace_back().metadata.name = "data"; }

// A set whose revisions r1 (image web:1) and r2 (web:2) are there, on its way from one to the other.
struct Scene {
  StatefulSet set;
  State state;

  explicit Scene(StatefulSet from) : set(std::move(from)) {
    set.status.currentRevision = "r1";
    set.status.updateRevision = "r2";
    set.status.collisionCount = 0;
    for (int number : {1, 2}) {
      apps::v1::ControllerRevision revision;
      revision.metadata.name = "r" + std::to_string(number);
      revision.metadata.namespace_ = "default";
      revision.metadata.uid = revision.metadata.name + "-uid";
      revision.metadata.labels["app"] = "web";
      revision.metadata.ownerReferences.push_back(control::controller_reference(set));
      revision.revision = number;
      revision.data = control::template_patch(with_image("web:" + std::to_string(number)));
      state.revisions.push_back(std::make_shared<const apps::v1::ControllerRevision>(revision));
    }
  }
  // "ready", "pending", "terminating", "failed".
  Pod pod(int ordinal, const std::string& revision, std::string_view how = "ready") const {
    const std::string name = revision;
    const auto pod_template = with_image(revision == "r1" ? "web:1" : "web:2");
    Pod pod = make_pod(set, {pod_template, name}, ordinal);
    pod.metadata.uid = pod.metadata.name + "-uid";
    pod.status.phase = how == "pending" ? "Pending" : how == "failed" ? "Failed" : "Running";
    if (how == "terminating") pod.metadata.deletionTimestamp = kNow;
    if (how == "ready" || how == "terminating") {
      core::v1::PodCondition& condition = pod.status.conditions.emplace_back();
      condition.type = "Ready";
      condition.status = "True";
      condition.lastTransitionTime = {kNow.seconds - 50, 0};
    }
    return pod;
  }
  Scene& with(const Pod& pod) {
    state.pods.push_back(std::make_shared<const Pod>(pod));
    return *this;
  }
  Scene& with(int ordinal, const std::string& revision, std::string_view how = "ready") {
    return with(pod(ordinal, revision, how));
  }
  control::Plan plan() {
    state.set = std::make_shared<const StatefulSet>(set);
    return plan_stateful_set(state, kNow);
  }
};

std::vector<std::string> names(const control::Plan& plan, Write::Verb verb, std::string_view kind = "Pod") {
  std::vector<std::string> found;
  for (const Write& write : plan.writes)
    if (write.verb == verb && write.resource.kind->kind == kind) found.push_back(write.key.name);
  return found;
}
std::vector<std::string> created(const control::Plan& plan) { return names(plan, Write::Verb::Create); }
std::vector<std::string> deleted(const control::Plan& plan) { return names(plan, Write::Verb::Delete); }

std::optional<apps::v1::StatefulSetStatus> status_of(const control::Plan& plan) {
  for (const Write& write : plan.writes)
    if (write.resource.subresource == "status") return write.object<StatefulSet>().status;
  return std::nullopt;
}

TEST(StatefulSetPlan, TheFirstPlanMakesARevisionAndThePodOfTheLowestOrdinal) {
  StatefulSet set = make_set(3);
  set.status.observedGeneration = 0;
  add_claim_template(set);
  State state;
  state.set = std::make_shared<const StatefulSet>(set);
  const auto plan = plan_stateful_set(state, kNow);
  const auto revisions = names(plan, Write::Verb::Create, "ControllerRevision");
  ASSERT_THAT(revisions, SizeIs(1));
  EXPECT_THAT(names(plan, Write::Verb::Create, "PersistentVolumeClaim"), ElementsAre("data-web-0"));
  ASSERT_THAT(created(plan), ElementsAre("web-0"));
  std::map<std::string, int> stages;
  for (const Write& write : plan.writes) {
    stages[std::string(write.resource.kind->kind)] = write.stage;
    if (write.resource.kind->kind != "Pod") continue;
    const Pod pod = write.object<Pod>();
    EXPECT_EQ(pod.metadata.labels.at("controller-revision-hash"), revisions[0]);
    EXPECT_EQ(pod.metadata.labels.at("statefulset.kubernetes.io/pod-name"), "web-0");
    EXPECT_EQ(pod.metadata.labels.at("apps.kubernetes.io/pod-index"), "0");
    EXPECT_EQ(pod.metadata.generateName, "web-");
    EXPECT_EQ(pod.spec.hostname, "web-0");
    EXPECT_EQ(pod.spec.subdomain, "nginx");
    EXPECT_EQ(pod.spec.volumes.at(0).volumeSource.persistentVolumeClaim->claimName, "data-web-0");
    EXPECT_EQ(write.owner_uid, "web-uid");
    EXPECT_EQ(write.on_success->reason, "SuccessfulCreate");
    EXPECT_EQ(write.on_success->message, "create Pod web-0 in StatefulSet web successful");
    EXPECT_EQ(write.on_failure->message, "create Pod web-0 in StatefulSet web failed error: {error}");
  }
  EXPECT_LT(stages["ControllerRevision"], stages["PersistentVolumeClaim"]);
  EXPECT_LT(stages["PersistentVolumeClaim"], stages["Pod"]);
  const auto status = status_of(plan);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->updateRevision, revisions[0]);
  EXPECT_EQ(status->currentRevision, revisions[0]);
  EXPECT_EQ(status->observedGeneration, 1);
}

TEST(StatefulSetPlan, ScalesUpInOrder) {
  EXPECT_THAT(created(Scene(make_set(3)).with(0, "r2").plan()), ElementsAre("web-1"));
  EXPECT_THAT(created(Scene(make_set(3)).with(0, "r2", "pending").plan()), IsEmpty());
  EXPECT_THAT(created(Scene(make_set(3)).with(0, "r2", "terminating").plan()), IsEmpty());
  // A gap is closed first.
  EXPECT_THAT(created(Scene(make_set(3)).with(0, "r2").with(2, "r2").plan()), ElementsAre("web-1"));
}

TEST(StatefulSetPlan, ScalesDownFromTheHighestOrdinal) {
  EXPECT_THAT(deleted(Scene(make_set(1)).with(0, "r2").with(1, "r2").with(2, "r2").plan()), ElementsAre("web-2"));
  EXPECT_THAT(deleted(Scene(make_set(1)).with(0, "r2").with(1, "r2").with(2, "r2", "terminating").plan()), IsEmpty());
  // Not while one that stays is missing; one that is broken itself may go.
  EXPECT_THAT(deleted(Scene(make_set(1)).with(0, "r2", "pending").with(1, "r2").plan()), IsEmpty());
  EXPECT_THAT(deleted(Scene(make_set(1)).with(0, "r2").with(1, "r2", "pending").plan()), ElementsAre("web-1"));
  EXPECT_THAT(deleted(Scene(make_set(1)).with(0, "r2").with(1, "r2", "pending").with(2, "r2", "pending").plan()), IsEmpty());
}

TEST(StatefulSetPlan, ParallelDoesNotWait) {
  StatefulSet set = make_set(3);
  set.spec.podManagementPolicy = "Parallel";
  EXPECT_THAT(created(Scene(set).with(1, "r2", "pending").plan()), ElementsAre("web-0", "web-2"));
  set.spec.replicas = 0;
  EXPECT_THAT(deleted(Scene(set).with(0, "r2").with(1, "r2", "pending").with(2, "r2").plan()),
              ElementsAre("web-2", "web-1", "web-0"));
  set.spec.replicas = 1'000'000'000;
  EXPECT_THAT(created(Scene(set).plan()), SizeIs(kBurst));
}

TEST(StatefulSetPlan, CountsFromTheStartOrdinal) {
  StatefulSet set = make_set(2);
  set.spec.ordinals.emplace().start = 5;
  EXPECT_THAT(created(Scene(set).plan()), ElementsAre("web-5"));
  const auto plan = Scene(set).with(0, "r2").with(5, "r2").with(6, "r2").plan();
  EXPECT_THAT(deleted(plan), ElementsAre("web-0"));
}

TEST(StatefulSetPlan, UpdatesFromTheHighestOrdinal) {
  EXPECT_THAT(deleted(Scene(make_set(3)).with(0, "r1").with(1, "r1").with(2, "r1").plan()), ElementsAre("web-2"));
  EXPECT_THAT(deleted(Scene(make_set(3)).with(0, "r1").with(1, "r1").with(2, "r2").plan()), ElementsAre("web-1"));
  EXPECT_THAT(deleted(Scene(make_set(3)).with(0, "r1").with(1, "r1").with(2, "r2", "pending").plan()), IsEmpty());
  StatefulSet by_hand = make_set(3);
  by_hand.spec.updateStrategy = {};
  by_hand.spec.updateStrategy.type = "OnDelete";
  EXPECT_THAT(deleted(Scene(by_hand).with(0, "r1").with(1, "r1").with(2, "r1").plan()), IsEmpty());
}

TEST(StatefulSetPlan, APartitionKeepsTheLowOrdinals) {
  StatefulSet set = make_set(3);
  set.spec.updateStrategy.rollingUpdate->partition = 2;
  EXPECT_THAT(deleted(Scene(set).with(0, "r1").with(1, "r1").with(2, "r1").plan()), ElementsAre("web-2"));
  EXPECT_THAT(deleted(Scene(set).with(0, "r1").with(1, "r1").with(2, "r2").plan()), IsEmpty());
  // A pod below the partition is made again of the old template.
  const auto plan = Scene(set).with(0, "r1").with(2, "r2").plan();
  ASSERT_THAT(created(plan), ElementsAre("web-1"));
  for (const Write& write : plan.writes)
    if (write.verb == Write::Verb::Create) {
      EXPECT_EQ(write.object<Pod>().spec.containers[0].image, "web:1");
      EXPECT_EQ(revision_of(write.object<Pod>()), "r1");
    }
}

TEST(StatefulSetPlan, MaxUnavailableBoundsTheUpdate) {
  StatefulSet set = make_set(4);
  set.spec.podManagementPolicy = "Parallel";
  set.spec.updateStrategy.rollingUpdate->maxUnavailable = IntOrString{"50%"};
  const auto all = [](Scene scene) { return scene.with(0, "r1").with(1, "r1").with(2, "r1"); };
  EXPECT_THAT(deleted(all(Scene(set)).with(3, "r1").plan()), ElementsAre("web-3", "web-2"));
  EXPECT_THAT(deleted(all(Scene(set)).with(3, "r2", "pending").plan()), ElementsAre("web-2"));
  // What does not serve is replaced at no cost.
  EXPECT_THAT(deleted(Scene(set).with(0, "r1", "pending").with(1, "r1").with(2, "r2", "pending").with(3, "r2").plan()),
              ElementsAre("web-0"));
  set.spec.updateStrategy.rollingUpdate->maxUnavailable = IntOrString{"1%"};
  EXPECT_THAT(deleted(all(Scene(set)).with(3, "r1").plan()), ElementsAre("web-3"));
}

TEST(StatefulSetPlan, PodsThatEndedAreDeletedAndMadeAgain) {
  EXPECT_THAT(deleted(Scene(make_set(2)).with(0, "r2", "failed").plan()), ElementsAre("web-0"));
  EXPECT_THAT(created(Scene(make_set(2)).with(0, "r2", "failed").plan()), IsEmpty());
}

TEST(StatefulSetPlan, MinReadySecondsHoldsUpTheNextPod) {
  StatefulSet set = make_set(2);
  set.spec.minReadySeconds = 60;
  const auto plan = Scene(set).with(0, "r2").plan();
  EXPECT_THAT(created(plan), IsEmpty());
  ASSERT_TRUE(plan.requeue_after);
  EXPECT_EQ(*plan.requeue_after, std::chrono::seconds(11));
  const auto status = status_of(plan);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->readyReplicas, 1);
  EXPECT_EQ(status->availableReplicas, 0);
}

TEST(StatefulSetPlan, AFinishedUpdateMakesTheRevisionCurrent) {
  const auto status = status_of(Scene(make_set(2)).with(0, "r2").with(1, "r2").plan());
  ASSERT_TRUE(status);
  EXPECT_EQ(status->currentRevision, "r2");
  EXPECT_EQ(status->currentReplicas, 2);
  EXPECT_EQ(status->updatedReplicas, 2);
  const auto halfway = status_of(Scene(make_set(2)).with(0, "r1").with(1, "r2", "pending").plan());
  ASSERT_TRUE(halfway);
  EXPECT_EQ(halfway->currentRevision, "r1");
  EXPECT_EQ(halfway->currentReplicas, 1);
  EXPECT_EQ(halfway->updatedReplicas, 1);
  EXPECT_EQ(halfway->replicas, 2);
  EXPECT_EQ(halfway->readyReplicas, 1);
}

TEST(StatefulSetPlan, ADeletedSetOnlyCounts) {
  StatefulSet set = make_set(3);
  set.metadata.deletionTimestamp = kNow;
  const auto plan = Scene(set).with(0, "r1").plan();
  ASSERT_THAT(plan.writes, SizeIs(1));
  EXPECT_EQ(plan.writes[0].resource.subresource, "status");
}

TEST(StatefulSetPlan, HistoryIsTruncatedButNotWhatPodsUse) {
  StatefulSet set = make_set(2);
  set.spec.revisionHistoryLimit = 0;
  EXPECT_THAT(names(Scene(set).with(0, "r1").with(1, "r2", "pending").plan(), Write::Verb::Delete, "ControllerRevision"),
              IsEmpty());
  Scene done(set);
  done.set.status.currentRevision = "r2";
  EXPECT_THAT(names(done.with(0, "r2").with(1, "r2").plan(), Write::Verb::Delete, "ControllerRevision"), ElementsAre("r1"));
}

TEST(StatefulSetPlan, OtherPodsAreLeftAloneOrReleased) {
  Scene scene(make_set(1));
  Pod named = scene.pod(0, "r2");
  named.metadata.name = "stray";
  named.metadata.uid = "stray-uid";
  Pod foreign = named;
  foreign.metadata.name = "web-x1";
  foreign.metadata.ownerReferences.clear();
  const auto plan = scene.with(0, "r2").with(named).with(foreign).plan();
  EXPECT_THAT(names(plan, Write::Verb::Patch), ElementsAre("stray"));
  EXPECT_THAT(deleted(plan), IsEmpty());
}

TEST(StatefulSetPlan, LostIdentityLabelsComeBack) {
  Scene scene(make_set(1));
  Pod pod = scene.pod(0, "r2");
  pod.metadata.labels.erase("statefulset.kubernetes.io/pod-name");
  const auto plan = scene.with(pod).plan();
  ASSERT_THAT(names(plan, Write::Verb::Patch), ElementsAre("web-0"));
  EXPECT_EQ(codec::string_at_path(plan.writes[0].body, {"metadata", "labels", "statefulset.kubernetes.io/pod-name"}), "web-0");
}

// --- Claims ---

PersistentVolumeClaim claim_of(const std::string& name) {
  PersistentVolumeClaim claim;
  claim.metadata.name = name;
  claim.metadata.namespace_ = "default";
  claim.metadata.uid = name + "-uid";
  return claim;
}

struct Retention {
  const char* when_deleted;
  const char* when_scaled;
  const char* owner_in_range;
  const char* owner_condemned;
};

TEST(StatefulSetPlan, ClaimsBelongToWhomThePolicySays) {
  const Retention cases[] = {{"Retain", "Retain", "", ""},
                             {"Delete", "Retain", "web-uid", "web-uid"},
                             {"Retain", "Delete", "", "web-1-uid"},
                             {"Delete", "Delete", "web-uid", "web-1-uid"}};
  for (const Retention& policy : cases) {
    StatefulSet set = make_set(1);
    add_claim_template(set);
    set.spec.persistentVolumeClaimRetentionPolicy.emplace() = {policy.when_deleted, policy.when_scaled};
    Scene scene(set);
    scene.with(0, "r2").with(1, "r2");
    std::map<std::string, std::string> owners;
    // Each bears the reference that is wrong for it by any policy.
    for (const std::string name : {"data-web-0", "data-web-1"}) {
      PersistentVolumeClaim claim = claim_of(name);
      claim.metadata.ownerReferences.push_back(control::controller_reference(set));
      claim.metadata.ownerReferences[0].uid = "old";
      scene.state.claims[name] = std::make_shared<const PersistentVolumeClaim>(claim);
    }
    for (const Write& write : scene.plan().writes) {
      if (write.resource.kind->kind != "PersistentVolumeClaim") continue;
      const auto references = write.object<PersistentVolumeClaim>().metadata.ownerReferences;
      owners[write.key.name] = references.empty() ? "" : references.at(0).uid;
    }
    EXPECT_EQ(owners["data-web-0"], policy.owner_in_range) << policy.when_deleted << policy.when_scaled;
    EXPECT_EQ(owners["data-web-1"], policy.owner_condemned) << policy.when_deleted << policy.when_scaled;
    EXPECT_THAT(owners, SizeIs(2));
  }
}

TEST(StatefulSetPlan, AClaimThatIsLeavingHoldsUpItsPod) {
  StatefulSet set = make_set(1);
  add_claim_template(set);
  Scene scene(set);
  PersistentVolumeClaim claim = claim_of("data-web-0");
  claim.metadata.ownerReferences.push_back(control::controller_reference(scene.pod(0, "r2")));
  scene.state.claims["data-web-0"] = std::make_shared<const PersistentVolumeClaim>(claim);
  EXPECT_THAT(created(scene.plan()), IsEmpty());
  claim.metadata.ownerReferences.clear();
  scene.state.claims["data-web-0"] = std::make_shared<const PersistentVolumeClaim>(claim);
  EXPECT_THAT(created(scene.plan()), ElementsAre("web-0"));
}

}  // namespace
}  // namespace charon::controllers::statefulset

#include "controllers/deployment/plan.h"

#include <gtest/gtest.h>

#include <map>

#include "control/ownership.h"
#include "controllers/deployment/rollout.h"
#include "controllers/deployment/status.h"

namespace charon::controllers::deployment {
namespace {

using control::Write;

const Time kNow{1767225600, 0};

Deployment make_deployment(int replicas, IntOrString surge, IntOrString unavailable) {
  Deployment deployment;
  deployment.metadata.name = "web";
  deployment.metadata.namespace_ = "default";
  deployment.metadata.uid = "web-uid";
  deployment.metadata.generation = 2;
  deployment.spec.replicas = replicas;
  deployment.spec.progressDeadlineSeconds = 600;
  deployment.spec.selector.emplace().matchLabels["app"] = "web";
  deployment.spec.strategy.type = "RollingUpdate";
  auto& rolling = deployment.spec.strategy.rollingUpdate.emplace();
  rolling.maxSurge = std::move(surge);
  rolling.maxUnavailable = std::move(unavailable);
  deployment.spec.template_.metadata.labels["app"] = "web";
  deployment.spec.template_.spec.containers.emplace_back().image = "web:2";
  return deployment;
}

ReplicaSet make_set(const Deployment& deployment, const std::string& image, int size, int available, int desired) {
  ReplicaSet set;
  set.metadata.name = "web-" + image.substr(image.find(':') + 1);
  set.metadata.namespace_ = "default";
  set.metadata.uid = set.metadata.name + "-uid";
  set.metadata.creationTimestamp = {kNow.seconds - (image == "web:1" ? 200 : 100), 0};
  set.metadata.labels["app"] = "web";
  set.metadata.ownerReferences.push_back(control::controller_reference(deployment));
  Deployment sized = deployment;
  sized.spec.replicas = desired;
  annotate_size(set, sized);
  set.metadata.annotations[std::string(kRevision)] = image == "web:1" ? "1" : "2";
  set.spec.replicas = size;
  set.spec.template_ = deployment.spec.template_;
  set.spec.template_.spec.containers[0].image = image;
  set.status.replicas = set.status.readyReplicas = set.status.availableReplicas = available;
  return set;
}

State state_of(const Deployment& deployment, const std::vector<ReplicaSet>& sets) {
  State state;
  state.deployment = std::make_shared<Deployment>(deployment);
  for (const ReplicaSet& set : sets) state.replica_sets.push_back(std::make_shared<ReplicaSet>(set));
  return state;
}

// The new size of each set that the plan changes.
std::map<std::string, std::int64_t> sizes(const control::Plan& plan) {
  std::map<std::string, std::int64_t> found;
  for (const Write& write : plan.writes)
    if (const codec::Value* size = codec::find_path(write.body, {"spec", "replicas"});
        size != nullptr && write.resource.kind->kind == "ReplicaSet")
      found[write.key.name] = size->to_number<std::int64_t>();
  return found;
}

std::optional<DeploymentStatus> last_status(const control::Plan& plan) {
  std::optional<DeploymentStatus> status;
  for (const Write& write : plan.writes)
    if (write.resource.subresource == "status") status = write.object<Deployment>().status;
  return status;
}

struct Roll {
  const char* name;
  int replicas;
  IntOrString surge;
  IntOrString unavailable;
  int old_size, old_available, new_size, new_available;
  std::map<std::string, std::int64_t> expected;
};

class Rolling : public testing::TestWithParam<Roll> {};

TEST_P(Rolling, MovesAsFarAsItMay) {
  const Roll& roll = GetParam();
  const Deployment deployment = make_deployment(roll.replicas, roll.surge, roll.unavailable);
  const auto plan =
      plan_deployment(state_of(deployment, {make_set(deployment, "web:1", roll.old_size, roll.old_available, roll.replicas),
                                            make_set(deployment, "web:2", roll.new_size, roll.new_available, roll.replicas)}),
                      kNow);
  EXPECT_EQ(sizes(plan), roll.expected);
}

using Sizes = std::map<std::string, std::int64_t>;
INSTANTIATE_TEST_SUITE_P(
    Steps, Rolling,
    testing::Values(Roll{"grow by the surge", 10, {"25%"}, {"25%"}, 10, 10, 0, 0, Sizes{{"web-2", 3}}},
                    Roll{"shrink by unavailable", 10, {"25%"}, {"25%"}, 10, 10, 3, 0, Sizes{{"web-1", 8}}},
                    Roll{"wait", 10, {"25%"}, {"25%"}, 8, 8, 5, 0, Sizes{}},
                    Roll{"go on", 10, {"25%"}, {"25%"}, 8, 8, 5, 2, Sizes{{"web-1", 6}}},
                    Roll{"broken ones first", 10, {3}, {2}, 10, 8, 3, 3, Sizes{{"web-1", 5}}},
                    Roll{"going ones do not count", 10, {"100%"}, {"50%"}, 5, 10, 10, 1, Sizes{{"web-1", 4}}},
                    Roll{"only surge", 3, {1}, {0}, 3, 3, 0, 0, Sizes{{"web-2", 1}}},
                    Roll{"only surge, ready", 3, {1}, {0}, 3, 3, 1, 1, Sizes{{"web-1", 2}}},
                    Roll{"only unavailable", 3, {0}, {1}, 3, 3, 0, 0, Sizes{{"web-1", 2}}},
                    Roll{"neither rounds to anything", 1, {"0%"}, {"25%"}, 1, 1, 0, 0, Sizes{{"web-1", 0}}},
                    Roll{"done", 3, {1}, {1}, 0, 0, 3, 3, Sizes{}}),
    [](const auto& info) {
      std::string name = info.param.name;
      std::erase_if(name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); });
      return name;
    });

// The example of the documentation: 10 replicas amid a rollout become 15.
TEST(DeploymentPlan, TakesNothingAwayWhileASetHasNotFollowed) {
  const Deployment deployment = make_deployment(3, {1}, {0});
  const ReplicaSet old = make_set(deployment, "web:1", 3, 3, 3);
  ReplicaSet newest = make_set(deployment, "web:2", 1, 1, 3);
  newest.metadata.generation = 3;  // to 0 and back to 1: the pod that the status counts may be going
  newest.status.observedGeneration = 2;
  EXPECT_EQ(sizes(plan_deployment(state_of(deployment, {old, newest}), kNow)), Sizes{});
  newest.status.observedGeneration = 3;
  EXPECT_EQ(sizes(plan_deployment(state_of(deployment, {old, newest}), kNow)), (Sizes{{"web-1", 2}}));
}

TEST(DeploymentPlan, ScalesInProportion) {
  const Deployment deployment = make_deployment(15, {3}, {2});
  const auto plan = plan_deployment(
      state_of(deployment, {make_set(deployment, "web:1", 8, 8, 10), make_set(deployment, "web:2", 5, 0, 10)}), kNow);
  EXPECT_EQ(sizes(plan), (Sizes{{"web-1", 11}, {"web-2", 7}}));
}

TEST(DeploymentPlan, RollingBackReusesTheOldSetWithANewRevision) {
  Deployment deployment = make_deployment(3, {1}, {1});
  deployment.spec.template_.spec.containers[0].image = "web:1";
  const auto plan = plan_deployment(
      state_of(deployment, {make_set(deployment, "web:1", 0, 0, 3), make_set(deployment, "web:2", 3, 3, 3)}), kNow);
  for (const Write& write : plan.writes) {
    if (write.key.name != "web-1") continue;
    EXPECT_EQ(codec::string_at_path(write.body, {"metadata", "annotations", "deployment.kubernetes.io/revision"}), "3");
    EXPECT_EQ(codec::string_at_path(write.body, {"metadata", "annotations", "deployment.kubernetes.io/revision-history"}), "1");
  }
  EXPECT_EQ(sizes(plan).at("web-1"), 1);
}

TEST(DeploymentPlan, MakesItsFirstSet) {
  const Deployment deployment = make_deployment(3, {1}, {1});
  const auto plan = plan_deployment(state_of(deployment, {}), kNow);
  ASSERT_EQ(plan.writes.size(), 3u);
  const ReplicaSet set = plan.writes[0].object<ReplicaSet>();
  const std::string hash = set.metadata.labels.at("pod-template-hash");
  EXPECT_EQ(set.metadata.name, "web-" + hash);
  EXPECT_EQ(set.spec.selector->matchLabels.at("pod-template-hash"), hash);
  EXPECT_EQ(set.spec.template_.metadata.labels.at("pod-template-hash"), hash);
  EXPECT_EQ(set.spec.replicas, 3);
  EXPECT_EQ(plan.writes[0].on_success->message, "Scaled up replica set " + set.metadata.name + " from 0 to 3");
  EXPECT_EQ(codec::string_at_path(plan.writes[1].body, {"metadata", "annotations", "deployment.kubernetes.io/revision"}), "1");
  const auto status = last_status(plan);
  ASSERT_TRUE(status);
  EXPECT_EQ(condition_of(*status, "Progressing")->reason, "NewReplicaSetCreated");
  EXPECT_EQ(condition_of(*status, "Available")->message, "Deployment does not have minimum availability.");
  EXPECT_EQ(status->observedGeneration, 2);
}

TEST(DeploymentPlan, ANameThatIsTakenIsCountedAsACollision) {
  const Deployment deployment = make_deployment(1, {1}, {1});
  ReplicaSet stranger = make_set(deployment, "web:1", 0, 0, 1);
  stranger.metadata.name = "web-" + template_hash(deployment.spec.template_, 0);
  const auto plan = plan_deployment(state_of(deployment, {stranger}), kNow);
  EXPECT_EQ(last_status(plan)->collisionCount, 1);
  bool made = false;
  for (const Write& write : plan.writes)
    made =
        made || (write.verb == Write::Verb::Create && write.key.name == "web-" + template_hash(deployment.spec.template_, 1));
  EXPECT_TRUE(made);
}

TEST(DeploymentPlan, AFailedCreateIsReportedBeforeItIsTriedAgain) {
  State state = state_of(make_deployment(1, {1}, {1}), {});
  state.failure = Error{Reason::Forbidden, "no quota", nullptr};
  const auto plan = plan_deployment(state, kNow);
  ASSERT_FALSE(plan.writes.empty());
  EXPECT_EQ(plan.writes[0].resource.subresource, "status");
  const auto early = plan.writes[0].object<Deployment>().status;
  EXPECT_EQ(condition_of(early, "Progressing")->reason, "ReplicaSetCreateError");
  EXPECT_TRUE(condition_of(early, "Progressing")->message.ends_with(": no quota"));
}

TEST(DeploymentPlan, WithoutProgressTheDeadlineEndsTheWait) {
  Deployment deployment = make_deployment(2, {1}, {1});
  const ReplicaSet set = make_set(deployment, "web:2", 2, 0, 2);
  set_condition(deployment.status, make_condition("Progressing", "True", "ReplicaSetUpdated", "", {kNow.seconds - 100, 0}));
  deployment.status.replicas = deployment.status.updatedReplicas = 0;
  const auto waiting = plan_deployment(state_of(deployment, {set}), kNow);
  EXPECT_EQ(waiting.requeue_after, std::chrono::seconds(501));
  const auto late = plan_deployment(state_of(deployment, {set}), {kNow.seconds + 501, 0});
  const auto status = last_status(late);
  ASSERT_TRUE(status);
  EXPECT_EQ(condition_of(*status, "Progressing")->reason, "ProgressDeadlineExceeded");
  EXPECT_EQ(condition_of(*status, "Progressing")->message, "ReplicaSet \"web-2\" has timed out progressing.");
}

TEST(Rollout, HashesDependOnTemplateAndCollisionsOnly) {
  const Deployment one = make_deployment(1, {1}, {1});
  Deployment other = one;
  other.spec.replicas = 9;
  EXPECT_EQ(template_hash(one.spec.template_, 0), template_hash(other.spec.template_, 0));
  EXPECT_NE(template_hash(one.spec.template_, 0), template_hash(one.spec.template_, 1));
  other.spec.template_.spec.containers[0].image = "web:3";
  EXPECT_NE(template_hash(one.spec.template_, 0), template_hash(other.spec.template_, 0));
}

}  // namespace
}  // namespace charon::controllers::deployment

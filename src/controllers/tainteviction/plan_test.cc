#include "controllers/tainteviction/plan.h"

#include <gtest/gtest.h>

namespace charon::controllers::tainteviction {
namespace {

using core::v1::Pod;
using core::v1::Taint;
using core::v1::Toleration;

const Time kNow{1767225600, 0};
const Taint kUnreachable{.key = "node.kubernetes.io/unreachable", .value = "", .effect = "NoExecute", .timeAdded = kNow};

Toleration tolerate(std::string key, std::string op, std::string effect, std::optional<std::int64_t> seconds) {
  Toleration toleration;
  toleration.key = std::move(key);
  toleration.operator_ = std::move(op);
  toleration.effect = std::move(effect);
  toleration.tolerationSeconds = seconds;
  return toleration;
}

struct Case {
  std::vector<Toleration> tolerations;
  std::optional<std::int64_t> after_s;  // nullopt: never
};

class EvictionTime : public testing::TestWithParam<Case> {};

TEST_P(EvictionTime, FollowsTheTolerations) {
  Pod pod;
  pod.spec.tolerations = GetParam().tolerations;
  const auto when = eviction_time(pod, {kUnreachable, Taint{.key = "x", .value = "", .effect = "NoSchedule"}});
  ASSERT_EQ(when.has_value(), GetParam().after_s.has_value());
  if (when) EXPECT_EQ(when->seconds - kNow.seconds, *GetParam().after_s);
}

INSTANTIATE_TEST_SUITE_P(Tolerations, EvictionTime,
                         testing::Values(Case{{}, 0},
                                         Case{{tolerate("node.kubernetes.io/unreachable", "Exists", "NoExecute", 300)}, 300},
                                         Case{{tolerate("node.kubernetes.io/unreachable", "Exists", "NoExecute", {})}, {}},
                                         Case{{tolerate("", "Exists", "", {})}, {}},
                                         Case{{tolerate("node.kubernetes.io/unreachable", "Equal", "", {})}, {}},
                                         Case{{tolerate("node.kubernetes.io/not-ready", "Exists", "NoExecute", 300)}, 0},
                                         Case{{tolerate("node.kubernetes.io/unreachable", "Exists", "NoSchedule", {})}, 0},
                                         Case{{tolerate("node.kubernetes.io/unreachable", "Exists", "NoExecute", -1)}, 0}));

TEST(EvictionPlan, DeletesWhatIsDueAndComesBackForTheRest) {
  core::v1::Node node;
  node.metadata.name = "n1";
  node.spec.taints = {kUnreachable};
  const auto make = [](const char* name, std::int64_t seconds) {
    Pod pod;
    pod.metadata.name = name;
    pod.metadata.namespace_ = "default";
    pod.metadata.uid = std::string(name) + "-uid";
    pod.spec.tolerations = {tolerate("node.kubernetes.io/unreachable", "Exists", "NoExecute", seconds)};
    return std::make_shared<const Pod>(pod);
  };
  const State state{std::make_shared<core::v1::Node>(node), {make("soon", 10), make("later", 300)}};
  const auto plan = plan_eviction(state, {kNow.seconds + 10, 0});
  ASSERT_EQ(plan.writes.size(), 2u);
  const auto status = plan.writes[0].object<Pod>().status;
  EXPECT_EQ(status.conditions.at(0).type, "DisruptionTarget");
  EXPECT_EQ(status.conditions.at(0).reason, "DeletionByTaintManager");
  EXPECT_EQ(plan.writes[1].verb, control::Write::Verb::Delete);
  EXPECT_EQ(plan.writes[1].delete_options.uid, "soon-uid");
  EXPECT_EQ(plan.writes[1].on_success->message, "Marking for deletion Pod default/soon");
  EXPECT_EQ(plan.requeue_after, std::chrono::seconds(291));
}

}  // namespace
}  // namespace charon::controllers::tainteviction

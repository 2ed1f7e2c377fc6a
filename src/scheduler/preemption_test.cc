#include "scheduler/preemption.h"

#include <gtest/gtest.h>

#include "scheduler/core.h"
#include "scheduler/test_objects.h"

namespace charon::scheduler::testing {
namespace {

Pod with_priority(const std::string& name, int priority, const std::string& cpu = "1") {
  Pod pod = make_pod(name, cpu);
  pod.spec.priority = priority;
  return pod;
}

Pod started(Pod pod, int second) {
  pod.status.startTime = Time{.seconds = second};
  return pod;
}

std::shared_ptr<policy::v1::PodDisruptionBudget> budget(const std::string& name, const LabelMap& labels, int allowed) {
  auto out = std::make_shared<policy::v1::PodDisruptionBudget>();
  out->metadata.name = name;
  out->metadata.namespace_ = "default";
  out->spec.selector = label_selector(labels);
  out->status.disruptionsAllowed = allowed;
  return out;
}

class PreemptionTest : public ::testing::Test {
 public:
  PreemptionTest& node(const std::string& name, const NodeSpecification& with = {}) {
    snapshot_.set_node(make_node(name, with));
    return *this;
  }
  PreemptionTest& pod(const Pod& pod, const std::string& node) {
    snapshot_.set_pod(info(on_node(pod, node)));
    return *this;
  }
  // "node: victim victim", or the message.
  std::string preempt(const Pod& pod) {
    Core core(default_profile(), 1);
    Decision decision = core.decide(snapshot_, *info(pod));
    if (!decision.node.empty()) return "fits on " + decision.node;
    if (!decision.preemption) return decision.message;
    std::string out = decision.preemption->node + ":";
    for (const PodInfoPtr& victim : decision.preemption->victims) out += " " + victim->name();
    return out;
  }

 protected:
  Snapshot snapshot_;
};

TEST_F(PreemptionTest, TakesNoMoreThanNeeded) {
  node("n", {.cpu = "4"});
  pod(with_priority("a", 1, "2"), "n").pod(with_priority("b", 2), "n").pod(with_priority("c", 3), "n");
  EXPECT_EQ(preempt(with_priority("p", 5, "1")), "n: a");
  EXPECT_EQ(preempt(with_priority("p", 5, "2")), "n: a");
  EXPECT_EQ(preempt(with_priority("p", 5, "3")), "n: b a");
  // Of pods that are alike, the youngest goes.
  snapshot_.remove_pod("a");
  pod(started(with_priority("old", 1), 10), "n").pod(started(with_priority("young", 1), 20), "n");
  EXPECT_EQ(preempt(with_priority("p", 5)), "n: young");
}

TEST_F(PreemptionTest, OnlyLessImportantPods) {
  node("n", {.cpu = "1"}).pod(with_priority("equal", 5), "n");
  EXPECT_EQ(preempt(with_priority("p", 5)),
            "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found "
            "for incoming pod.");
  EXPECT_EQ(preempt(with_priority("p", 6)), "n: equal");
  Pod meek = with_priority("p", 6);
  meek.spec.preemptionPolicy = "Never";
  EXPECT_EQ(preempt(meek),
            "0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.");
}

TEST_F(PreemptionTest, NotWhereItWouldNotHelp) {
  node("cordoned", {.unschedulable = true}).node("mixed", {.cpu = "2"}).node("small", {.cpu = "500m"});
  pod(with_priority("low", 1), "cordoned").pod(with_priority("high", 9), "mixed").pod(with_priority("low-2", 1), "mixed");
  EXPECT_EQ(preempt(with_priority("p", 5, "2")),
            "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu. preemption: 0/3 nodes are available: "
            "1 Insufficient cpu, 2 Preemption is not helpful for scheduling.");
}

TEST_F(PreemptionTest, PickOrder) {
  const LabelMap guarded = {{"app", "guarded"}};
  auto labelled = [&](Pod pod) {
    pod.metadata.labels = guarded;
    return pod;
  };
  struct Case {
    const char* name;
    std::vector<std::pair<std::string, Pod>> pods;
    const char* chosen;
  };
  const Case cases[] = {
      {"fewest against a budget", {{"a", labelled(with_priority("x", 1, "2"))}, {"b", with_priority("y", 4, "2")}}, "b: y"},
      {"lowest highest priority", {{"a", with_priority("x", 3, "2")}, {"b", with_priority("y", 2, "2")}}, "b: y"},
      {"smallest sum",
       {{"a", with_priority("w", 3)}, {"a", with_priority("x", 2)}, {"b", with_priority("y", 3)}, {"b", with_priority("z", 1)}},
       "b: y z"},
      {"fewest pods", {{"a", with_priority("w", 0)}, {"a", with_priority("x", 0)}, {"b", with_priority("y", 0, "2")}}, "b: y"},
      {"latest start",
       {{"a", started(with_priority("x", 3, "2"), 10)}, {"b", started(with_priority("y", 3, "2"), 20)}},
       "b: y"},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    for (const char* name : {"a", "b"}) node(name, {.cpu = "2"});
    snapshot_.budgets().set(budget("guard", guarded, 0));
    for (const auto& [where, who] : test.pods) pod(who, where);
    EXPECT_EQ(preempt(with_priority("p", 10, "2")), test.chosen);
    for (const auto& [where, who] : test.pods) snapshot_.remove_pod(who.metadata.uid);
  }
}

TEST_F(PreemptionTest, BudgetsAreSparedFirst) {
  node("n", {.cpu = "2"});
  Pod guarded = with_priority("guarded", 1);
  guarded.metadata.labels = {{"app", "db"}};
  pod(guarded, "n").pod(with_priority("free", 3), "n");
  EXPECT_EQ(preempt(with_priority("p", 5)), "n: guarded");
  snapshot_.budgets().set(budget("db", {{"app", "db"}}, 0));
  EXPECT_EQ(preempt(with_priority("p", 5)), "n: free");
  EXPECT_EQ(preempt(with_priority("p", 5, "2")), "n: free guarded");  // as a last resort
  snapshot_.budgets().set(budget("db", {{"app", "db"}}, 1));
  EXPECT_EQ(preempt(with_priority("p", 5)), "n: guarded");
}

TEST_F(PreemptionTest, AcrossNodesOnlyOneNodeIsThoughtOfDifferently) {
  // The pod may not be in a zone with web pods; two of them are in zone a, on different nodes.
  node("a1", {.labels = {{"zone", "a"}}}).node("a2", {.labels = {{"zone", "a"}}}).node("b1", {.labels = {{"zone", "b"}}});
  for (const char* name : {"a1", "a2", "b1"}) {
    Pod web = with_priority(std::string("web-") + name, 1);
    web.metadata.labels = {{"app", "web"}};
    pod(web, name);
  }
  Pod loner = with_priority("p", 5);
  anti_affinity(loner).requiredDuringSchedulingIgnoredDuringExecution.push_back(affinity_term({{"app", "web"}}, "zone"));
  EXPECT_EQ(preempt(loner), "b1: web-b1");
  // The other way about: they may not be with it.
  Pod other = make_pod("q");
  other.spec.priority = 5;
  other.metadata.labels = {{"app", "loner"}};
  Pod shy = with_priority("shy", 1);
  anti_affinity(shy).requiredDuringSchedulingIgnoredDuringExecution.push_back(affinity_term({{"app", "loner"}}, "zone"));
  pod(shy, "b1");
  snapshot_.remove_node("a1");
  snapshot_.remove_node("a2");
  EXPECT_EQ(preempt(other), "b1: shy");
}

TEST_F(PreemptionTest, SpreadPods) {
  node("a1", {.labels = {{"zone", "a"}}}).node("b1", {.labels = {{"zone", "b"}}, .unschedulable = true});
  Pod web = with_priority("web", 1);
  web.metadata.labels = {{"app", "web"}};
  pod(web, "a1");
  Pod incoming = with_priority("p", 5);
  incoming.metadata.labels = {{"app", "web"}};
  incoming.spec.topologySpreadConstraints = {spread("zone", 1, "DoNotSchedule", {{"app", "web"}})};
  EXPECT_EQ(preempt(incoming), "a1: web");
}

TEST_F(PreemptionTest, WaitsForVictimsThatAreGoing) {
  node("n", {.cpu = "1"});
  Pod victim = with_priority("victim", 1);
  victim.metadata.deletionTimestamp = Time{.seconds = 1};
  auto& condition = victim.status.conditions.emplace_back();
  condition.type = "DisruptionTarget";
  condition.status = "True";
  condition.reason = "PreemptionByScheduler";
  pod(victim, "n");
  Pod incoming = with_priority("p", 5);
  snapshot_.nominate(info(incoming), "n");
  EXPECT_EQ(preempt(incoming),
            "0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to a terminating pod on the nominated "
            "node.");
  // A pod that is going for another reason does not hold it up.
  victim.status.conditions.clear();
  pod(victim, "n");
  EXPECT_EQ(preempt(incoming), "n: victim");
}

TEST_F(PreemptionTest, NominatedPodsKeepTheirRoom) {
  node("n", {.cpu = "2"}).pod(with_priority("there", 1), "n");
  snapshot_.nominate(info(with_priority("important", 5)), "n");
  EXPECT_EQ(preempt(with_priority("more", 6)), "fits on n");
  EXPECT_EQ(preempt(with_priority("same", 5)), "n: there");
  EXPECT_TRUE(preempt(with_priority("less", 1)).starts_with("0/1 nodes are available: 1 Insufficient cpu."));
  snapshot_.end_nomination("important");
  EXPECT_EQ(preempt(with_priority("less", 1)), "fits on n");
}

TEST_F(PreemptionTest, CanBeTurnedOff) {
  node("n", {.cpu = "1"}).pod(with_priority("low", 1), "n");
  Profile profile = default_profile();
  profile.preemption.reset();
  Core core(std::move(profile), 1);
  Decision decision = core.decide(snapshot_, *info(with_priority("p", 5)));
  EXPECT_FALSE(decision.preemption);
  EXPECT_EQ(decision.message, "0/1 nodes are available: 1 Insufficient cpu.");
}

}  // namespace
}  // namespace charon::scheduler::testing

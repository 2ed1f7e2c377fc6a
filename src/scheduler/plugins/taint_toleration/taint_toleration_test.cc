#include "scheduler/plugins/taint_toleration/taint_toleration.h"

#include <gtest/gtest.h>

#include "scheduler/plugins/plugin_probe.h"

namespace charon::scheduler::testing {
namespace {

TEST(TaintToleration, Filters) {
  struct Case {
    const char* name;
    core::v1::Taint taint;
    core::v1::Toleration toleration;
    bool fits;
  };
  const Case cases[] = {
      {"equal", taint("gpu", "yes", "NoSchedule"), toleration("gpu", "Equal", "yes", "NoSchedule"), true},
      {"no operator is Equal", taint("gpu", "yes", "NoSchedule"), toleration("gpu", "", "yes", "NoSchedule"), true},
      {"other value", taint("gpu", "yes", "NoSchedule"), toleration("gpu", "Equal", "no", "NoSchedule"), false},
      {"exists", taint("gpu", "yes", "NoExecute"), toleration("gpu", "Exists", "", "NoExecute"), true},
      {"other effect", taint("gpu", "yes", "NoExecute"), toleration("gpu", "Exists", "", "NoSchedule"), false},
      {"any effect", taint("gpu", "yes", "NoExecute"), toleration("gpu", "Exists", "", ""), true},
      {"any key", taint("gpu", "yes", "NoSchedule"), toleration("", "Exists", "", ""), true},
      {"other key", taint("gpu", "yes", "NoSchedule"), toleration("cpu", "Exists", "", ""), false},
      {"preference is no obstacle", taint("gpu", "yes", "PreferNoSchedule"), toleration("cpu", "Exists", "", ""), true},
      {"more than", taint("level", "7", "NoSchedule"), toleration("level", "Gt", "5", "NoSchedule"), true},
      {"not more than", taint("level", "3", "NoSchedule"), toleration("level", "Gt", "5", "NoSchedule"), false},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    Probe probe(make_taint_toleration());
    probe.node("n", {.taints = {test.taint}});
    Pod pod = make_pod("p");
    pod.spec.tolerations = {test.toleration};
    std::string reason = "!node(s) had untolerated taint {" + test.taint.key + ": " + test.taint.value + "}";
    EXPECT_EQ(probe.filter(pod, "n"), test.fits ? "" : reason);
  }
}

TEST(TaintToleration, PrefersFewerUntolerated) {
  Probe probe(make_taint_toleration());
  probe.node("none");
  probe.node("one", {.taints = {taint("a", "", "PreferNoSchedule")}});
  probe.node("two", {.taints = {taint("b", "", "PreferNoSchedule"), taint("c", "", "PreferNoSchedule")}});
  Pod pod = make_pod("p");
  EXPECT_EQ(probe.scores(pod), (Scores{{"none", 100}, {"one", 50}, {"two", 0}}));
  pod.spec.tolerations = {toleration("a", "Exists", "", "")};
  EXPECT_EQ(probe.scores(pod), (Scores{{"none", 100}, {"one", 100}, {"two", 0}}));
  // A toleration of another effect says nothing about preferences.
  pod.spec.tolerations = {toleration("a", "Exists", "", "NoSchedule")};
  EXPECT_EQ(probe.scores(pod), (Scores{{"none", 100}, {"one", 50}, {"two", 0}}));
}

}  // namespace
}  // namespace charon::scheduler::testing

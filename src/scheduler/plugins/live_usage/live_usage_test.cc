#include "scheduler/plugins/live_usage/live_usage.h"

#include <gtest/gtest.h>

#include "scheduler/plugins/plugin_probe.h"

namespace charon::scheduler::testing {
namespace {

void report(Probe& probe, const std::string& name, const std::string& cpu, const std::string& memory) {
  auto node = make_node(name, {.cpu = "4", .memory = "4000Mi"});
  node->metadata.annotations[std::string(kCpuUsed)] = cpu;
  node->metadata.annotations[std::string(kMemoryUsed)] = memory;
  probe.snapshot.set_node(node);
}

TEST(LiveUsage, ByReport) {
  Probe cpu(make_least_cpu_used());
  Probe memory(make_least_memory_used());
  for (Probe* probe : {&cpu, &memory}) {
    report(*probe, "busy", "3", "1000Mi");
    report(*probe, "idle", "400m", "3000Mi");
    probe->node("silent");
    report(*probe, "broken", "much", "1Gi");
  }
  EXPECT_EQ(cpu.scores(make_pod("p")), (Scores{{"broken", 0}, {"busy", 25}, {"idle", 90}, {"silent", 0}}));
  EXPECT_EQ(memory.scores(make_pod("p")), (Scores{{"broken", 0}, {"busy", 75}, {"idle", 25}, {"silent", 0}}));
}

TEST(LiveUsage, PodsSinceTheReportCountByTheirRequests) {
  Probe probe(make_least_cpu_used());
  report(probe, "n", "1", "1Gi");
  EXPECT_EQ(probe.scores(make_pod("p")), (Scores{{"n", 75}}));
  probe.pod(make_pod("new", "2"), "n");
  EXPECT_EQ(probe.scores(make_pod("p")), (Scores{{"n", 25}}));
  report(probe, "n", "1", "1Gi");  // the same report again says nothing new
  EXPECT_EQ(probe.scores(make_pod("p")), (Scores{{"n", 25}}));
  report(probe, "n", "1200m", "1Gi");  // it idles
  EXPECT_EQ(probe.scores(make_pod("p")), (Scores{{"n", 70}}));
  probe.snapshot.remove_pod("new");
  EXPECT_EQ(probe.scores(make_pod("p")), (Scores{{"n", 100}}));
}

}  // namespace
}  // namespace charon::scheduler::testing

#include "scheduler/plugins/live_usage/live_usage.h"

#include <gtest/gtest.h>

#include "scheduler/plugins/plugin_probe.h"

namespace charon::scheduler::testing {
namespace {

void report(Probe& probe, const std::string& name, std::int64_t milli_cpu, std::int64_t memory_mib) {
  if (probe.snapshot.node(name) == nullptr) probe.node(name, {.cpu = "4", .memory = "4000Mi"});
  probe.snapshot.report_usage(name, {milli_cpu, memory_mib * 1024 * 1024});
}

TEST(LiveUsage, ByReport) {
  Probe cpu(make_least_cpu_used());
  Probe memory(make_least_memory_used());
  for (Probe* probe : {&cpu, &memory}) {
    report(*probe, "busy", 3000, 1000);
    report(*probe, "idle", 400, 3000);
    probe->node("silent");
  }
  EXPECT_EQ(cpu.scores(make_pod("p")), (Scores{{"busy", 25}, {"idle", 90}, {"silent", 0}}));
  EXPECT_EQ(memory.scores(make_pod("p")), (Scores{{"busy", 75}, {"idle", 25}, {"silent", 0}}));
}

TEST(LiveUsage, PodsSinceTheReportCountByTheirRequests) {
  Probe probe(make_least_cpu_used());
  report(probe, "n", 1000, 1000);
  EXPECT_EQ(probe.scores(make_pod("p")), (Scores{{"n", 75}}));
  probe.pod(make_pod("new", "2"), "n");
  EXPECT_EQ(probe.scores(make_pod("p")), (Scores{{"n", 25}}));
  report(probe, "n", 1200, 1000);  // it idles
  EXPECT_EQ(probe.scores(make_pod("p")), (Scores{{"n", 70}}));
  probe.snapshot.remove_pod("new");
  EXPECT_EQ(probe.scores(make_pod("p")), (Scores{{"n", 100}}));
}

}  // namespace
}  // namespace charon::scheduler::testing

#include "scheduler/plugins/node_resources_fit/node_resources_fit.h"

#include <gtest/gtest.h>

#include "scheduler/plugins/plugin_probe.h"

namespace charon::scheduler::testing {
namespace {

TEST(NodeResourcesFit, Filters) {
  Probe probe(make_node_resources_fit());
  probe.node("n", {.cpu = "2", .memory = "4Gi", .pods = "3", .extended = {{"nvidia.com/gpu", quantity("2")}}});
  Pod gpu = make_pod("first", "1", "1Gi");
  gpu.spec.containers[0].resources.requests["nvidia.com/gpu"] = quantity("1");
  probe.pod(gpu, "n");

  EXPECT_EQ(probe.filter(make_pod("p", "1", "3Gi"), "n"), "");
  EXPECT_EQ(probe.filter(make_pod("p", "1001m"), "n"), "Insufficient cpu");
  EXPECT_EQ(probe.filter(make_pod("p", "3"), "n"), "!Insufficient cpu");
  EXPECT_EQ(probe.filter(make_pod("p", "2", "4Gi"), "n"), "Insufficient cpu, Insufficient memory");
  gpu.spec.containers[0].resources.requests["nvidia.com/gpu"] = quantity("2");
  EXPECT_EQ(probe.filter(gpu, "n"), "Insufficient nvidia.com/gpu");
  Pod disk = make_pod("p");
  disk.spec.containers[0].resources.requests["ephemeral-storage"] = quantity("1Gi");
  EXPECT_EQ(probe.filter(disk, "n"), "!Insufficient ephemeral-storage");
  probe.pod(make_pod("second"), "n").pod(make_pod("third"), "n");
  EXPECT_EQ(probe.filter(make_pod("p"), "n"), "Too many pods");
}

TEST(NodeResourcesFit, InitContainersAndSidecars) {
  Pod pod = make_pod("p", "500m");
  auto add_init = [&](const char* cpu, bool sidecar) {
    auto& container = pod.spec.initContainers.emplace_back();
    container.resources.requests["cpu"] = quantity(cpu);
    if (sidecar) container.restartPolicy = "Always";
  };
  add_init("300m", false);
  EXPECT_EQ(info(pod)->requests.milli_cpu, 500);  // runs before, and needs less
  add_init("200m", true);
  EXPECT_EQ(info(pod)->requests.milli_cpu, 700);  // a sidecar runs beside
  add_init("900m", false);
  EXPECT_EQ(info(pod)->requests.milli_cpu, 1100);  // with the sidecar that is already there
  pod.spec.overhead["cpu"] = quantity("50m");
  EXPECT_EQ(info(pod)->requests.milli_cpu, 1150);
  pod.spec.resources.emplace().requests["cpu"] = quantity("2");
  EXPECT_EQ(info(pod)->requests.milli_cpu, 2050);  // said for the pod as a whole
}

TEST(NodeResourcesFit, LeastAllocated) {
  Probe probe(make_node_resources_fit());
  probe.node("empty", {.cpu = "4", .memory = "10000"}).node("half", {.cpu = "4", .memory = "10000"});
  probe.pod(make_pod("there", "2", "5000"), "half");
  // cpu (4000-1000)/4000 = 75, memory (10000-2000)/10000 = 80; half: cpu 25, memory 30.
  EXPECT_EQ(probe.scores(make_pod("p", "1", "2000")), (Scores{{"empty", 77}, {"half", 27}}));
  // A pod that asks for nothing counts as 100m and 200 MiB.
  Probe other(make_node_resources_fit());
  other.node("n", {.cpu = "1", .memory = "400Mi"}).node("m", {.cpu = "1", .memory = "400Mi"});
  EXPECT_EQ(other.scores(make_pod("p")), (Scores{{"m", 70}, {"n", 70}}));
}

TEST(NodeResourcesFit, MostAllocated) {
  Probe probe(make_node_resources_fit({.strategy = NodeResourcesFitArgs::Strategy::MostAllocated}));
  probe.node("empty", {.cpu = "4", .memory = "10000"}).node("half", {.cpu = "4", .memory = "10000"});
  probe.pod(make_pod("there", "2", "5000"), "half");
  // cpu 25, memory 20; half: cpu 75, memory 70.
  EXPECT_EQ(probe.scores(make_pod("p", "1", "2000")), (Scores{{"empty", 22}, {"half", 72}}));
}

TEST(NodeResourcesFit, WeightsAndExtendedResources) {
  NodeResourcesFitArgs args{.strategy = NodeResourcesFitArgs::Strategy::MostAllocated,
                            .resources = {{"cpu", 1}, {"example.com/gpu", 3}}};
  Probe probe(make_node_resources_fit(args));
  probe.node("n", {.cpu = "4", .extended = {{"example.com/gpu", quantity("4")}}}).node("plain", {.cpu = "4"});
  Pod pod = make_pod("p", "1");
  EXPECT_EQ(probe.scores(pod), (Scores{{"n", 25}, {"plain", 25}}));  // it asks for none of them
  pod.spec.containers[0].resources.requests["example.com/gpu"] = quantity("2");
  EXPECT_EQ(probe.scores(pod), (Scores{{"n", (25 + 3 * 50) / 4}, {"plain", 25}}));
}

TEST(NodeResourcesFit, RequestedToCapacityRatio) {
  NodeResourcesFitArgs args{.strategy = NodeResourcesFitArgs::Strategy::RequestedToCapacityRatio,
                            .resources = {{"cpu", 1}},
                            .shape = {{0, 0}, {50, 10}, {100, 0}}};
  Probe probe(make_node_resources_fit(args));
  probe.node("n", {.cpu = "4"});
  const std::pair<const char*, std::int64_t> cases[] = {{"1", 50}, {"2", 100}, {"3", 50}, {"4", 0}, {"5", 0}};
  for (const auto& [cpu, score] : cases) EXPECT_EQ(probe.scores(make_pod("p", cpu)), (Scores{{"n", score}})) << cpu;
}

TEST(NodeResourcesFit, IgnoredResources) {
  Pod pod = make_pod("p");
  pod.spec.containers[0].resources.requests["example.com/license"] = quantity("1");
  Probe strict(make_node_resources_fit());
  EXPECT_EQ(strict.node("n").filter(pod, "n"), "!Insufficient example.com/license");
  Probe by_name(make_node_resources_fit({.ignored_resources = {"example.com/license"}}));
  EXPECT_EQ(by_name.node("n").filter(pod, "n"), "");
  Probe by_group(make_node_resources_fit({.ignored_resource_groups = {"example.com"}}));
  EXPECT_EQ(by_group.node("n").filter(pod, "n"), "");
}

}  // namespace
}  // namespace charon::scheduler::testing

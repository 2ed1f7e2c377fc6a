// Decisions a second on 5,000 nodes: each is made, assumed, and now and then an old pod goes. The shapes are those of
// Kubernetes' scheduler_perf: basic, pod (anti-)affinity, topology spreading, node affinity, preemption.
#include <benchmark/benchmark.h>

#include <deque>
#include <string>

#include "scheduler/core.h"
#include "scheduler/test_objects.h"

namespace charon::scheduler::testing {
namespace {

constexpr int kNodes = 5000;
constexpr std::size_t kPodsKept = 10000;

void fill(Snapshot& snapshot) {
  for (int i = 0; i < kNodes; ++i)
    snapshot.set_node(make_node(
        "node-" + std::to_string(i),
        {.cpu = "32", .memory = "64Gi", .labels = {{"topology.kubernetes.io/zone", "zone-" + std::to_string(i % 3)}}}));
}

template <class Shape>
void run(benchmark::State& state, Shape shape) {
  Snapshot snapshot;
  fill(snapshot);
  Core core(default_profile(), 1);
  std::deque<std::string> placed;
  int next = 0;
  for (auto _ : state) {
    Pod pod = make_pod("pod-" + std::to_string(next++), "100m", "500Mi");
    shape(pod);
    PodInfoPtr facts = info(std::move(pod));
    Decision decision = core.decide(snapshot, *facts);
    if (decision.node.empty()) {
      state.SkipWithError(decision.message.c_str());
      break;
    }
    placed.push_back(facts->uid());
    snapshot.assume(std::move(facts), decision.node);
    if (placed.size() <= kPodsKept) continue;
    snapshot.remove_pod(placed.front());
    placed.pop_front();
  }
  state.SetItemsProcessed(state.iterations());
}

void BM_Basic(benchmark::State& state) {
  run(state, [](Pod&) {});
}
BENCHMARK(BM_Basic);

void BM_PodAntiAffinity(benchmark::State& state) {
  int next = 0;
  run(state, [&](Pod& pod) {
    std::string color = "color-" + std::to_string(next++ % 100);
    pod.metadata.labels = {{"color", color}};
    anti_affinity(pod).requiredDuringSchedulingIgnoredDuringExecution.push_back(
        affinity_term({{"color", color}}, "kubernetes.io/hostname"));
  });
}
BENCHMARK(BM_PodAntiAffinity);

void BM_PodAffinity(benchmark::State& state) {
  run(state, [](Pod& pod) {
    pod.metadata.labels = {{"color", "blue"}};
    affinity(pod).requiredDuringSchedulingIgnoredDuringExecution.push_back(
        affinity_term({{"color", "blue"}}, "topology.kubernetes.io/zone"));
  });
}
BENCHMARK(BM_PodAffinity);

void BM_PreferredPodAffinity(benchmark::State& state) {
  run(state, [](Pod& pod) {
    pod.metadata.labels = {{"color", "red"}};
    auto& term = affinity(pod).preferredDuringSchedulingIgnoredDuringExecution.emplace_back();
    term.weight = 1;
    term.podAffinityTerm = affinity_term({{"color", "red"}}, "kubernetes.io/hostname");
  });
}
BENCHMARK(BM_PreferredPodAffinity);

void BM_TopologySpreading(benchmark::State& state) {
  run(state, [](Pod& pod) {
    pod.metadata.labels = {{"color", "blue"}};
    pod.spec.topologySpreadConstraints = {spread("topology.kubernetes.io/zone", 5, "DoNotSchedule", {{"color", "blue"}}),
                                          spread("kubernetes.io/hostname", 5, "ScheduleAnyway", {{"color", "blue"}})};
  });
}
BENCHMARK(BM_TopologySpreading);

void BM_NodeAffinity(benchmark::State& state) {
  run(state, [](Pod& pod) { pod.spec.nodeSelector = {{"topology.kubernetes.io/zone", "zone-1"}}; });
}
BENCHMARK(BM_NodeAffinity);

// A full cluster of four small pods on each node; each important pod takes the place of three of them. Two decisions a pod: the
// one that finds the victims, and the one that takes the room. Then the node is as before, for the next.
void BM_Preemption(benchmark::State& state) {
  Snapshot snapshot;
  for (int i = 0; i < kNodes; ++i) snapshot.set_node(make_node("node-" + std::to_string(i), {.cpu = "4", .memory = "32Gi"}));
  for (int i = 0; i < 4 * kNodes; ++i)
    snapshot.set_pod(info(on_node(make_pod("low-" + std::to_string(i), "900m", "500Mi"), "node-" + std::to_string(i / 4))));
  Core core(default_profile(), 1);
  int next = 0;
  for (auto _ : state) {
    Pod pod = make_pod("high-" + std::to_string(next++), "3000m", "500Mi");
    pod.spec.priority = 10;
    PodInfoPtr facts = info(std::move(pod));
    Decision decision = core.decide(snapshot, *facts);
    if (!decision.preemption) {
      state.SkipWithError("no victims");
      break;
    }
    snapshot.nominate(facts, decision.preemption->node);
    for (const PodInfoPtr& victim : decision.preemption->victims) snapshot.remove_pod(victim->uid());
    Decision placed = core.decide(snapshot, *facts);
    snapshot.assume(facts, placed.node);
    snapshot.remove_pod(facts->uid());
    for (const PodInfoPtr& victim : decision.preemption->victims) snapshot.set_pod(victim);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Preemption);

}  // namespace
}  // namespace charon::scheduler::testing

BENCHMARK_MAIN();

// charon_sim: one simulated cluster from one seed. Exit status 1 when a checker found something.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <optional>

#include "sim/checkers/end_checker.h"
#include "sim/checkers/job_checker.h"
#include "sim/checkers/order_checker.h"
#include "sim/checkers/rollout_checker.h"
#include "sim/cluster/cluster.h"
#include "sim/workload/workload.h"

namespace charon::sim {
namespace {

using namespace std::chrono_literals;

constexpr rt::Duration kLook = 10s;
// Longer than the longest back-off of a work queue.
constexpr rt::Duration kSettle = 30min;

struct Options {
  std::uint64_t seed = 1;
  int minutes = 10;
  int nodes = 6;
  bool twice = false;
  std::string trace_path;
};

struct Outcome {
  bool passed = false;
  std::uint64_t hash = 0;
};

// A third of the seeds have neither dying nodes nor crashing pods: these show whether rollouts keep their promises.
bool has_disruptions(std::uint64_t seed) { return seed % 3 != 0; }

bool settle(Cluster& cluster, std::vector<std::string>& problems) {
  cluster.calm();
  int good = 0;
  for (rt::Duration waited{}; waited < kSettle; waited += kLook) {
    cluster.loop().run_for(kLook);
    problems = unfinished(cluster.truth());
    if (problems.empty()) problems = cluster.stale_caches();
    good = problems.empty() ? good + 1 : 0;
    if (good == 2) return true;
  }
  return false;
}

Outcome simulate(const Options& options) {
  ClusterSettings settings;
  settings.seed = options.seed;
  settings.nodes = options.nodes;
  settings.trace_path = options.trace_path;
  const bool disruptions = has_disruptions(options.seed);
  settings.crash_rate = disruptions ? 0.2 : 0;
  Cluster cluster(settings);
  const Disruptions expected = disruptions ? Disruptions::Expected : Disruptions::None;
  RolloutChecker rollouts(cluster.truth(), cluster.findings(), expected);
  OrderChecker order(cluster.truth(), cluster.findings(), expected);
  const JobChecker jobs(cluster.truth(), cluster.findings());
  std::vector<std::string> problems;
  std::uint64_t operations = 0;
  {
    Workload workload(cluster, {.disruptions = disruptions, .seed = options.seed});
    rt::Scope scope(cluster.loop());
    scope.spawn(workload.run(std::chrono::minutes(options.minutes)));
    const rt::Instant end = cluster.loop().now() + std::chrono::minutes(options.minutes);
    while (cluster.loop().now() < end) {
      cluster.loop().run_for(kLook);
      for (const std::string& problem : overcommitted(cluster.truth())) cluster.findings().add(problem);
    }
    operations = workload.operations();
  }
  const rt::Instant calm_at = cluster.loop().now();
  const bool settled = settle(cluster, problems);
  const auto took_s = std::chrono::duration_cast<std::chrono::seconds>(cluster.loop().now() - calm_at).count();

  std::uint64_t crashes = 0;
  for (const auto& node : cluster.nodes()) crashes += node->crashes();
  Outcome outcome{settled && cluster.findings().count() == 0, cluster.truth().hash()};
  fmt::print(
      "seed {}: {}; {} min, {} nodes{}, {} operations, {} commits, {} faults, {} pod crashes, {} bounds held, "
      "{} pods in order, {} after {} s, "
      "trace {:016x}\n",
      options.seed, outcome.passed ? "passed" : "FAILED", options.minutes, options.nodes, disruptions ? " that die" : "",
      operations, cluster.truth().count(), cluster.faults().count(), crashes, rollouts.comparisons(), order.comparisons(),
      settled ? "at rest" : "NOT AT REST", took_s, outcome.hash);
  for (const std::string& text : cluster.findings().texts()) fmt::print("  {}\n", text);
  if (cluster.findings().count() > Findings::kKept) fmt::print("  and {} more\n", cluster.findings().count() - Findings::kKept);
  for (const std::string& problem : problems) fmt::print("  in the end: {}\n", problem);
  return outcome;
}

int run(const Options& options) {
  const Outcome first = simulate(options);
  bool passed = first.passed;
  if (options.twice) {
    const Outcome second = simulate(options);
    if (second.hash != first.hash) {
      fmt::print("seed {}: FAILED; the same seed ran differently: {:016x} and {:016x}\n", options.seed, first.hash,
                 second.hash);
      passed = false;
    }
  }
  return passed ? 0 : 1;
}

}  // namespace
}  // namespace charon::sim

int main(int argc, char** argv) {
  charon::sim::Options options;
  CLI::App app("A whole cluster in one thread on virtual time, from a seed.");
  app.add_option("--seed", options.seed, "what the run is made from; every third has no dying nodes")->capture_default_str();
  app.add_option("--minutes", options.minutes, "virtual time with load and faults")
      ->capture_default_str()
      ->check(CLI::Range(1, 600));
  app.add_option("--nodes", options.nodes, "hollow nodes")->capture_default_str()->check(CLI::Range(1, 200));
  app.add_flag("--twice", options.twice, "run twice and compare the traces");
  app.add_option("--trace", options.trace_path, "write every change of the store to this file");
  CLI11_PARSE(app, argc, argv);
  return charon::sim::run(options);
}

// Cluster: everything between the store and the nodes, in one thread on virtual time, from one seed.
//
// The real API server over the memory store, the real controllers and scheduler, and hollow nodes. Each part reaches the server
// through its own in-process transport, with the WatchChecker and then the Faults on the way.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "client/informer.h"
#include "client/transport.h"
#include "control/runner.h"
#include "rt/virtual/loop.h"
#include "rt/virtual/net.h"
#include "scheduler/scheduler.h"
#include "server/admission/admission.h"
#include "server/api.h"
#include "server/authz/authorizer.h"
#include "server/cache.h"
#include "sim/checkers/findings.h"
#include "sim/checkers/truth.h"
#include "sim/faults/faults.h"
#include "sim/nodes/hollow_node.h"
#include "store/store.h"

namespace charon::sim {

struct ClusterSettings {
  std::uint64_t seed = 1;
  int nodes = 5;
  FaultRates faults;
  double crash_rate = 0;   // of pods
  std::string trace_path;  // empty: none
};

class Cluster {
 public:
  explicit Cluster(const ClusterSettings& settings);
  ~Cluster();
  Cluster(const Cluster&) = delete;

  rt::VirtualLoop& loop() { return loop_; }
  Truth& truth() { return *truth_; }
  Findings& findings() { return findings_; }
  Faults& faults() { return faults_; }
  std::vector<std::unique_ptr<HollowNode>>& nodes() { return nodes_; }
  // A way to the server for `user`, with faults; lives as long as the cluster.
  client::Transport& connect(const std::string& user, std::vector<std::string> groups);

  // The controllers or the scheduler lose their memory and start anew, as after a crash or a change of the leader.
  void restart_controllers();
  void restart_scheduler();

  // Faults and crashes end, every node boots.
  void calm();
  // What informers with faults on their way show differently from the store.
  std::vector<std::string> stale_caches() const;

 private:
  struct Line {
    std::unique_ptr<client::Transport> server;
    std::unique_ptr<client::Transport> checked;
    std::unique_ptr<client::Transport> faulty;
  };
  struct Manager {
    client::InformerSet informers;
    std::vector<std::unique_ptr<control::Runner>> runners;
    Manager(rt::Loop& loop, rt::Random& random, client::Transport& transport, const model::KindRegistry& kinds);
  };
  struct Scheduling {
    client::InformerSet informers;
    scheduler::Scheduler scheduler;
    Scheduling(rt::Loop& loop, rt::Random& random, client::Transport& transport);
  };

  rt::VirtualLoop loop_;
  rt::VirtualNet net_{loop_};  // of webhooks; the parts talk in process
  Metrics metrics_;
  rt::SeededRandom random_;        // of the cluster's own parts
  rt::SeededRandom fault_random_;  // so that faults do not shift what the parts draw
  Findings findings_;
  Faults faults_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Truth> truth_;
  model::KindRegistry kinds_;
  server::Caches caches_;
  std::unique_ptr<server::Admission> admission_;
  std::unique_ptr<server::Api> api_;
  std::unique_ptr<server::Authorizer> authorizer_;
  std::vector<Line> lines_;
  client::Transport* manager_line_ = nullptr;
  client::Transport* scheduler_line_ = nullptr;
  std::unique_ptr<Manager> manager_;
  std::unique_ptr<Scheduling> scheduling_;
  std::unique_ptr<client::InformerSet> observer_;
  std::vector<std::unique_ptr<HollowNode>> nodes_;
};

}  // namespace charon::sim

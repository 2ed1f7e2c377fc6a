// Workload: users and bad luck. Creates, scales, rolls and deletes what users would, and takes parts of the cluster away.
//
// One operation after the other, drawn from a seed, some seconds apart. Few names, so that things are made again under a name
// that was just deleted. A call that fails is not repeated: what the server then has is what the user gets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/transport.h"
#include "rt/random.h"
#include "rt/task.h"
#include "sim/cluster/cluster.h"

namespace charon::sim {

struct WorkloadSettings {
  // Nodes die, are removed and return; pods are deleted by hand; controllers and scheduler crash.
  bool disruptions = false;
  std::uint64_t seed = 1;
};

class Workload {
 public:
  // The cluster must outlive it.
  Workload(Cluster& cluster, WorkloadSettings settings);
  Workload(const Workload&) = delete;

  rt::Task<void> run(rt::Duration time);
  std::uint64_t operations() const { return operations_; }
  const std::string& last() const { return last_; }

 private:
  rt::Task<void> step();
  rt::Task<void> user_step();
  rt::Task<void> create_namespace();
  rt::Task<void> delete_namespace();
  rt::Task<void> create_workload();
  rt::Task<void> create_deployment();
  rt::Task<void> create_stateful_set();
  rt::Task<void> create_daemon_set();
  // Something that keeps pods of a template.
  struct Target {
    const model::Kind* kind = nullptr;
    model::ObjectKey key;
  };
  rt::Task<void> remove(Target target);
  rt::Task<void> scale(Target target);
  rt::Task<void> roll(Target target);
  rt::Task<void> job_step();
  rt::Task<void> create_job();
  rt::Task<void> change_job(model::ObjectKey key);
  rt::Task<void> delete_some_pod();
  rt::Task<void> patch(Target target, codec::Value change);
  rt::Task<void> disturb_node();

  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_.below(bound)); }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }
  std::vector<Target> targets() const;
  // How many more pods the nodes have room for.
  std::int64_t room() const;
  std::string some_space();
  std::int32_t some_replicas(std::int64_t most);

  Cluster& cluster_;
  WorkloadSettings settings_;
  rt::SeededRandom random_;
  client::Transport& user_;
  std::uint64_t operations_ = 0;
  std::string last_;
};

}  // namespace charon::sim

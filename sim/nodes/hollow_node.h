// HollowNode: a node agent without containers. Registers, renews its lease, and plays the pods that are bound to it.
//
// A pod becomes Running and Ready after a while, may crash and come back, and goes when it is deleted, within its grace. One
// that is not to be restarted ends instead, most often well. What a killed node had in memory is lost; its pods are as the
// server knows them when it boots again. One loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "api/core/v1/types.h"
#include "client/informer.h"
#include "client/transport.h"
#include "rt/loop.h"
#include "rt/random.h"
#include "rt/scope.h"
#include "rt/sync.h"

namespace charon::sim {

struct HollowNodeSettings {
  int number = 1;           // from 1: gives name and addresses
  double crash_rate = 0.0;  // of a pod in its life
  double fail_rate = 0.15;  // of a pod that ends
  int cpus = 8;
  int max_pods = 110;
  std::map<std::string, std::string> labels;  // beside its hostname
  // How long a pod takes to become ready, and one that is deleted to end, unless its grace is shorter: anything in between.
  rt::Duration start_least = std::chrono::milliseconds(300), start_most = std::chrono::seconds(4);
  rt::Duration stop_least = std::chrono::milliseconds(100), stop_most = std::chrono::seconds(6);
};

class HollowNode {
 public:
  // All must outlive it.
  HollowNode(rt::Loop& loop, rt::Random& random, client::Transport& transport, HollowNodeSettings settings);
  HollowNode(const HollowNode&) = delete;

  const std::string& name() const { return name_; }
  bool up() const { return informer_ != nullptr; }
  void boot();
  void kill();
  // From now on no pod crashes.
  void stop_crashes() { settings_.crash_rate = 0; }
  // What it knows of its pods; null when it is down.
  const client::Informer* informer() const { return informer_.get(); }
  std::uint64_t crashes() const { return crashes_; }

 private:
  struct PodRun {
    explicit PodRun(rt::Loop& loop) : changed(loop) {}
    rt::Event changed;
    rt::Instant ready_at;
    rt::Instant crash_at;
    rt::Instant stop_at;
    rt::Instant end_at;  // of a pod that is not restarted
    bool fails = false;
    std::int32_t restarts = 0;
    std::string ip;
  };

  rt::Task<void> keep_node();
  rt::Task<Result<void>> renew_node();
  rt::Task<Result<void>> renew_lease();
  rt::Task<void> run_pod(model::ObjectKey key, std::string uid);
  // How long nothing is to be done unless the pod changes.
  rt::Task<rt::Duration> advance(PodRun* run, std::shared_ptr<const core::v1::Pod> pod);
  rt::Task<rt::Duration> stop_pod(PodRun* run, std::shared_ptr<const core::v1::Pod> pod);
  rt::Task<Result<void>> report(PodRun* run, std::shared_ptr<const core::v1::Pod> pod, std::string ready);
  rt::Task<Result<void>> report_end(std::shared_ptr<const core::v1::Pod> pod, std::int32_t exit_code);
  void note(const model::DocumentPtr& document);
  rt::Duration between(rt::Duration low, rt::Duration high);
  rt::Instant now() const { return loop_.clock().now(); }

  rt::Loop& loop_;
  rt::Random& random_;
  client::Transport& transport_;
  HollowNodeSettings settings_;
  std::string name_;
  int addresses_ = 0;  // given out
  std::uint64_t crashes_ = 0;
  std::map<std::string, std::unique_ptr<PodRun>> pods_;  // by uid
  std::unique_ptr<client::Informer> informer_;
  client::Informer::Subscription subscription_;
  std::unique_ptr<rt::Scope> scope_;  // last: its tasks use all of the above
};

}  // namespace charon::sim

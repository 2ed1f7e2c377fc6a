// Registrar: keeps this machine's Node object and its Lease (KEP-589) in the API server.
//
// The Lease is renewed every 10 s (it lasts 40); the Node's status is looked at every 10 s and written when it changed, else
// every 5 min. The Lease also says, in annotations, how much of the machine is in use: that is new each time anyway.
// One loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "client/transport.h"
#include "control/events.h"
#include "node/cri/runtime.h"
#include "node/registration/cpu_meter.h"
#include "node/registration/node_object.h"
#include "rt/files.h"
#include "rt/loop.h"
#include "rt/scope.h"
#include "rt/sync.h"

namespace charon::node {

class Registrar {
 public:
  // `network` is called whenever the node's pod CIDRs are known, before the runtime's state is judged.
  Registrar(rt::Loop& loop, rt::Files& files, client::Transport& transport, Runtime& runtime, control::EventRecorder& events,
            NodeOptions options, std::function<void(const std::vector<std::string>& pod_cidrs)> network);
  Registrar(const Registrar&) = delete;

  void start();
  // Completes when the Node object exists.
  rt::Task<void> wait_registered();
  const MachineFacts& machine() const { return machine_; }
  // Look at the machine and the runtime now.
  void wake() {
    runtime_version_.clear();
    awake_.set();
  }

 private:
  rt::Task<void> keep_node();
  rt::Task<void> keep_lease();
  rt::Task<Result<void>> sync_node();
  rt::Task<Result<void>> renew_lease();
  rt::Task<RuntimeHealth> runtime_health();
  void report_usage(std::map<std::string, std::string, std::less<>>& annotations);
  rt::Task<bool> wait_awake();
  void tell(std::string reason, std::string message);
  void tell_changes(const core::v1::Node& before, const core::v1::Node& after);

  rt::Loop& loop_;
  rt::Files& files_;
  client::Transport& transport_;
  Runtime& runtime_;
  control::EventRecorder& events_;
  NodeOptions options_;
  std::function<void(const std::vector<std::string>&)> network_;
  MachineFacts machine_;
  CpuMeter cpu_meter_;
  bool node_ready_ = false;      // as sync_node() found the runtime
  std::string runtime_version_;  // empty: to be asked for; a runtime that was replaced is told of by wake()
  std::string node_uid_;
  rt::Instant last_write_{};
  rt::Event registered_;
  rt::Event awake_;
  rt::Scope scope_;
};

}  // namespace charon::node

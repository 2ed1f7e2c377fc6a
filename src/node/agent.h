// NodeAgent: one machine's part of the cluster. Registers it, runs the pods bound to it, removes what is left of others.
//
// Everything lives on one loop. Destroying it stops its tasks; containers run on, and the next agent adopts them by their
// labels.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "client/informer.h"
#include "client/transport.h"
#include "control/events.h"
#include "net/grpc.h"
#include "node/cni/conflist.h"
#include "node/cri/config.h"
#include "node/cri/events.h"
#include "node/images/images.h"
#include "node/objects/pod_objects.h"
#include "node/registration/registrar.h"
#include "node/volumes/volumes.h"
#include "node/worker/actions.h"
#include "node/worker/pod_worker.h"
#include "rt/files.h"
#include "rt/loop.h"
#include "rt/net.h"
#include "rt/process.h"
#include "rt/random.h"
#include "rt/scope.h"

namespace charon::node {

struct AgentOptions {
  NodeOptions node;
  PodSetup pods;             // memory_bytes and allocatable are filled in by the agent
  PodNetwork network;        // pod_cidrs are filled in by the agent
  std::string cni_conf_dir;  // empty: somebody else configures the pod network
};

class NodeAgent {
 public:
  // `channel` leads to the runtime's socket with metadata containerd-namespace=k8s.io; `runtime` speaks over it (or is a fake).
  NodeAgent(rt::Loop& loop, rt::Net& net, rt::Files& files, rt::Process& process, rt::Random& random,
            client::Transport& transport, Runtime& runtime, net::GrpcChannel& channel, AgentOptions options);
  ~NodeAgent();
  NodeAgent(const NodeAgent&) = delete;

  void start();

  // --- For the node's HTTPS API ---
  Runtime& runtime() { return runtime_; }
  const PodSetup& setup() const { return options_.pods; }
  // The pods of this node with the status as known here.
  std::vector<core::v1::Pod> pods() const;
  PodPtr find_pod(std::string_view ns, std::string_view name) const;
  // Null when there is no such pod; valid until the loop goes on.
  const ObservedPod* observed(std::string_view ns, std::string_view name) const;
  const core::v1::PodStatus* status(std::string_view ns, std::string_view name) const;

 private:
  rt::Task<void> run();
  void on_pod(const model::DocumentPtr& document);
  void on_pod_gone(const model::DocumentPtr& document);
  void on_container(const ContainerEvent& event);
  rt::Task<void> find_orphans();
  PodWorker& worker_of(const std::string& uid);
  const PodWorker* find_worker(std::string_view ns, std::string_view name) const;
  void remove_orphan(meta::v1::ObjectMeta pod);
  std::vector<meta::v1::ObjectMeta> abandoned_pods() const;
  void forget(std::string uid);
  rt::Task<void> drop(std::string uid);

  rt::Loop& loop_;
  rt::Net& net_;
  rt::Files& files_;
  rt::Process& process_;
  client::Transport& transport_;
  Runtime& runtime_;
  net::GrpcChannel& channel_;
  AgentOptions options_;
  control::EventRecorder events_;
  PodObjects objects_;
  Volumes volumes_;
  Images images_;
  Registrar registrar_;
  client::Informer pods_;
  std::unique_ptr<PodActions> actions_;                                     // made when the machine's size is known
  std::map<std::string, std::unique_ptr<PodWorker>, std::less<>> workers_;  // by uid
  client::Informer::Subscription subscription_;
  std::unique_ptr<ContainerEvents> container_events_;
  rt::Scope scope_;
};

}  // namespace charon::node

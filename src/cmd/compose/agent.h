// Agent: containerd (ours or the user's), the node agent over it, and the node's HTTPS API, put together.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client/transport.h"
#include "cmd/containerd/containerd.h"
#include "cmd/pki/pki.h"
#include "net/grpc.h"
#include "node/agent.h"
#include "node/api/api.h"
#include "rt/task.h"

namespace charon::cmd {

struct AgentSettings {
  std::string data_dir;
  std::string node_name;
  std::string node_ip;
  std::string pod_cidr;
  std::vector<std::string> labels;  // "key=value"
  std::string containerd_socket;    // empty: a containerd of our own
  net::KeyPair serving;             // of the node's API
  std::string client_ca_pem;        // who may call it
};

// Where the node's pods have their volumes, on the disk and on a tmpfs.
std::string pods_dir(const std::string& data_dir);
std::string pods_memory_dir(const std::string& data_dir);
// Where the host-local CNI plugin keeps a file for each address that a pod has.
std::string pod_addresses_dir(const std::string& data_dir);

class Agent {
 public:
  static constexpr std::uint16_t kApiPort = 10250;  // of the node's API

  Agent(Containerd::Host host, rt::Random& random, AgentSettings settings);
  ~Agent();
  Agent(const Agent&) = delete;

  // Starts or adopts containerd and gives it the pause image; mounts the memory for pods' volumes. Before `start`; needs no
  // API server.
  rt::Task<Result<void>> start_runtime();
  // Registers the node and takes up its pods. `transport` acts as the node and must outlive the agent.
  Result<void> start(client::Transport& transport);
  rt::Task<void> shutdown();
  // New connections to the node's API see these from now on.
  Result<void> reload_certificates(net::KeyPair serving, std::string client_ca_pem);

  std::string socket() const;

 private:
  struct Parts;

  rt::Task<Result<void>> wait_for_cri();

  Containerd::Host host_;
  rt::Random& random_;
  AgentSettings settings_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace charon::cmd

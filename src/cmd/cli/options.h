// What the command line and the configuration file say.
#pragma once

#include <string>
#include <vector>

namespace charon::cmd {

// Flags of the API server, named as those of kube-apiserver.
struct ServerOptions {
  std::string audit_policy_file;  // empty: the server's own policy
  std::string audit_log_path;     // empty: in the data directory; "-": standard output; "none": nothing is audited
  int audit_log_max_age = 30;     // days
  int audit_log_max_backup = 5;
  int audit_log_max_size = 100;  // megabytes
  int max_requests_inflight = 400;
  int max_mutating_requests_inflight = 200;
  std::string request_timeout = "1m0s";
  std::string shutdown_delay = "0s";
  std::string scheduler_config_file;  // empty: the default profile
};

struct Options {
  std::string data_dir = "/var/lib/charon";
  std::string listen = "0.0.0.0";
  int port = 6443;
  std::string node_name;          // empty: the host's name
  std::string node_ip;            // empty: the address of the default route
  std::string containerd_socket;  // empty: a containerd of our own
  std::string cluster_cidr = "10.42.0.0/16";
  std::string service_ip = "10.43.0.1";
  std::vector<std::string> node_labels;
  ServerOptions server;
  bool detach = false;
  std::string process = "charon";  // names the pid file: "agent" for an agent alone
};

// The parts a process runs.
struct Roles {
  bool server = false;
  bool agent = false;
};

std::string admin_kubeconfig(const Options& options);
std::string pid_file(const Options& options);
std::string log_file(const Options& options);

}  // namespace charon::cmd

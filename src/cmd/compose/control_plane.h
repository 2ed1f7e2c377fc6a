// ControlPlane: store, API server, controllers and scheduler of one process, put together.
//
// Everything runs on one loop; the store has two threads of its own. Destroying it stops all of it; `shutdown` does so in good
// order.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "client/path_reader.h"
#include "client/transport.h"
#include "cmd/pki/pki.h"
#include "model/registry.h"
#include "net/server.h"
#include "rt/files.h"
#include "rt/loop.h"
#include "rt/net.h"
#include "rt/random.h"
#include "rt/task.h"
#include "server/audit/policy.h"
#include "server/audit/sink.h"
#include "server/front/front.h"
#include "server/request.h"

namespace charon::cmd {

struct AuditSettings {
  server::audit::Policy policy = server::audit::Policy::standard();
  std::optional<server::audit::FileSettings> file;  // nullopt: standard output
  std::function<void(const Error&)> on_error;       // lines are being lost
};

struct ControlPlaneOptions {
  std::string data_dir;
  rt::Address listen = rt::Address::tcp("0.0.0.0", 6443);
  std::string advertise_ip;  // where pods and agents reach this machine
  std::string service_ip = "10.43.0.1";
  std::string service_cidr = "10.43.0.0/16";
  std::string token_csv;  // static tokens (server/authn/static_tokens); empty: none
  server::RequestLimits limits;
  rt::Duration shutdown_delay{};                      // between the end of readiness and that of service
  std::optional<AuditSettings> audit = std::nullopt;  // nullopt: nothing is audited
};

// What the control plane takes from the operating system, or from the simulator.
struct Host {
  rt::Loop& loop;
  rt::Net& net;
  rt::Files& files;
  rt::Random& random;
};

class ControlPlane {
 public:
  // `pki` must outlive it.
  ControlPlane(Host host, ControlPlaneOptions options, ClusterPki& pki, Metrics& metrics);
  ~ControlPlane();
  ControlPlane(const ControlPlane&) = delete;

  // Returns when the API is served and ready. Conflict when the port is taken, ServiceUnavailable when the store is.
  rt::Task<Result<void>> start();
  // /readyz says from now on that the server ends; resumes after the delay, during which all is served as before.
  rt::Task<void> announce_shutdown();
  // No new requests; watches end, requests finish or are cut off after a while. The store closes with the ControlPlane.
  rt::Task<void> shutdown();

  // A transport inside this process that acts as `user`.
  std::unique_ptr<client::Transport> transport(server::User user);
  // The same for what aggregated servers have.
  std::unique_ptr<client::PathReader> aggregated_reader(server::User user);
  const model::KindRegistry& kinds() const;
  rt::Address local() const;
  // Serves new connections with the certificates that the PKI has now, and signs tokens with its key.
  Result<void> reload_certificates();

 private:
  struct Parts;

  void add_health_checks(Parts& parts);
  void start_audit(Parts& parts);
  Result<void> start_authentication(Parts& parts);
  void publish_service_account_keys();

  Host host_;
  ControlPlaneOptions options_;
  ClusterPki& pki_;
  Metrics& metrics_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace charon::cmd

#include "cmd/compose/control_plane.h"

#include "client/informer.h"
#include "control/runner.h"
#include "model/kind.h"
#include "rt/os/loop.h"
#include "server/admission/namespace_lifecycle/namespace_lifecycle.h"
#include "server/api.h"
#include "server/authn/authenticator.h"
#include "server/authz/rbac.h"
#include "server/bootstrap/bootstrap.h"
#include "server/cache.h"
#include "server/front/front.h"
#include "server/in_process.h"
#include "server/node_connection.h"
#include "store/sqlite/sqlite_store.h"

namespace charon::cmd {
namespace {

constexpr std::chrono::seconds kShutdownGrace{10};

std::vector<std::unique_ptr<server::AdmissionPlugin>> admission_plugins(server::Caches& caches) {
  std::vector<std::unique_ptr<server::AdmissionPlugin>> plugins;
  plugins.push_back(server::make_namespace_lifecycle(caches));
  return plugins;
}

server::User component(std::string name, std::vector<std::string> groups) {
  server::User user;
  user.name = std::move(name);
  user.groups = std::move(groups);
  user.groups.emplace_back(server::kAuthenticatedGroup);
  return user;
}

net::TlsServerOptions serving_options(const ClusterPki& pki) { return {.identity = pki.api_server(), .client_ca_pem = pki.ca_pem()}; }

}  // namespace

// In the order in which they are made; destroyed the other way round.
struct ControlPlane::Parts {
  std::unique_ptr<store::Store> store;
  std::unique_ptr<server::Caches> caches;
  std::unique_ptr<server::Admission> admission;
  std::unique_ptr<server::Api> api;
  std::unique_ptr<server::Authorizer> authorizer;
  std::unique_ptr<server::Authenticator> authenticator;
  std::unique_ptr<server::NodeConnections> nodes;
  std::unique_ptr<server::Front> front;
  std::shared_ptr<net::TlsServer> tls;
  std::unique_ptr<net::HttpServer> https;
  std::unique_ptr<client::Transport> admin;
  bool bootstrapped = false;
};

ControlPlane::ControlPlane(Host host, ControlPlaneOptions options, ClusterPki& pki, Metrics& metrics)
    : host_(host), options_(std::move(options)), pki_(pki), metrics_(metrics), parts_(std::make_unique<Parts>()) {}

ControlPlane::~ControlPlane() = default;

rt::Task<Result<void>> ControlPlane::start() {
  Parts& parts = *parts_;
  // The port first: when another server has it, nothing else is touched.
  CO_TRY_ASSIGN(std::unique_ptr<rt::Listener> listener, host_.net.listen(options_.listen));
  CO_TRY_ASSIGN(parts.tls, net::make_tls_server(serving_options(pki_)));
  std::string folder = options_.data_dir + "/store";
  CO_TRY(host_.files.make_dirs(folder, 0700));
  store::SqliteWorkers workers{rt::make_thread_worker("store-write"), rt::make_thread_worker("store-read")};
  CO_TRY_ASSIGN(parts.store, store::open_sqlite_store(host_.loop, {.path = folder + "/state.db", .history = {}}, std::move(workers)));

  parts.caches = std::make_unique<server::Caches>(host_.loop, *parts.store, model::builtin_kinds());
  CO_TRY(co_await parts.caches->start());
  parts.admission = std::make_unique<server::Admission>(admission_plugins(*parts.caches));
  parts.api = std::make_unique<server::Api>(host_.loop, host_.random, *parts.store, *parts.caches, *parts.admission);
  parts.authorizer = server::make_rbac_authorizer(*parts.caches);
  std::vector<std::unique_ptr<server::Authenticator>> chain;
  chain.push_back(server::make_certificate_authenticator());
  parts.authenticator = server::make_authenticator_chain(std::move(chain));
  CO_TRY_ASSIGN(std::shared_ptr<net::TlsClient> agent_tls,
                net::make_tls_client({.ca_pem = pki_.ca_pem(), .identity = pki_.api_server(), .alpn = {"http/1.1"}}));
  parts.nodes = std::make_unique<server::NodeConnections>(host_.loop, host_.net, *parts.caches, agent_tls);
  parts.front = std::make_unique<server::Front>(*parts.api, *parts.authenticator, *parts.authorizer, metrics_, parts.nodes.get());
  parts.front->add_health_check({"ping", [] { return Result<void>(); }});
  parts.front->add_health_check({.name = "bootstrap",
                                 .check = [&parts]() -> Result<void> {
                                   if (!parts.bootstrapped) return fail(Reason::ServiceUnavailable, "not finished");
                                   return {};
                                 },
                                 .live = false});
  server::Front* front = parts.front.get();
  parts.https = net::serve(host_.loop, std::move(listener), parts.tls, [front](net::Exchange& exchange) { return front->handle(exchange); });

  parts.admin = transport(component("system:apiserver", {"system:masters"}));
  CO_TRY(co_await server::bootstrap(*parts.admin, {options_.service_ip, options_.advertise_ip, parts.https->local().port}));
  parts.bootstrapped = true;
  co_return Result<void>();
}

rt::Task<void> ControlPlane::shutdown() {
  if (!parts_->https) co_return;
  parts_->caches->shutdown();
  co_await parts_->https->shutdown(kShutdownGrace);
}

std::unique_ptr<client::Transport> ControlPlane::transport(server::User user) {
  return server::make_in_process_transport(*parts_->api, *parts_->authorizer, std::move(user));
}

rt::Address ControlPlane::local() const { return parts_->https->local(); }

Result<void> ControlPlane::reload_certificates() { return parts_->tls->replace(serving_options(pki_)); }

}  // namespace charon::cmd

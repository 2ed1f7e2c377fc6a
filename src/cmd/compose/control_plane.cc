#include "cmd/compose/control_plane.h"

#include <boost/json.hpp>

#include "client/informer.h"
#include "codec/json.h"
#include "control/runner.h"
#include "model/kind.h"
#include "rt/eager_timeout.h"
#include "rt/os/loop.h"
#include "server/admission/plugins.h"
#include "server/aggregation/api_services.h"
#include "server/aggregation/authentication_config.h"
#include "server/aggregation/availability.h"
#include "server/aggregation/namespace_content.h"
#include "server/aggregation/reader.h"
#include "server/aggregation/registration.h"
#include "server/aggregation/remote_servers.h"
#include "server/api.h"
#include "server/audit/record.h"
#include "server/authn/authenticator.h"
#include "server/authn/bootstrap_token/bootstrap_token.h"
#include "server/authn/request_header/request_header.h"
#include "server/authn/service_account/legacy_token_use.h"
#include "server/authn/service_account/service_account.h"
#include "server/authn/static_tokens/static_tokens.h"
#include "server/authn/token/token.h"
#include "server/authz/bootstrap_roles.h"
#include "server/authz/node/node_authorizer.h"
#include "server/authz/rbac.h"
#include "server/bootstrap/bootstrap.h"
#include "server/cache.h"
#include "server/crd/definitions.h"
#include "server/eviction/eviction.h"
#include "server/front/front.h"
#include "server/in_process.h"
#include "server/node_connection.h"
#include "server/reviews/reviews.h"
#include "server/watch_cache_metrics.h"
#include "store/measured/measured_store.h"
#include "store/sqlite/sqlite_store.h"

namespace charon::cmd {
namespace {

constexpr std::chrono::seconds kShutdownGrace{10};
// In the certificate of the proxies that speak for their users (cmd/pki).
constexpr const char* kFrontProxyName = "front-proxy-client";

// As Kubernetes waits for its store.
constexpr std::chrono::seconds kStoreAnswers{2};

rt::Task<Result<void>> told(Result<void> outcome) { co_return outcome; }

rt::Task<Result<void>> answers(rt::Loop* loop, store::Store* store) {
  auto read = co_await rt::eager_timeout(*loop, kStoreAnswers, store->get("health"));
  if (!read) co_return fail(Reason::Timeout, "the store does not answer");
  if (!*read) co_return fail(std::move(read->error()));
  co_return Result<void>();
}

server::User component(std::string name, std::vector<std::string> groups) {
  server::User user;
  user.name = std::move(name);
  user.groups = std::move(groups);
  user.groups.emplace_back(server::kAuthenticatedGroup);
  return user;
}

net::TlsServerOptions serving_options(const ClusterPki& pki) {
  return {.identity = pki.api_server(), .client_ca_pem = pki.ca_pem(), .proxy_ca_pem = pki.front_proxy_ca_pem()};
}

// How the API server calls the agents.
net::TlsClientOptions agent_client_options(const ClusterPki& pki) {
  return {.ca_pem = pki.ca_pem(), .identity = pki.agent_client(), .alpn = {"http/1.1"}};
}

core::v1::ConfigMap authentication_config(const ClusterPki& pki) {
  return server::authentication_config({pki.ca_pem(), pki.front_proxy_ca_pem(), {kFrontProxyName}});
}

}  // namespace

// In the order in which they are made; destroyed the other way round.
struct ControlPlane::Parts {
  std::unique_ptr<server::audit::Log> audit_log;
  std::unique_ptr<server::audit::Auditor> auditor;  // null: nothing is audited
  std::unique_ptr<store::Store> store;
  std::unique_ptr<model::KindRegistry> kinds;
  std::unique_ptr<server::Caches> caches;
  std::unique_ptr<server::WatchCacheMetrics> watch_cache_metrics;
  std::unique_ptr<server::Authorizer> authorizer;
  std::unique_ptr<server::Admission> admission;
  std::unique_ptr<server::Api> api;
  std::unique_ptr<server::crd::Definitions> definitions;
  std::unique_ptr<server::ServiceAccountKeys> service_account_keys;
  std::unique_ptr<server::ServiceAccountTokens> service_accounts;
  std::unique_ptr<server::LegacyTokenUse> legacy_token_use;
  std::unique_ptr<server::TokenAuthenticator> tokens;
  std::unique_ptr<server::Authenticator> authenticator;
  std::unique_ptr<server::NodeConnections> nodes;
  std::unique_ptr<server::ApiServices> api_services;
  std::unique_ptr<server::RemoteServers> remote_servers;
  std::unique_ptr<server::NamespaceContent> namespace_content;
  std::unique_ptr<server::Availability> availability;
  std::unique_ptr<server::Registration> registration;
  std::unique_ptr<server::AuthenticationConfig> authentication_config;
  std::unique_ptr<server::Front> front;
  std::shared_ptr<net::TlsServer> tls;
  std::unique_ptr<net::HttpServer> https;
  std::unique_ptr<client::Transport> admin;
  std::unique_ptr<server::KubernetesServiceKeeper> kubernetes_service;
  bool bootstrapped = false;
  bool ending = false;
};

ControlPlane::ControlPlane(Host host, ControlPlaneOptions options, ClusterPki& pki, Metrics& metrics)
    : host_(host), options_(std::move(options)), pki_(pki), metrics_(metrics), parts_(std::make_unique<Parts>()) {}

ControlPlane::~ControlPlane() = default;

rt::Task<Result<void>> ControlPlane::start() {
  Parts& parts = *parts_;
  // The port first: when another server has it, nothing else is touched.
  auto listener = host_.net.listen(options_.listen);
  if (!listener) {
    Error error = std::move(listener.error());
    if (error.reason == Reason::Conflict)
      error.message += ". Choose another port with --port; `charon status` tells whether a cluster runs already";
    co_return fail(std::move(error));
  }
  CO_TRY_ASSIGN(parts.tls, net::make_tls_server(serving_options(pki_)));
  start_audit(parts);
  std::string folder = options_.data_dir + "/store";
  CO_TRY(host_.files.make_dirs(folder, 0700));
  store::SqliteWorkers workers{rt::make_thread_worker("store-write"), rt::make_thread_worker("store-read")};
  CO_TRY_ASSIGN(auto opened,
                store::open_sqlite_store(host_.loop, {.path = folder + "/state.db", .history = {}}, std::move(workers)));
  parts.store = store::make_measured_store(std::move(opened), host_.loop.clock(), metrics_);

  parts.kinds = std::make_unique<model::KindRegistry>();
  parts.caches = std::make_unique<server::Caches>(host_.loop, *parts.store, *parts.kinds);
  parts.definitions = std::make_unique<server::crd::Definitions>(host_.loop, host_.net, host_.random, *parts.caches);
  server::crd::Definitions* definitions = parts.definitions.get();
  CO_TRY(co_await parts.caches->start([definitions] { definitions->load(); }));
  parts.watch_cache_metrics = std::make_unique<server::WatchCacheMetrics>(*parts.caches, metrics_);
  std::vector<std::unique_ptr<server::Authorizer>> authorizers;
  authorizers.push_back(server::make_node_authorizer(*parts.caches));
  authorizers.push_back(server::make_rbac_authorizer(*parts.caches));
  parts.authorizer = server::make_authorizer_union(std::move(authorizers));
  parts.admission = std::make_unique<server::Admission>(
      server::make_admission_plugins(host_.loop, host_.net, host_.random, *parts.store, *parts.caches, metrics_,
                                     {.service_cidr = options_.service_cidr, .authorizer = parts.authorizer.get()}),
      host_.loop.clock(), metrics_);
  parts.api = std::make_unique<server::Api>(host_.loop, host_.random, *parts.store, *parts.caches, *parts.admission);
  CO_TRY(start_authentication(parts));
  parts.nodes = std::make_unique<server::NodeConnections>(host_.loop, host_.net, *parts.caches, agent_client_options(pki_));
  parts.api_services = std::make_unique<server::ApiServices>(*parts.caches);
  parts.remote_servers =
      std::make_unique<server::RemoteServers>(host_.loop, host_.net, *parts.caches, pki_.front_proxy_client());
  parts.namespace_content =
      std::make_unique<server::NamespaceContent>(host_.loop, *parts.api_services, *parts.remote_servers, *parts.authorizer);
  parts.front = std::make_unique<server::Front>(
      *parts.api, *parts.authenticator, *parts.authorizer, metrics_, parts.nodes.get(),
      server::Front::Aggregation{*parts.api_services, *parts.remote_servers}, parts.auditor.get(), options_.limits);
  publish_service_account_keys();
  add_health_checks(parts);
  server::Front* front = parts.front.get();
  parts.https = net::serve(host_.loop, std::move(*listener), parts.tls,
                           [front](net::Exchange& exchange) { return front->handle(exchange); });

  parts.admin = transport(component("system:apiserver", {"system:masters"}));
  const server::KubernetesService service{options_.service_ip, options_.advertise_ip, parts.https->local().port};
  CO_TRY(co_await server::bootstrap(*parts.admin, {service, authentication_config(pki_)}));
  CO_TRY(co_await server::bootstrap_roles(host_.loop, *parts.admin));
  parts.definitions->start(*parts.api);
  parts.registration = std::make_unique<server::Registration>(*parts.api);
  parts.availability = std::make_unique<server::Availability>(*parts.api, *parts.api_services, *parts.remote_servers, metrics_);
  parts.authentication_config = std::make_unique<server::AuthenticationConfig>(*parts.api, authentication_config(pki_));
  parts.kubernetes_service = std::make_unique<server::KubernetesServiceKeeper>(host_.loop, *parts.admin, service);
  parts.legacy_token_use->start();
  parts.bootstrapped = true;
  co_return Result<void>();
}

// What Kubernetes checks under the same names: "etcd" is the store, whichever it is.
void ControlPlane::add_health_checks(Parts& parts) {
  server::Front& front = *parts.front;
  front.add_health_check({"ping", [] { return told({}); }});
  front.add_health_check({"etcd", [this, &parts] { return answers(&host_.loop, parts.store.get()); }});
  front.add_health_check(
      {.name = "etcd-readiness", .check = [this, &parts] { return answers(&host_.loop, parts.store.get()); }, .live = false});
  auto bootstrapped = [&parts] {
    return told(parts.bootstrapped ? Result<void>() : fail(Reason::ServiceUnavailable, "not finished"));
  };
  for (const char* name : {"bootstrap", "poststarthook/bootstrap-controller", "poststarthook/rbac/bootstrap-roles",
                           "poststarthook/scheduling/bootstrap-system-priority-classes"})
    front.add_health_check({.name = name, .check = bootstrapped, .live = false});
  front.add_health_check({.name = "shutdown",
                          .check =
                              [&parts] {
                                return told(parts.ending ? fail(Reason::ServiceUnavailable, "process is shutting down")
                                                         : Result<void>());
                              },
                          .live = false});
}

void ControlPlane::start_audit(Parts& parts) {
  if (!options_.audit) return;
  AuditSettings& audit = *options_.audit;
  auto sink = audit.file ? server::audit::make_file_sink(host_.files, host_.loop.clock(), *audit.file)
                         : server::audit::make_stdout_sink();
  parts.audit_log = std::make_unique<server::audit::Log>(host_.loop, std::move(sink), rt::make_thread_worker("audit-write"),
                                                         metrics_, audit.on_error);
  parts.auditor = std::make_unique<server::audit::Auditor>(host_.loop, audit.policy, *parts.audit_log, metrics_);
}

Result<void> ControlPlane::start_authentication(Parts& parts) {
  const rt::Clock& clock = host_.loop.clock();
  TRY_ASSIGN(auto keys,
             server::ServiceAccountKeys::from_pem(pki_.service_account_key_pem(), pki_.service_account_public_pem()));
  parts.service_account_keys = std::make_unique<server::ServiceAccountKeys>(std::move(keys));
  parts.service_accounts =
      std::make_unique<server::ServiceAccountTokens>(clock, host_.random, *parts.caches, *parts.service_account_keys);
  std::vector<std::unique_ptr<server::TokenAuthenticator>> tokens;
  parts.legacy_token_use = std::make_unique<server::LegacyTokenUse>(*parts.api, metrics_);
  tokens.push_back(server::make_service_account_authenticator(clock, *parts.caches, *parts.service_account_keys,
                                                              parts.legacy_token_use.get()));
  if (!options_.token_csv.empty()) {
    TRY_ASSIGN(auto fixed, server::make_static_token_authenticator(options_.token_csv));
    tokens.push_back(std::move(fixed));
  }
  tokens.push_back(server::make_bootstrap_token_authenticator(clock, *parts.caches));
  parts.tokens = server::make_token_chain(std::move(tokens));
  std::vector<std::unique_ptr<server::Authenticator>> chain;
  chain.push_back(server::make_request_header_authenticator({kFrontProxyName}));
  chain.push_back(server::make_certificate_authenticator());
  chain.push_back(server::make_bearer_authenticator(*parts.tokens));
  parts.authenticator = server::make_authenticator_chain(std::move(chain));
  server::add_authentication_reviews(*parts.api, *parts.tokens, *parts.service_accounts);
  server::add_authorization_reviews(*parts.api, *parts.authorizer);
  server::add_eviction(*parts.api);
  return {};
}

rt::Task<void> ControlPlane::announce_shutdown() {
  parts_->ending = true;
  if (options_.shutdown_delay > rt::Duration::zero()) co_await rt::sleep(host_.loop, options_.shutdown_delay);
}

rt::Task<void> ControlPlane::shutdown() {
  if (!parts_->https) co_return;
  parts_->caches->shutdown();
  parts_->front->end_remote_watches();
  co_await parts_->https->shutdown(kShutdownGrace);
}

std::unique_ptr<client::Transport> ControlPlane::transport(server::User user) {
  return server::make_in_process_transport(*parts_->api, *parts_->authorizer, std::move(user), parts_->auditor.get(),
                                           parts_->namespace_content.get());
}

std::unique_ptr<client::PathReader> ControlPlane::aggregated_reader(server::User user) {
  return server::make_aggregated_reader(host_.loop, *parts_->api_services, *parts_->remote_servers, *parts_->authorizer,
                                        std::move(user));
}

const model::KindRegistry& ControlPlane::kinds() const { return *parts_->kinds; }

rt::Address ControlPlane::local() const { return parts_->https->local(); }

void ControlPlane::publish_service_account_keys() {
  auto json = [](codec::Object object) { return share(codec::write_json(codec::Value(std::move(object)))); };
  parts_->front->add_document("/openid/v1/jwks", {"application/jwk-set+json", json(parts_->service_accounts->key_set())});
  parts_->front->add_document("/.well-known/openid-configuration", {.json = json(parts_->service_accounts->discovery())});
}

Result<void> ControlPlane::reload_certificates() {
  TRY_ASSIGN(auto keys,
             server::ServiceAccountKeys::from_pem(pki_.service_account_key_pem(), pki_.service_account_public_pem()));
  parts_->service_account_keys->replace(std::move(keys));
  publish_service_account_keys();
  parts_->nodes->replace(agent_client_options(pki_));
  parts_->remote_servers->replace_identity(pki_.front_proxy_client());
  if (parts_->authentication_config) parts_->authentication_config->replace(authentication_config(pki_));
  return parts_->tls->replace(serving_options(pki_));
}

}  // namespace charon::cmd

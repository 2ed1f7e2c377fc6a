// up, server and agent: one process until a signal ends it.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "api/core/v1/types.h"
#include "client/https.h"
#include "client/typed.h"
#include "cmd/cli/admin.h"
#include "cmd/cli/audit_settings.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/pid_file.h"
#include "cmd/cli/preconditions.h"
#include "cmd/cli/progress.h"
#include "cmd/cli/server_identity.h"
#include "cmd/compose/agent.h"
#include "cmd/compose/control_plane.h"
#include "cmd/compose/controllers.h"
#include "cmd/compose/process_metrics.h"
#include "cmd/compose/scheduler_config.h"
#include "cmd/pki/pki.h"
#include "controllers/nodeipam/ranges.h"
#include "rt/os/loop.h"
#include "rt/os/machine.h"
#include "rt/os/net.h"
#include "rt/os/system.h"
#include "server/authn/authenticator.h"

namespace charon::cmd {
namespace {

// Timers stand still while the machine sleeps: what expired in the meantime is renewed this long after it wakes.
constexpr std::chrono::minutes kRenewInterval{10};
constexpr std::chrono::milliseconds kReadyPoll{20};

server::User user_of(std::string name, std::vector<std::string> groups) {
  server::User user;
  user.name = std::move(name);
  user.groups = std::move(groups);
  user.groups.emplace_back(server::kAuthenticatedGroup);
  return user;
}

bool node_ready(const core::v1::Node& node) {
  for (const core::v1::NodeCondition& condition : node.status.conditions)
    if (condition.type == "Ready") return condition.status == "True";
  return false;
}

// In small letters, as the kubelet registers it: a host may be named with others, an object not.
std::string node_name_of_host() {
  std::string name = rt::host_name();
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return name;
}

// Everything that one process runs.
class Process {
 public:
  Process(Options options, Roles roles) : options_(std::move(options)), roles_(roles) {}

  int run() {
    int code = 0;
    rt::Scope scope(loop_);
    loop_.on_signals({rt::kTerminateSignal, rt::kInterruptSignal, rt::kReloadSignal}, [this, &scope](int number) {
      if (stopping_) return;
      // `charon token rotate-key` has written a new key.
      if (number == rt::kReloadSignal) return renew_now();
      stopping_ = true;
      scope.spawn(stop());
    });
    scope.spawn(start(&code));
    loop_.run();
    scope.cancel();
    agent_.reset();
    scheduler_config_.reset();
    controllers_.reset();
    control_plane_.reset();
    if (claimed_) (void)files_->remove_all(pid_file(options_));
    return code;
  }

 private:
  rt::Task<void> start(int* code) {
    auto started = co_await start_parts();
    if (started || stopping_) co_return;
    *code = complain("cannot start", started.error());
    loop_.stop();
  }

  rt::Task<Result<void>> start_parts() {
    if (options_.node_name.empty()) options_.node_name = node_name_of_host();
    if (options_.node_ip.empty()) options_.node_ip = rt::primary_ip();
    CO_TRY(check_preconditions(*files_, *net_, options_, roles_));
    // An agent alone finds its server by what that wrote into the data directory.
    if (!roles_.server) {
      CO_TRY_ASSIGN(options_.port, admin_port(*files_, options_));
    }
    CO_TRY(files_->make_dirs(options_.data_dir, 0711));
    CO_TRY(claim_data_dir());
    CO_TRY(open_pki());
    if (roles_.agent) agent_ = std::make_unique<Agent>(host(), *random_, agent_settings());
    // The runtime comes up beside the control plane: neither needs the other yet.
    std::optional<Result<void>> runtime;
    rt::Event runtime_ready(loop_);
    rt::Scope beside(loop_);
    if (roles_.agent) beside.spawn(start_runtime(&runtime, &runtime_ready));
    if (roles_.server) CO_TRY(co_await start_server());
    if (!roles_.agent) co_return Result<void>();
    co_await runtime_ready.wait();
    if (!*runtime) co_return fail(std::move(runtime->error()));
    co_return co_await start_agent();
  }

  Result<void> claim_data_dir() {
    TRY(claim_pid_file(*files_, options_));
    claimed_ = true;
    return {};
  }

  Result<void> open_pki() {
    PkiOptions pki;
    pki.node_name = options_.node_name;
    pki.hostname = rt::host_name();
    pki.node_ips = {options_.node_ip};
    pki.service_ip = options_.service_ip;
    pki.server_url = fmt::format("https://127.0.0.1:{}", options_.port);
    pki.kubeconfig_path = admin_kubeconfig(options_);
    TRY_ASSIGN(pki_, ClusterPki::open(*files_, *random_, options_.data_dir + "/pki", pki, loop_.clock().wall()));
    return {};
  }

  rt::Task<void> start_runtime(std::optional<Result<void>>* outcome, rt::Event* ready) {
    outcome->emplace(co_await agent_->start_runtime());
    if (**outcome) progress_.step("containerd ready at " + agent_->socket());
    ready->set();
  }

  rt::Task<Result<void>> start_server() {
    ControlPlaneOptions options;
    options.data_dir = options_.data_dir;
    options.listen = rt::Address::tcp(options_.listen, static_cast<std::uint16_t>(options_.port));
    options.advertise_ip = options_.node_ip;
    options.service_ip = options_.service_ip;
    CO_TRY_ASSIGN(options.audit, audit_settings(*files_, options_));
    const ServerOptions& flags = options_.server;
    options.limits.inflight = {flags.max_requests_inflight, flags.max_mutating_requests_inflight};
    CO_TRY_ASSIGN(options.limits.timeout, parse_go_duration(flags.request_timeout));
    CO_TRY_ASSIGN(options.shutdown_delay, parse_go_duration(flags.shutdown_delay));
    if (!flags.scheduler_config_file.empty()) {
      scheduler_config_ = std::make_unique<SchedulerConfigFile>(loop_, *files_, flags.scheduler_config_file);
      CO_TRY(scheduler_config_->read());
    }
    control_plane_ = std::make_unique<ControlPlane>(Host{loop_, *net_, *files_, *random_}, options, *pki_, metrics_);
    CO_TRY(co_await control_plane_->start());
    progress_.step(fmt::format("API server ready at https://127.0.0.1:{}", control_plane_->local().port));
    manager_transport_ = control_plane_->transport(user_of("system:kube-controller-manager", {}));
    admin_transport_ = control_plane_->transport(user_of("system:kube-controller-manager", {"system:masters"}));
    scheduler_transport_ = control_plane_->transport(user_of("system:kube-scheduler", {}));
    aggregated_reader_ = control_plane_->aggregated_reader(user_of("system:kube-controller-manager", {"system:masters"}));
    CO_TRY_ASSIGN(identity_, server_identity(*files_, *random_, options_));
    start_controllers();
    serving_ = true;
    tasks_.spawn(renew_certificates());
    co_return Result<void>();
  }

  void start_controllers() {
    control::ControllerSettings settings;
    settings.cluster_ca_pem = pki_->ca_pem();
    settings.cluster_ca_key_pem = pki_->ca_key_pem();
    settings.service_account_key_pem = pki_->service_account_key_pem();
    settings.server_url = fmt::format("https://{}:{}", options_.node_ip, control_plane_->local().port);
    settings.cluster_cidr = options_.cluster_cidr;
    settings.kinds = &control_plane_->kinds();
    settings.apis = aggregated_reader_.get();
    auto connect = [this](const std::string& user) {
      std::vector<std::string> groups;
      if (user.starts_with("system:serviceaccount:")) groups = {"system:serviceaccounts", "system:serviceaccounts:kube-system"};
      return control_plane_->transport(user_of(user, std::move(groups)));
    };
    controllers_ = std::make_unique<Controllers>(
        loop_, *random_, Controllers::Lines{*manager_transport_, *scheduler_transport_, *admin_transport_, std::move(connect)},
        metrics_, std::move(settings), identity_);
    configure_scheduler();
    controllers_->start();
    add_process_metrics(metrics_, *files_);
  }

  void configure_scheduler() {
    if (!scheduler_config_) return;
    auto apply = [this](scheduler::Configuration configuration) {
      controllers_->configure_scheduler(std::move(configuration));
    };
    auto complain_of = [](const Error& error) { complain("the scheduler's configuration", error); };
    // It may have been changed, for the worse, since the server began to start.
    if (auto configuration = scheduler_config_->read())
      apply(*std::move(configuration));
    else
      complain_of(configuration.error());
    scheduler_config_->follow(apply, complain_of);
  }

  rt::Task<Result<void>> start_agent() {
    if (control_plane_) {
      agent_transport_ = control_plane_->transport(user_of("system:node:" + options_.node_name, {"system:nodes"}));
    } else {
      CO_TRY(connect_agent());
    }
    CO_TRY(agent_->start(*agent_transport_));
    client::Client client(*agent_transport_);
    while (true) {
      auto node = co_await client.get<core::v1::Node>({"", options_.node_name});
      if (node && node_ready(**node)) break;
      co_await rt::sleep(loop_, kReadyPoll);
    }
    progress_.step("node " + options_.node_name + " ready");
    progress_.step("use it with: export KUBECONFIG=" + admin_kubeconfig(options_));
    co_return Result<void>();
  }

  // To the server of this data directory, as this node.
  Result<void> connect_agent() {
    net::ClientOptions client;
    client.address = rt::Address::tcp("127.0.0.1", static_cast<std::uint16_t>(options_.port));
    TRY_ASSIGN(agent_tls_, net::make_tls_client(agent_tls_options()));
    client.tls = agent_tls_;
    agent_transport_ =
        client::make_https_transport(net::make_client(loop_, *net_, std::move(client)), {.user_agent = "kubelet"});
    tasks_.spawn(renew_certificates());
    return {};
  }

  net::TlsClientOptions agent_tls_options() const {
    return {.ca_pem = pki_->ca_pem(), .identity = pki_->node(), .server_name = "127.0.0.1"};
  }

  rt::Task<void> renew_certificates() {
    while (true) {
      co_await rt::sleep(loop_, kRenewInterval);
      renew_now();
    }
  }

  void renew_now() {
    if (stopping_ || (!serving_ && !agent_tls_)) return;
    auto renewed = pki_->renew_due(loop_.clock().wall());
    if (!renewed) {
      complain("renewing certificates", renewed.error());
    } else if (!renewed->empty()) {
      if (auto loaded = reload_certificates(*renewed); !loaded) complain("loading the new certificates", loaded.error());
    }
  }

  Result<void> reload_certificates(const std::vector<std::string>& renewed) {
    if (control_plane_) TRY(control_plane_->reload_certificates());
    // What controllers hand out of these (kube-root-ca.crt, signed tokens and certificates) they look at when they start.
    auto changed = [&renewed](const char* name) { return std::find(renewed.begin(), renewed.end(), name) != renewed.end(); };
    if (controllers_ && (changed("ca") || changed("sa"))) start_controllers();
    if (agent_tls_) TRY(agent_tls_->replace(agent_tls_options()));
    if (agent_) TRY(agent_->reload_certificates(pki_->kubelet(), pki_->ca_pem()));
    return {};
  }

  rt::Task<void> stop() {
    progress_.step("stopping; containers go on running");
    if (control_plane_) co_await control_plane_->announce_shutdown();
    if (agent_) co_await agent_->shutdown();
    if (controllers_) co_await controllers_->release();
    if (control_plane_) co_await control_plane_->shutdown();
    loop_.stop();
  }

  Containerd::Host host() { return {loop_, *files_, *process_, *net_}; }

  AgentSettings agent_settings() const {
    AgentSettings settings;
    settings.data_dir = options_.data_dir;
    settings.node_name = options_.node_name;
    settings.node_ip = options_.node_ip;
    // The first node's part, so that its network need not wait for the controller that gives parts to the others.
    if (const auto cluster = controllers::nodeipam::parse_range(options_.cluster_cidr))
      settings.pod_cidr = controllers::nodeipam::free_part(*cluster, {})->text();
    settings.labels = options_.node_labels;
    settings.containerd_socket = options_.containerd_socket;
    settings.serving = pki_->kubelet();
    settings.client_ca_pem = pki_->ca_pem();
    return settings;
  }

  Options options_;
  Roles roles_;
  rt::OsLoop loop_;
  Progress progress_{loop_.clock()};
  std::unique_ptr<rt::Net> net_ = rt::make_os_net(loop_);
  std::unique_ptr<rt::Files> files_ = rt::make_os_files();
  std::unique_ptr<rt::Process> process_ = rt::make_os_process(loop_);
  std::unique_ptr<rt::Random> random_ = rt::make_os_random();
  Metrics metrics_;
  std::unique_ptr<ClusterPki> pki_;
  std::unique_ptr<ControlPlane> control_plane_;
  std::unique_ptr<client::Transport> manager_transport_;
  std::unique_ptr<client::Transport> admin_transport_;
  std::unique_ptr<client::Transport> scheduler_transport_;
  std::unique_ptr<client::Transport> agent_transport_;
  std::unique_ptr<client::PathReader> aggregated_reader_;
  std::string identity_;  // of this server among others
  std::unique_ptr<Controllers> controllers_;
  std::unique_ptr<SchedulerConfigFile> scheduler_config_;  // null: the default profile
  std::unique_ptr<Agent> agent_;
  rt::Scope tasks_{loop_};
  std::shared_ptr<net::TlsClient> agent_tls_;  // of an agent without a server in this process
  bool serving_ = false;                       // the control plane has started
  bool claimed_ = false;                       // the pid file is ours
  bool stopping_ = false;
};

}  // namespace

int run_cluster(const Options& options, Roles roles) {
  Options named = options;
  if (!roles.server) named.process = "agent";
  return Process(std::move(named), roles).run();
}

}  // namespace charon::cmd

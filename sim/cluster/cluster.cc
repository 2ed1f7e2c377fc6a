#include "sim/cluster/cluster.h"

#include <utility>

#include "api/apps/v1/types.h"
#include "base/check.h"
#include "controllers/list.h"
#include "server/admission/plugins.h"
#include "server/authz/bootstrap_roles.h"
#include "server/authz/rbac.h"
#include "server/bootstrap/bootstrap.h"
#include "server/in_process.h"
#include "sim/checkers/end_checker.h"
#include "sim/checkers/watch_checker.h"
#include "sim/faults/faulty_transport.h"
#include "store/memory/memory_store.h"

namespace charon::sim {

Cluster::Manager::Manager(rt::Loop& loop, rt::Random& random, client::Transport& transport, const model::KindRegistry& kinds)
    : informers(loop, random, transport) {
  for (auto& controller : controllers::make_all({.cluster_ca_pem = "-----BEGIN CERTIFICATE-----", .kinds = &kinds}))
    runners.push_back(std::make_unique<control::Runner>(loop, informers, transport, std::move(controller)));
  for (auto& runner : runners) runner->start();
}

Cluster::Scheduling::Scheduling(rt::Loop& loop, rt::Random& random, client::Transport& transport)
    : informers(loop, random, transport), scheduler(loop, informers, transport, random) {
  scheduler.start();
}

Cluster::Cluster(const ClusterSettings& settings)
    : random_(settings.seed),
      fault_random_(settings.seed ^ 0x9e3779b97f4a7c15),
      findings_(loop_.clock()),
      faults_(fault_random_, settings.faults),
      store_(store::make_memory_store(loop_)),
      truth_(std::make_unique<Truth>(loop_, *store_, model::builtin_kinds(), settings.trace_path)),
      caches_(loop_, *store_, kinds_) {
  CHECK(loop_.run(caches_.start()));
  admission_ =
      std::make_unique<server::Admission>(server::make_admission_plugins(loop_, net_, random_, *store_, caches_, metrics_, {}));
  api_ = std::make_unique<server::Api>(loop_, random_, *store_, caches_, *admission_);
  authorizer_ = server::make_rbac_authorizer(caches_);
  server::User system;
  system.name = "system:apiserver";
  system.groups = {"system:masters"};
  auto own = server::make_in_process_transport(*api_, *authorizer_, std::move(system));
  CHECK(loop_.run(server::bootstrap(*own, {.service = {"10.43.0.1", "192.168.0.250"}})));
  CHECK(loop_.run(server::bootstrap_roles(loop_, *own)));

  manager_line_ = &connect("system:kube-controller-manager", {"system:masters"});
  scheduler_line_ = &connect("system:kube-scheduler", {"system:masters"});
  manager_ = std::make_unique<Manager>(loop_, random_, *manager_line_, kinds_);
  scheduling_ = std::make_unique<Scheduling>(loop_, random_, *scheduler_line_);
  observer_ = std::make_unique<client::InformerSet>(loop_, random_, connect("observer", {"system:masters"}));
  observer_->of<core::v1::Pod>();
  observer_->of<core::v1::Node>();
  observer_->of<core::v1::Namespace>();
  observer_->of<apps::v1::Deployment>();
  observer_->of<apps::v1::ReplicaSet>();
  observer_->of<apps::v1::StatefulSet>();
  observer_->of<apps::v1::DaemonSet>();
  for (int number = 1; number <= settings.nodes; ++number) {
    client::Transport& line = connect("system:node:node-" + std::to_string(number), {"system:nodes", "system:masters"});
    nodes_.push_back(std::make_unique<HollowNode>(loop_, random_, line,
                                                  HollowNodeSettings{.number = number, .crash_rate = settings.crash_rate}));
    nodes_.back()->boot();
  }
}

Cluster::~Cluster() {
  // What calls the server goes before it.
  nodes_.clear();
  observer_.reset();
  scheduling_.reset();
  manager_.reset();
}

client::Transport& Cluster::connect(const std::string& user, std::vector<std::string> groups) {
  server::User who;
  who.name = user;
  who.groups = std::move(groups);
  who.groups.emplace_back("system:authenticated");
  Line line;
  line.server = server::make_in_process_transport(*api_, *authorizer_, std::move(who));
  line.checked = make_checked_transport(*line.server, *truth_, findings_);
  line.faulty = make_faulty_transport(loop_, *line.checked, faults_);
  lines_.push_back(std::move(line));
  return *lines_.back().faulty;
}

void Cluster::restart_controllers() {
  manager_.reset();
  manager_ = std::make_unique<Manager>(loop_, random_, *manager_line_, kinds_);
}

void Cluster::restart_scheduler() {
  scheduling_.reset();
  scheduling_ = std::make_unique<Scheduling>(loop_, random_, *scheduler_line_);
}

void Cluster::calm() {
  faults_.stop();
  for (const auto& node : nodes_) {
    node->stop_crashes();
    node->boot();
  }
}

std::vector<std::string> Cluster::stale_caches() const {
  std::vector<std::string> problems;
  const auto add = [&problems](std::vector<std::string> more) {
    for (std::string& text : more) problems.push_back(std::move(text));
  };
  for (const model::Kind* kind :
       {&client::kind_of<core::v1::Pod>(), &client::kind_of<core::v1::Node>(), &client::kind_of<core::v1::Namespace>(),
        &client::kind_of<apps::v1::Deployment>(), &client::kind_of<apps::v1::ReplicaSet>(),
        &client::kind_of<apps::v1::StatefulSet>(), &client::kind_of<apps::v1::DaemonSet>()})
    // Nodes and leases are renewed all the time, but within one turn of the loop the observer has what the store has.
    add(differences(*truth_, observer_->of(*kind), "the observer", [](const model::Document&) { return true; }));
  for (const auto& node : nodes_)
    if (node->up())
      add(differences(*truth_, *node->informer(), node->name(),
                      [&node](const model::Document& pod) { return pod.field("spec.nodeName") == node->name(); }));
  return problems;
}

}  // namespace charon::sim

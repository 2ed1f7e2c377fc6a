#include "node/agent.h"

#include <algorithm>
#include <set>
#include <utility>

#include "client/typed.h"
#include "node/cri/labels.h"

namespace charon::node {

using namespace std::chrono_literals;

namespace {

constexpr auto kRelistEvery = 60s;

client::ListOptions pods_on(const std::string& node) {
  client::ListOptions options;
  options.field_selector = "spec.nodeName=" + node;
  return options;
}

std::string label(const std::map<std::string, std::string, std::less<>>& labels, std::string_view key) {
  auto found = labels.find(key);
  return found == labels.end() ? "" : found->second;
}

}  // namespace

NodeAgent::NodeAgent(rt::Loop& loop, rt::Net& net, rt::Files& files, rt::Process& process, rt::Random& random,
                     client::Transport& transport, Runtime& runtime, net::GrpcChannel& channel, AgentOptions options)
    : loop_(loop),
      net_(net),
      files_(files),
      process_(process),
      transport_(transport),
      runtime_(runtime),
      channel_(channel),
      options_(std::move(options)),
      events_(loop, transport, "kubelet", options_.node.name),
      objects_(transport),
      volumes_(make_volume_types(files, process, objects_)),
      images_(loop, runtime, objects_),
      registrar_(loop, files, transport, runtime, events_, options_.node,
                 [this](const std::vector<std::string>& pod_cidrs) {
                   if (options_.cni_conf_dir.empty()) return;
                   PodNetwork network = options_.network;
                   network.pod_cidrs = pod_cidrs;
                   (void)write_conflist(files_, options_.cni_conf_dir, network);
                 }),
      pods_(loop, random, transport, client::kind_of<core::v1::Pod>(), pods_on(options_.node.name)),
      scope_(loop) {}

NodeAgent::~NodeAgent() = default;

void NodeAgent::start() {
  registrar_.start();
  scope_.spawn(run());
}

rt::Task<void> NodeAgent::run() {
  co_await registrar_.wait_registered();
  const MachineFacts& machine = registrar_.machine();
  options_.pods.memory_bytes = machine.memory_bytes;
  options_.pods.allocatable = {Quantity::of(machine.cpus), Quantity::of(machine.memory_bytes, Quantity::Format::BinarySI)};
  if (options_.pods.host_resolv_conf.empty()) options_.pods.host_resolv_conf = files_.read("/etc/resolv.conf").value_or("");
  actions_ = std::make_unique<PodActions>(loop_, net_, files_, process_, runtime_, images_, volumes_, objects_, events_,
                                          options_.pods);
  pods_.start();
  co_await pods_.wait_synced();
  client::InformerHandlers handlers;
  handlers.added = [this](const model::DocumentPtr& now) { on_pod(now); };
  handlers.updated = [this](const model::DocumentPtr&, const model::DocumentPtr& now) { on_pod(now); };
  handlers.deleted = [this](const model::DocumentPtr& last) { on_pod_gone(last); };
  subscription_ = pods_.subscribe(std::move(handlers));
  container_events_ =
      std::make_unique<ContainerEvents>(loop_, channel_, [this](const ContainerEvent& event) { on_container(event); });
  // The safety net below the events: everything is looked at again now and then.
  for (;;) {
    co_await find_orphans();
    co_await rt::sleep(loop_, kRelistEvery);
    for (const auto& [uid, worker] : workers_) worker->wake();
  }
}

PodWorker& NodeAgent::worker_of(const std::string& uid) {
  std::unique_ptr<PodWorker>& worker = workers_[uid];
  if (!worker) {
    NodeFacts facts;
    if (!options_.node.internal_ip.empty()) facts.host_ips = {options_.node.internal_ip};
    worker = std::make_unique<PodWorker>(loop_, net_, runtime_, transport_, *actions_, std::move(facts), uid,
                                         [this, uid] { forget(uid); });
  }
  return *worker;
}

// Called by the worker's own task: it is destroyed when that has ended.
void NodeAgent::forget(std::string uid) { scope_.spawn(drop(std::move(uid))); }

rt::Task<void> NodeAgent::drop(std::string uid) {
  workers_.erase(uid);
  co_return;
}

void NodeAgent::on_pod(const model::DocumentPtr& document) {
  auto pod = document->as<core::v1::Pod>();
  if (pod->metadata.uid.empty()) return;
  // A pod that replaced another of its name: the watch may tell of no deletion in between.
  for (const auto& [uid, worker] : workers_) {
    const PodPtr& other = worker->pod();
    if (other && uid != pod->metadata.uid && other->metadata.name == pod->metadata.name &&
        other->metadata.namespace_ == pod->metadata.namespace_)
      worker->update(nullptr);
  }
  // What ended before we came needs no worker, unless it is to be removed.
  bool ended = pod->status.phase == "Succeeded" || pod->status.phase == "Failed";
  if (ended && !pod->metadata.deletionTimestamp && !workers_.contains(pod->metadata.uid) &&
      pod->status.containerStatuses.empty())
    return;
  worker_of(pod->metadata.uid).update(pod);
}

void NodeAgent::on_pod_gone(const model::DocumentPtr& document) {
  auto found = workers_.find(document->uid());
  if (found != workers_.end()) found->second->update(nullptr);
}

void NodeAgent::on_container(const ContainerEvent& event) {
  if (event.kind == ContainerEvent::Kind::Resync) {
    for (const auto& [uid, worker] : workers_) worker->wake();
    registrar_.wake();
    return;
  }
  // Our own starts are no news, nor that a process of a container ran out of memory: if it was the first, an exit follows.
  if (event.kind != ContainerEvent::Kind::Exited) return;
  for (const auto& [uid, worker] : workers_)
    if (worker->note_exit(event.container_id)) return;
  // Of a container that its worker has not seen yet.
  for (const auto& [uid, worker] : workers_) worker->note_unknown_exit(event.container_id);
}

void NodeAgent::remove_orphan(meta::v1::ObjectMeta pod) {
  // Names a directory that is removed.
  if (pod.uid.empty() || pod.uid.find('/') != std::string::npos || pod.uid.starts_with(".")) return;
  if (workers_.contains(pod.uid)) return;
  core::v1::Pod ghost;
  ghost.metadata = std::move(pod);
  worker_of(ghost.metadata.uid).remove_orphan(std::make_shared<const core::v1::Pod>(ghost));
}

// Those with directories here that no API object stands for: the agent died after the last of the runtime's part was removed.
std::vector<meta::v1::ObjectMeta> NodeAgent::abandoned_pods() const {
  std::set<std::string> uids;
  for (const std::string& root : {options_.pods.pods_dir, options_.pods.pods_memory_dir})
    if (auto names = files_.list(root)) uids.insert(names->begin(), names->end());
  if (uids.empty()) return {};
  for (const model::DocumentPtr& document : pods_.documents()) uids.erase(std::string(document->uid()));
  std::map<std::string, meta::v1::ObjectMeta> found;
  for (const std::string& uid : uids)
    if (!workers_.contains(uid)) found[uid].uid = uid;
  if (found.empty()) return {};
  // Their logs tell their names: <namespace>_<name>_<uid>.
  for (const std::string& folder : files_.list(options_.pods.log_root).value_or(std::vector<std::string>())) {
    const std::size_t first = folder.find('_'), last = folder.rfind('_');
    if (first == last) continue;
    auto pod = found.find(folder.substr(last + 1));
    if (pod == found.end()) continue;
    pod->second.namespace_ = folder.substr(0, first);
    pod->second.name = folder.substr(first + 1, last - first - 1);
  }
  std::vector<meta::v1::ObjectMeta> pods;
  for (auto& [uid, pod] : found) pods.push_back(std::move(pod));
  return pods;
}

rt::Task<void> NodeAgent::find_orphans() {
  auto sandboxes = co_await runtime_.list_sandboxes({});
  if (!sandboxes) co_return;
  for (const auto& sandbox : *sandboxes) {
    meta::v1::ObjectMeta pod;
    pod.uid = label(sandbox.labels, labels::kPodUid);
    pod.namespace_ = label(sandbox.labels, labels::kPodNamespace);
    pod.name = label(sandbox.labels, labels::kPodName);
    model::DocumentPtr known = pods_.document({pod.namespace_, pod.name});
    if (!known || known->uid() != pod.uid) remove_orphan(std::move(pod));
  }
  for (meta::v1::ObjectMeta& pod : abandoned_pods()) remove_orphan(std::move(pod));
}

std::vector<core::v1::Pod> NodeAgent::pods() const {
  std::vector<core::v1::Pod> out;
  for (const auto& [uid, worker] : workers_) {
    if (!worker->pod()) continue;
    out.push_back(*worker->pod());
    if (!worker->status().phase.empty()) out.back().status = worker->status();
  }
  return out;
}

const PodWorker* NodeAgent::find_worker(std::string_view ns, std::string_view name) const {
  for (const auto& [uid, worker] : workers_)
    if (const PodPtr& pod = worker->pod(); pod && pod->metadata.namespace_ == ns && pod->metadata.name == name)
      return worker.get();
  return nullptr;
}

PodPtr NodeAgent::find_pod(std::string_view ns, std::string_view name) const {
  const PodWorker* worker = find_worker(ns, name);
  return worker == nullptr ? nullptr : worker->pod();
}

const ObservedPod* NodeAgent::observed(std::string_view ns, std::string_view name) const {
  const PodWorker* worker = find_worker(ns, name);
  return worker == nullptr ? nullptr : &worker->observed();
}

const core::v1::PodStatus* NodeAgent::status(std::string_view ns, std::string_view name) const {
  const PodWorker* worker = find_worker(ns, name);
  return worker == nullptr ? nullptr : &worker->status();
}

}  // namespace charon::node

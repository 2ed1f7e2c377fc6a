#include "node/registration/node_object.h"

#include <algorithm>

namespace charon::node {
namespace {

constexpr std::int64_t kMemoryPressureBytes = 100ll << 20;  // the kubelet's eviction threshold memory.available<100Mi
constexpr double kDiskPressureShare = 0.10;                 // nodefs.available<10%

void set_condition(core::v1::NodeStatus& status, std::string type, bool value, std::string reason, std::string message, Time now) {
  core::v1::NodeCondition condition;
  condition.type = std::move(type);
  condition.status = value ? "True" : "False";
  condition.reason = std::move(reason);
  condition.message = std::move(message);
  condition.lastHeartbeatTime = now;
  condition.lastTransitionTime = now;
  for (auto& existing : status.conditions) {
    if (existing.type != condition.type) continue;
    if (existing.status == condition.status) condition.lastTransitionTime = existing.lastTransitionTime;
    existing = std::move(condition);
    return;
  }
  status.conditions.push_back(std::move(condition));
}

void conditions(core::v1::NodeStatus& status, const MachineFacts& machine, const RuntimeHealth& runtime, Time now) {
  bool memory = machine.memory_available_bytes > 0 && machine.memory_available_bytes < kMemoryPressureBytes;
  set_condition(status, "MemoryPressure", memory, memory ? "KubeletHasInsufficientMemory" : "KubeletHasSufficientMemory",
                memory ? "kubelet has insufficient memory available" : "kubelet has sufficient memory available", now);
  bool disk = machine.disk_bytes > 0 &&
              static_cast<double>(machine.disk_available_bytes) < kDiskPressureShare * static_cast<double>(machine.disk_bytes);
  set_condition(status, "DiskPressure", disk, disk ? "KubeletHasDiskPressure" : "KubeletHasNoDiskPressure",
                disk ? "kubelet has disk pressure" : "kubelet has no disk pressure", now);
  bool pids = machine.pids_max > 0 && machine.pids_used > machine.pids_max * 9 / 10;
  set_condition(status, "PIDPressure", pids, pids ? "KubeletHasInsufficientPID" : "KubeletHasSufficientPID",
                pids ? "kubelet has insufficient PID available" : "kubelet has sufficient PID available", now);
  bool ready = runtime.answers && runtime.not_ready.empty();
  std::string why = runtime.answers ? runtime.not_ready : "container runtime is down";
  set_condition(status, "Ready", ready, ready ? "KubeletReady" : "KubeletNotReady",
                ready ? "kubelet is posting ready status" : why, now);
}

void well_known_labels(core::v1::Node& node, const NodeOptions& options, const MachineFacts& machine) {
  for (const auto& [key, value] : options.labels) node.metadata.labels[key] = value;
  node.metadata.labels["kubernetes.io/hostname"] = options.name;
  for (const char* prefix : {"kubernetes.io/", "beta.kubernetes.io/"}) {
    node.metadata.labels[std::string(prefix) + "os"] = "linux";
    node.metadata.labels[std::string(prefix) + "arch"] = machine.architecture;
  }
}

}  // namespace

core::v1::Node updated_node(const core::v1::Node& before, const NodeOptions& options, const MachineFacts& machine,
                            const RuntimeHealth& runtime, Time now) {
  now.nanos = 0;
  core::v1::Node node = before;
  well_known_labels(node, options, machine);
  core::v1::NodeStatus& status = node.status;
  std::map<std::string, Quantity, std::less<>> capacity;
  capacity["cpu"] = Quantity::of(machine.cpus);
  capacity["memory"] = Quantity::of(machine.memory_bytes / 1024 * 1024, Quantity::Format::BinarySI);
  capacity["ephemeral-storage"] = Quantity::of(machine.disk_bytes / 1024 * 1024, Quantity::Format::BinarySI);
  capacity["pods"] = Quantity::of(options.max_pods);
  for (const char* page : {"hugepages-1Gi", "hugepages-2Mi"}) capacity[page] = Quantity::of(0);
  // Resources of others (device plugins) stay.
  for (const auto& [name, amount] : capacity) {
    status.capacity[name] = amount;
    status.allocatable[name] = amount;
  }
  status.allocatable["memory"] =
      Quantity::of(std::max<std::int64_t>(machine.memory_bytes - kMemoryPressureBytes, 0) / 1024 * 1024, Quantity::Format::BinarySI);
  status.allocatable["ephemeral-storage"] = Quantity::of(machine.disk_bytes / 10 * 9);
  status.addresses.clear();
  if (!options.internal_ip.empty()) status.addresses.push_back({.type = "InternalIP", .address = options.internal_ip});
  status.addresses.push_back({.type = "Hostname", .address = options.name});
  status.daemonEndpoints.kubeletEndpoint.Port = options.api_port;
  core::v1::NodeSystemInfo& info = status.nodeInfo;
  info.machineID = machine.machine_id;
  info.systemUUID = machine.system_uuid;
  info.bootID = machine.boot_id;
  info.kernelVersion = machine.kernel_version;
  info.osImage = machine.os_image;
  if (!runtime.version.empty()) info.containerRuntimeVersion = runtime.version;
  info.kubeletVersion = options.version;
  info.kubeProxyVersion = "";  // reported no more (KEP-4004)
  info.operatingSystem = "linux";
  info.architecture = machine.architecture;
  conditions(status, machine, runtime, now);
  return node;
}

core::v1::Node new_node(const NodeOptions& options, const MachineFacts& machine, const RuntimeHealth& runtime, Time now) {
  core::v1::Node node;
  node.metadata.name = options.name;
  node.spec.taints = options.taints;
  if (!options.pod_cidr.empty()) {
    node.spec.podCIDR = options.pod_cidr;
    node.spec.podCIDRs = {options.pod_cidr};
  }
  return updated_node(node, options, machine, runtime, now);
}

bool node_changed(const core::v1::Node& before, const core::v1::Node& after) {
  core::v1::Node left = before;
  core::v1::Node right = after;
  for (core::v1::Node* node : {&left, &right})
    for (auto& condition : node->status.conditions) condition.lastHeartbeatTime = Time();
  return left.metadata.labels != right.metadata.labels || left.status != right.status;
}

}  // namespace charon::node

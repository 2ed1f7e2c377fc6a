// Short ways to write pods and nodes in this module's tests and benchmarks.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/core/v1/types.h"
#include "scheduler/pod_info.h"

namespace charon::scheduler::testing {

using core::v1::Node;
using core::v1::Pod;

inline Quantity quantity(const std::string& text) { return Quantity::parse(text).value(); }

struct NodeSpecification {
  std::string cpu = "4";
  std::string memory = "8Gi";
  std::string pods = "110";
  LabelMap labels = {};
  std::vector<core::v1::Taint> taints = {};
  bool unschedulable = false;
  ResourceList extended = {};
};

inline std::shared_ptr<Node> make_node(const std::string& name, const NodeSpecification& with = {}) {
  auto node = std::make_shared<Node>();
  node->metadata.name = name;
  node->metadata.labels = with.labels;
  node->metadata.labels.try_emplace("kubernetes.io/hostname", name);
  node->spec.taints = with.taints;
  node->spec.unschedulable = with.unschedulable;
  node->status.allocatable = with.extended;
  node->status.allocatable["cpu"] = quantity(with.cpu);
  node->status.allocatable["memory"] = quantity(with.memory);
  node->status.allocatable["pods"] = quantity(with.pods);
  return node;
}

inline core::v1::Taint taint(const std::string& key, const std::string& value, const std::string& effect) {
  core::v1::Taint out;
  out.key = key;
  out.value = value;
  out.effect = effect;
  return out;
}

inline core::v1::Toleration toleration(const std::string& key, const std::string& op, const std::string& value,
                                       const std::string& effect) {
  core::v1::Toleration out;
  out.key = key;
  out.operator_ = op;
  out.value = value;
  out.effect = effect;
  return out;
}

// A pod of namespace "default" with one container; its uid is its name.
inline Pod make_pod(const std::string& name, const std::string& cpu = "", const std::string& memory = "") {
  Pod pod;
  pod.metadata.name = name;
  pod.metadata.namespace_ = "default";
  pod.metadata.uid = name;
  pod.spec.schedulerName = "default-scheduler";
  auto& container = pod.spec.containers.emplace_back();
  container.name = "main";
  container.image = "web";
  if (!cpu.empty()) container.resources.requests["cpu"] = quantity(cpu);
  if (!memory.empty()) container.resources.requests["memory"] = quantity(memory);
  return pod;
}

inline PodInfoPtr info(Pod pod) { return std::make_shared<const PodInfo>(std::make_shared<const Pod>(std::move(pod))); }

inline Pod on_node(Pod pod, const std::string& node) {
  pod.spec.nodeName = node;
  return pod;
}

inline meta::v1::LabelSelector label_selector(const LabelMap& labels) {
  meta::v1::LabelSelector out;
  out.matchLabels = labels;
  return out;
}

inline core::v1::PodAffinityTerm affinity_term(const LabelMap& labels, const std::string& topology_key) {
  core::v1::PodAffinityTerm out;
  out.labelSelector = label_selector(labels);
  out.topologyKey = topology_key;
  return out;
}

inline core::v1::TopologySpreadConstraint spread(const std::string& key, int max_skew, const std::string& otherwise,
                                                 const LabelMap& labels) {
  core::v1::TopologySpreadConstraint out;
  out.topologyKey = key;
  out.maxSkew = max_skew;
  out.whenUnsatisfiable = otherwise;
  out.labelSelector = label_selector(labels);
  return out;
}

inline core::v1::NodeSelectorRequirement requirement(const std::string& key, const std::string& op,
                                                     std::vector<std::string> values) {
  core::v1::NodeSelectorRequirement out;
  out.key = key;
  out.operator_ = op;
  out.values = std::move(values);
  return out;
}

inline void require_nodes(Pod& pod, std::vector<core::v1::NodeSelectorTerm> terms) {
  if (!pod.spec.affinity) pod.spec.affinity.emplace();
  auto& affinity = *pod.spec.affinity;
  if (!affinity.nodeAffinity) affinity.nodeAffinity.emplace();
  affinity.nodeAffinity->requiredDuringSchedulingIgnoredDuringExecution.emplace().nodeSelectorTerms = std::move(terms);
}

inline core::v1::PodAntiAffinity& anti_affinity(Pod& pod) {
  if (!pod.spec.affinity) pod.spec.affinity.emplace();
  if (!pod.spec.affinity->podAntiAffinity) pod.spec.affinity->podAntiAffinity.emplace();
  return *pod.spec.affinity->podAntiAffinity;
}

inline core::v1::PodAffinity& affinity(Pod& pod) {
  if (!pod.spec.affinity) pod.spec.affinity.emplace();
  if (!pod.spec.affinity->podAffinity) pod.spec.affinity->podAffinity.emplace();
  return *pod.spec.affinity->podAffinity;
}

}  // namespace charon::scheduler::testing

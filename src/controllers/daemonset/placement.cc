#include "controllers/daemonset/placement.h"

#include <algorithm>
#include <string_view>

#include "model/tolerations.h"

namespace charon::controllers::daemonset {
namespace {

using core::v1::Node;
using core::v1::PodSpec;
using core::v1::Taint;
using core::v1::Toleration;

constexpr std::string_view kNodeNameField = "metadata.name";

struct Tolerated {
  std::string_view taint;
  std::string_view effect;
};
constexpr Tolerated kTolerated[] = {
    {"node.kubernetes.io/not-ready", "NoExecute"},      {"node.kubernetes.io/unreachable", "NoExecute"},
    {"node.kubernetes.io/disk-pressure", "NoSchedule"}, {"node.kubernetes.io/memory-pressure", "NoSchedule"},
    {"node.kubernetes.io/pid-pressure", "NoSchedule"},  {"node.kubernetes.io/unschedulable", "NoSchedule"},
};
constexpr Tolerated kToleratedOnHostNetwork = {"node.kubernetes.io/network-unavailable", "NoSchedule"};

void add_toleration(PodSpec& spec, const Tolerated& tolerated) {
  Toleration toleration;
  toleration.key = tolerated.taint;
  toleration.operator_ = "Exists";
  toleration.effect = tolerated.effect;
  // The template may have the same for some seconds only; a daemon stays.
  const auto same = std::ranges::find_if(spec.tolerations, [&](const Toleration& given) {
    return given.key == toleration.key && given.effect == toleration.effect && given.operator_ == toleration.operator_ &&
           given.value.empty();
  });
  if (same != spec.tolerations.end()) {
    *same = std::move(toleration);
  } else {
    spec.tolerations.push_back(std::move(toleration));
  }
}

}  // namespace

Placement::Placement(const apps::v1::DaemonSet& set)
    : node_name_(set.spec.template_.spec.nodeName), affinity_(set.spec.template_.spec) {
  PodSpec spec;
  spec.hostNetwork = set.spec.template_.spec.hostNetwork;
  spec.tolerations = set.spec.template_.spec.tolerations;
  add_daemon_tolerations(spec);
  tolerations_ = std::move(spec.tolerations);
}

Fit Placement::on(const Node& node) const {
  if (!node_name_.empty() && node_name_ != node.metadata.name) return Fit::Leave;
  if (!affinity_.matches(node.metadata.name, node.metadata.labels)) return Fit::Leave;
  if (model::untolerated_taint(node, tolerations_) == nullptr) return Fit::Run;
  const bool evicted = std::ranges::any_of(node.spec.taints, [&](const Taint& taint) {
    return taint.effect == "NoExecute" && !model::tolerates(tolerations_, taint);
  });
  return evicted ? Fit::Leave : Fit::Stay;
}

void add_daemon_tolerations(PodSpec& spec) {
  for (const Tolerated& tolerated : kTolerated) add_toleration(spec, tolerated);
  if (spec.hostNetwork) add_toleration(spec, kToleratedOnHostNetwork);
}

void pin_to_node(PodSpec& spec, const std::string& node) {
  if (!spec.affinity) spec.affinity.emplace();
  if (!spec.affinity->nodeAffinity) spec.affinity->nodeAffinity.emplace();
  core::v1::NodeSelector& required = spec.affinity->nodeAffinity->requiredDuringSchedulingIgnoredDuringExecution.emplace();
  core::v1::NodeSelectorRequirement& field = required.nodeSelectorTerms.emplace_back().matchFields.emplace_back();
  field.key = kNodeNameField;
  field.operator_ = "In";
  field.values = {node};
}

std::string target_node(const core::v1::Pod& pod) {
  if (!pod.spec.nodeName.empty()) return pod.spec.nodeName;
  if (!pod.spec.affinity || !pod.spec.affinity->nodeAffinity) return {};
  const auto& required = pod.spec.affinity->nodeAffinity->requiredDuringSchedulingIgnoredDuringExecution;
  if (!required) return {};
  for (const auto& term : required->nodeSelectorTerms)
    for (const auto& field : term.matchFields)
      if (field.key == kNodeNameField && field.operator_ == "In" && field.values.size() == 1) return field.values.front();
  return {};
}

}  // namespace charon::controllers::daemonset

#include "scheduler/pod_info.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace charon::scheduler {

namespace {

// A selector that cannot be read selects nothing.
model::LabelSelector term_labels(const core::v1::PodAffinityTerm& term, const LabelMap& owner_labels) {
  if (!term.labelSelector) return model::LabelSelector::nothing();
  std::vector<model::LabelExpression> expressions;
  for (const auto& expression : term.labelSelector->matchExpressions)
    expressions.push_back({expression.key, expression.operator_, expression.values});
  auto add = [&](const std::vector<std::string>& keys, const char* op) {
    for (const std::string& key : keys)
      if (auto value = owner_labels.find(key); value != owner_labels.end()) expressions.push_back({key, op, {value->second}});
  };
  add(term.matchLabelKeys, "In");
  add(term.mismatchLabelKeys, "NotIn");
  return model::LabelSelector::of(term.labelSelector->matchLabels, expressions).value_or(model::LabelSelector::nothing());
}

void add_terms(PodTerms& out, const auto& affinity, const core::v1::Pod& pod) {
  if (!affinity) return;
  const auto& [ns, labels] = std::tie(pod.metadata.namespace_, pod.metadata.labels);
  for (const auto& term : affinity->requiredDuringSchedulingIgnoredDuringExecution)
    out.required.push_back({PodSelector(term, ns, labels), term.topologyKey, 0});
  for (const auto& weighted : affinity->preferredDuringSchedulingIgnoredDuringExecution) {
    const auto& term = weighted.podAffinityTerm;
    out.preferred.push_back({PodSelector(term, ns, labels), term.topologyKey, weighted.weight});
  }
}

// "web" is "web:latest".
std::string with_tag(const std::string& image) {
  std::size_t colon = image.rfind(':');
  std::size_t slash = image.rfind('/');
  bool tagged = colon != std::string::npos && (slash == std::string::npos || colon > slash);
  return tagged ? image : image + ":latest";
}

void add_disks(const core::v1::VolumeSource& source, std::vector<SharedDisk>& disks) {
  if (source.gcePersistentDisk)
    disks.push_back({"gce-pd/" + source.gcePersistentDisk->pdName, source.gcePersistentDisk->readOnly});
  // Attached to one machine at a time, whatever is done with it.
  if (source.awsElasticBlockStore) disks.push_back({"aws-ebs/" + source.awsElasticBlockStore->volumeID, false});
  if (source.iscsi) disks.push_back({"iscsi/" + source.iscsi->iqn, source.iscsi->readOnly});
  // The same image reached by one monitor in common is the same disk.
  if (source.rbd)
    for (const std::string& monitor : source.rbd->monitors)
      disks.push_back({"rbd/" + source.rbd->pool + "/" + source.rbd->image + "/" + monitor, source.rbd->readOnly});
}

}  // namespace

PodSelector::PodSelector(std::string ns, model::LabelSelector labels, Terminating terminating)
    : namespaces_{std::move(ns)}, labels_(std::move(labels)), terminating_(terminating) {
  write_text();
}

PodSelector::PodSelector(const core::v1::PodAffinityTerm& term, const std::string& owner_ns, const LabelMap& owner_labels)
    : namespaces_(term.namespaces), labels_(term_labels(term, owner_labels)), terminating_(Terminating::Counted) {
  if (namespaces_.empty() && !term.namespaceSelector) namespaces_ = {owner_ns};
  std::ranges::sort(namespaces_);
  if (term.namespaceSelector)
    namespaces_by_label_ = model::LabelSelector::of(*term.namespaceSelector).value_or(model::LabelSelector::nothing());
  write_text();
}

PodSelector PodSelector::both(const PodSelector& left, const PodSelector& right) {
  PodSelector out = right;
  out.also_ = std::make_shared<const PodSelector>(left);
  out.text_ += " & " + left.text_;
  return out;
}

bool PodSelector::depends_on_namespace_labels() const {
  return (namespaces_by_label_ && !namespaces_by_label_->empty()) || (also_ && also_->depends_on_namespace_labels());
}

void PodSelector::write_text() {
  for (const std::string& ns : namespaces_) text_ += ns + ",";
  text_ += '|';
  if (namespaces_by_label_) text_ += namespaces_by_label_->matches_nothing() ? "!" : "{" + namespaces_by_label_->text() + "}";
  text_ += terminating_ == Terminating::Counted ? "|+|" : "|-|";
  text_ += labels_.matches_nothing() ? "!" : labels_.text();
}

bool PodSelector::matches(const core::v1::Pod& pod, const LabelMap& namespace_labels) const {
  if (terminating_ == Terminating::Ignored && pod.metadata.deletionTimestamp) return false;
  bool near = std::ranges::binary_search(namespaces_, pod.metadata.namespace_) ||
              (namespaces_by_label_ && namespaces_by_label_->matches(namespace_labels));
  return near && labels_.matches(pod.metadata.labels) && (!also_ || also_->matches(pod, namespace_labels));
}

PodInfo::PodInfo(std::shared_ptr<const core::v1::Pod> source)
    : pod(std::move(source)), requests(pod_requests(*pod)), node_affinity(pod->spec) {
  importance.priority = pod->spec.priority.value_or(0);
  importance.start = pod->status.startTime.value_or(Time{.seconds = std::numeric_limits<std::int64_t>::max()});
  Resources scoring = pod_requests_for_scoring(*pod);
  scoring_milli_cpu = scoring.milli_cpu;
  scoring_memory_bytes = scoring.memory_bytes;
  auto add_ports = [&](const core::v1::Container& container) {
    for (const auto& port : container.ports)
      if (port.hostPort > 0)
        host_ports.push_back(
            {port.hostIP.empty() ? "0.0.0.0" : port.hostIP, port.protocol.empty() ? "TCP" : port.protocol, port.hostPort});
  };
  for (const auto& container : pod->spec.containers) add_ports(container);
  for (const auto& container : pod->spec.initContainers) images.push_back(with_tag(container.image));
  for (const auto& container : pod->spec.containers) images.push_back(with_tag(container.image));
  for (const auto& volume : pod->spec.volumes) {
    const core::v1::VolumeSource& source = volume.volumeSource;
    if (source.persistentVolumeClaim) claims.push_back({source.persistentVolumeClaim->claimName, false});
    if (source.ephemeral) claims.push_back({pod->metadata.name + "-" + volume.name, true});
    add_disks(source, disks);
  }
  for (const auto& container : pod->spec.initContainers)
    if (container.restartPolicy == "Always") add_ports(container);
  if (!pod->spec.affinity) return;
  const auto& all = *pod->spec.affinity;
  if (all.nodeAffinity)
    for (const auto& preferred : all.nodeAffinity->preferredDuringSchedulingIgnoredDuringExecution)
      preferred_nodes.push_back({NodeTerm(preferred.preference), preferred.weight});
  add_terms(affinity, all.podAffinity, *pod);
  add_terms(anti_affinity, all.podAntiAffinity, *pod);
}

}  // namespace charon::scheduler

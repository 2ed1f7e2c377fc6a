// PodInfo: what the scheduler needs of a pod, worked out once. Immutable and shared by queue, snapshot and plugins.
//
// Sources: KEP-895 (topology spread), KEP-2249 (namespace selector), KEP-3633 (match label keys), core/v1 PodAffinityTerm.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/v1/types.h"
#include "model/node_selector.h"
#include "model/selector.h"
#include "scheduler/resources.h"

namespace charon::scheduler {

using model::LabelMap;
using model::NodeTerm;
using model::RequiredNodeAffinity;

struct HostPort {
  std::string ip;        // "0.0.0.0": every address
  std::string protocol;  // "TCP"
  std::int32_t port = 0;
  bool operator==(const HostPort&) const = default;
  // Both want the same port of the same address.
  bool conflicts(const HostPort& other) const {
    return port == other.port && protocol == other.protocol && (ip == other.ip || ip == "0.0.0.0" || other.ip == "0.0.0.0");
  }
};

// A network disk that a pod names directly. Pods of one node share it only when all of them just read it.
struct SharedDisk {
  std::string id;  // "gce-pd/data"
  bool read_only = false;
  bool operator==(const SharedDisk&) const = default;
  bool conflicts(const SharedDisk& other) const { return id == other.id && !(read_only && other.read_only); }
};

// A claim that a pod's volume stands for.
struct ClaimUse {
  std::string name;
  bool ephemeral = false;  // made for this pod, which owns it
};

// A set of pods, by namespace and labels. Two with the same text() are the same set.
class PodSelector {
 public:
  enum class Terminating : std::uint8_t { Counted, Ignored };

  // Pods of one namespace.
  PodSelector(std::string ns, model::LabelSelector labels, Terminating terminating);
  // Pods that a term of `owner_ns`'s pod means: its namespaces, those its namespaceSelector matches, or its own.
  PodSelector(const core::v1::PodAffinityTerm& term, const std::string& owner_ns, const LabelMap& owner_labels);

  // The pods that are in `left` and in `right`.
  static PodSelector both(const PodSelector& left, const PodSelector& right);

  bool matches(const core::v1::Pod& pod, const LabelMap& namespace_labels) const;
  const std::string& text() const { return text_; }
  const model::LabelSelector& labels() const { return labels_; }
  bool depends_on_namespace_labels() const;

 private:
  void write_text();

  std::vector<std::string> namespaces_;  // sorted
  std::optional<model::LabelSelector> namespaces_by_label_;
  model::LabelSelector labels_;
  Terminating terminating_;
  std::shared_ptr<const PodSelector> also_;
  std::string text_;
};

// "Near (or far from) those pods", where near is the same value of a node label.
struct PodTerm {
  PodSelector pods;
  std::string topology_key;
  std::int32_t weight = 0;  // of preferred terms
};

struct PodTerms {
  std::vector<PodTerm> required;
  std::vector<PodTerm> preferred;
  bool empty() const { return required.empty() && preferred.empty(); }
};

struct PreferredNodes {
  NodeTerm term;
  std::int32_t weight;
};

// What decides between pods when not all can stay.
struct Importance {
  std::int32_t priority = 0;
  Time start;  // those that have not started count as the youngest
};

struct PodInfo {
  explicit PodInfo(std::shared_ptr<const core::v1::Pod> source);

  std::shared_ptr<const core::v1::Pod> pod;
  Importance importance;
  Resources requests;
  std::int64_t scoring_milli_cpu = 0;
  std::int64_t scoring_memory_bytes = 0;
  std::vector<HostPort> host_ports;
  std::vector<std::string> images;  // of all containers, each with a tag or digest, as nodes report them
  std::vector<ClaimUse> claims;
  std::vector<SharedDisk> disks;
  RequiredNodeAffinity node_affinity;
  std::vector<PreferredNodes> preferred_nodes;
  PodTerms affinity;
  PodTerms anti_affinity;

  const std::string& uid() const { return pod->metadata.uid; }
  const std::string& ns() const { return pod->metadata.namespace_; }
  const std::string& name() const { return pod->metadata.name; }
  const LabelMap& labels() const { return pod->metadata.labels; }
  std::int32_t priority() const { return importance.priority; }
  // The key of one of its claims: "namespace/name".
  std::string claim_key(const ClaimUse& claim) const { return ns() + "/" + claim.name; }
  bool terminating() const { return pod->metadata.deletionTimestamp.has_value(); }
  bool gated() const { return !pod->spec.schedulingGates.empty(); }
  // Succeeded or Failed: it occupies nothing any more.
  bool finished() const { return pod->status.phase == "Succeeded" || pod->status.phase == "Failed"; }
};

using PodInfoPtr = std::shared_ptr<const PodInfo>;

}  // namespace charon::scheduler

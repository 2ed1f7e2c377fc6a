// Storage: volumes, claims, storage classes and what nodes can attach, as far as they decide where pods can run.
//
// Claims are known by "namespace/name". A volume may be promised to a claim before the server says so, as pods are assumed on
// nodes: nobody else is offered it meanwhile.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "api/core/v1/types.h"
#include "api/storage/v1/types.h"
#include "model/node_selector.h"
#include "model/selector.h"

namespace charon::scheduler {

using model::LabelMap;
using model::NodeTerm;

inline constexpr std::string_view kBindCompleted = "pv.kubernetes.io/bind-completed";
inline constexpr std::string_view kBoundByController = "pv.kubernetes.io/bound-by-controller";
inline constexpr std::string_view kSelectedNode = "volume.kubernetes.io/selected-node";

using Claim = core::v1::PersistentVolumeClaim;
using StorageClass = storage::v1::StorageClass;

struct VolumeInfo {
  explicit VolumeInfo(std::shared_ptr<const core::v1::PersistentVolume> source);

  std::shared_ptr<const core::v1::PersistentVolume> volume;
  std::int64_t size_bytes = 0;
  std::optional<std::vector<model::NodeTerm>> reachable;  // absent: from everywhere

  const std::string& name() const { return volume->metadata.name; }
  bool reachable_from(std::string_view node, const LabelMap& labels) const;
  // Nobody has it or waits for it.
  bool available() const;
};

// The class a claim asks for; "" for none.
std::string class_of(const Claim& claim);
// The two sides agree on each other (the claim's bind-completed annotation).
bool fully_bound(const Claim& claim);
std::int64_t requested_bytes(const Claim& claim);

class Storage {
 public:
  // --- Changes ---
  void set_claim(std::shared_ptr<const Claim> claim);
  void remove_claim(const std::string& key) { claims_.erase(key); }
  void set_volume(std::shared_ptr<const core::v1::PersistentVolume> volume);
  void remove_volume(const std::string& name);
  void set_class(std::shared_ptr<const StorageClass> storage_class);
  void remove_class(const std::string& name) { classes_.erase(name); }
  void set_csi_node(std::shared_ptr<const storage::v1::CSINode> node);
  void remove_csi_node(const std::string& name) { csi_nodes_.erase(name); }
  // A placed pod uses the claim (+1), or no more (-1).
  void use(const std::string& claim, std::int32_t sign);
  // The claim is to have the volume, or one that is made for the node. `withdraw` takes either back.
  void promise(const std::string& claim, const std::string& volume);
  void promise_on(const std::string& claim, const std::string& node) { selected_[claim] = node; }
  void withdraw(const std::string& claim);

  // --- State ---
  const Claim* claim(const std::string& key) const;
  const VolumeInfo* volume(const std::string& name) const;
  const StorageClass* storage_class(const std::string& name) const;
  // The node for which a volume is being made for the claim; null when there is none.
  const std::string* selected_node(const Claim& claim) const;
  // Placed pods that use the claim.
  std::int32_t users(const std::string& claim) const;
  // How many volumes of the driver the node takes; absent when it does not say.
  std::optional<std::int64_t> attach_limit(const std::string& node, std::string_view driver) const;
  bool has_attach_limits() const { return !csi_nodes_.empty(); }

  // The smallest volume that the claim can have on the node and that is in no `taken`: the one that is reserved for it, or an
  // available one of its class. Null when there is none. `selector` is the claim's own.
  const VolumeInfo* find_volume(const Claim& claim, const model::LabelSelector& selector, std::string_view node,
                                const LabelMap& node_labels, const std::set<std::string>& taken) const;

 private:
  using BySize = std::set<std::pair<std::int64_t, std::string>>;

  std::unordered_map<std::string, std::shared_ptr<const Claim>> claims_;
  std::unordered_map<std::string, std::unique_ptr<VolumeInfo>> volumes_;
  std::map<std::string, BySize> available_;         // by class
  std::map<std::string, std::string> reserved_;     // volumes by the claim that they name and that is not theirs yet
  std::map<std::string, std::string> promised_;     // volumes by claim
  std::map<std::string, std::string> promised_to_;  // claims by volume
  std::map<std::string, std::string> selected_;     // nodes by claim
  std::map<std::string, std::shared_ptr<const StorageClass>> classes_;
  std::unordered_map<std::string, std::shared_ptr<const storage::v1::CSINode>> csi_nodes_;
  std::unordered_map<std::string, std::int32_t> users_;
};

}  // namespace charon::scheduler

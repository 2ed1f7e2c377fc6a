#include "scheduler/plugin_args.h"

#include <algorithm>

#include "codec/tree.h"
#include "schema/convert.h"

namespace charon::scheduler {

namespace {

std::unexpected<Error> wrong(std::string_view field, std::string_view why) {
  return fail(Reason::BadRequest, std::string(field) + ": " + std::string(why));
}

Result<std::int64_t> number(const codec::Value& object, std::string_view field, std::int64_t otherwise, std::int64_t least,
                            std::int64_t most) {
  const codec::Value* there = codec::find(object, field);
  if (there == nullptr || there->is_null()) return otherwise;
  auto value = codec::int_at(object, field);
  if (!value || *value < least || *value > most)
    return wrong(field, "must be a number from " + std::to_string(least) + " to " + std::to_string(most));
  return *value;
}

Result<std::vector<std::string>> texts(const codec::Value& object, std::string_view field) {
  std::vector<std::string> out;
  const codec::Value* list = codec::find(object, field);
  if (list == nullptr || list->is_null()) return out;
  if (!list->is_array()) return wrong(field, "must be a list");
  for (const codec::Value& entry : list->get_array()) {
    if (!entry.is_string()) return wrong(field, "must be a list of texts");
    out.emplace_back(codec::view(entry.get_string()));
  }
  return out;
}

Result<std::vector<WeightedResource>> resources(const codec::Value& object, std::int64_t most) {
  std::vector<WeightedResource> out;
  const codec::Value* list = codec::find(object, "resources");
  if (list == nullptr || list->is_null()) return std::vector<WeightedResource>{{"cpu", 1}, {"memory", 1}};
  if (!list->is_array()) return wrong("resources", "must be a list");
  for (const codec::Value& entry : list->get_array()) {
    TRY(expect_members(entry, {"name", "weight"}));
    std::string name(codec::string_at(entry, "name"));
    if (name.empty()) return wrong("resources[].name", "is required");
    TRY_ASSIGN(std::int64_t weight, number(entry, "weight", 1, 1, most));
    out.push_back({std::move(name), weight});
  }
  if (out.empty()) return wrong("resources", "at least one is required");
  return out;
}

Result<std::vector<NodeResourcesFitArgs::ShapePoint>> shape(const codec::Value& strategy) {
  const codec::Value* list = codec::find_path(strategy, {"requestedToCapacityRatio", "shape"});
  if (list == nullptr || !list->is_array() || list->get_array().empty())
    return wrong("requestedToCapacityRatio.shape", "at least one point is required");
  std::vector<NodeResourcesFitArgs::ShapePoint> out;
  for (const codec::Value& entry : list->get_array()) {
    TRY(expect_members(entry, {"utilization", "score"}));
    TRY_ASSIGN(std::int64_t utilization, number(entry, "utilization", 0, 0, 100));
    TRY_ASSIGN(std::int64_t score, number(entry, "score", 0, 0, 10));
    if (!out.empty() && utilization <= out.back().utilization)
      return wrong("requestedToCapacityRatio.shape", "utilization values must be sorted in increasing order");
    out.push_back({utilization, score});
  }
  return out;
}

template <class T>
Result<T> convert(const codec::Value& tree, std::string_view field) {
  auto out = schema::from_tree<T>(tree);
  if (!out) return fail_with(field, std::move(out.error()));
  return *std::move(out);
}

}  // namespace

Result<void> expect_members(const codec::Value& object, const std::vector<std::string_view>& known) {
  if (!object.is_object()) return fail(Reason::BadRequest, "must be an object");
  for (const auto& member : object.get_object()) {
    std::string_view name(member.key().data(), member.key().size());
    if (name == "apiVersion" || name == "kind") continue;
    if (std::ranges::find(known, name) == known.end()) return wrong(name, "is unknown");
  }
  return {};
}

Result<NodeResourcesFitArgs> read_node_resources_fit_args(const codec::Value& args) {
  TRY(expect_members(args, {"ignoredResources", "ignoredResourceGroups", "scoringStrategy"}));
  NodeResourcesFitArgs out;
  TRY_ASSIGN(out.ignored_resources, texts(args, "ignoredResources"));
  TRY_ASSIGN(out.ignored_resource_groups, texts(args, "ignoredResourceGroups"));
  const codec::Value* strategy = codec::find(args, "scoringStrategy");
  if (strategy == nullptr || strategy->is_null()) return out;
  TRY(expect_members(*strategy, {"type", "resources", "requestedToCapacityRatio"}));
  std::string_view type = codec::string_at(*strategy, "type");
  using Strategy = NodeResourcesFitArgs::Strategy;
  if (type.empty() || type == "LeastAllocated")
    out.strategy = Strategy::LeastAllocated;
  else if (type == "MostAllocated")
    out.strategy = Strategy::MostAllocated;
  else if (type == "RequestedToCapacityRatio")
    out.strategy = Strategy::RequestedToCapacityRatio;
  else
    return wrong("scoringStrategy.type", "must be LeastAllocated, MostAllocated or RequestedToCapacityRatio");
  TRY_ASSIGN(out.resources, resources(*strategy, 100));
  if (out.strategy == Strategy::RequestedToCapacityRatio) {
    TRY_ASSIGN(out.shape, shape(*strategy));
  }
  return out;
}

Result<std::vector<std::string>> read_balanced_allocation_args(const codec::Value& args) {
  TRY(expect_members(args, {"resources"}));
  // Balance knows no weights.
  TRY_ASSIGN(std::vector<WeightedResource> weighted, resources(args, 1));
  std::vector<std::string> out;
  for (WeightedResource& resource : weighted) out.push_back(std::move(resource.name));
  return out;
}

Result<InterPodAffinityArgs> read_inter_pod_affinity_args(const codec::Value& args) {
  TRY(expect_members(args, {"hardPodAffinityWeight", "ignorePreferredTermsOfExistingPods"}));
  InterPodAffinityArgs out;
  TRY_ASSIGN(out.hard_pod_affinity_weight, number(args, "hardPodAffinityWeight", 1, 0, 100));
  out.ignore_preferred_terms_of_existing_pods = codec::bool_at(args, "ignorePreferredTermsOfExistingPods").value_or(false);
  return out;
}

Result<core::v1::NodeAffinity> read_node_affinity_args(const codec::Value& args) {
  TRY(expect_members(args, {"addedAffinity"}));
  const codec::Value* added = codec::find(args, "addedAffinity");
  if (added == nullptr || added->is_null()) return core::v1::NodeAffinity{};
  return convert<core::v1::NodeAffinity>(*added, "addedAffinity");
}

Result<PodTopologySpreadArgs> read_pod_topology_spread_args(const codec::Value& args) {
  TRY(expect_members(args, {"defaultConstraints", "defaultingType"}));
  PodTopologySpreadArgs out;
  std::string_view type = codec::string_at(args, "defaultingType");
  if (type == "List")
    out.defaults = PodTopologySpreadArgs::Defaults::List;
  else if (!type.empty() && type != "System")
    return wrong("defaultingType", "must be List or System");
  const codec::Value* list = codec::find(args, "defaultConstraints");
  if (list == nullptr || list->is_null()) return out;
  if (!list->is_array()) return wrong("defaultConstraints", "must be a list");
  for (const codec::Value& entry : list->get_array()) {
    TRY_ASSIGN(auto constraint, convert<core::v1::TopologySpreadConstraint>(entry, "defaultConstraints"));
    if (constraint.labelSelector) return wrong("defaultConstraints[].labelSelector", "constraint must not define a selector");
    if (constraint.topologyKey.empty()) return wrong("defaultConstraints[].topologyKey", "is required");
    if (constraint.maxSkew <= 0) return wrong("defaultConstraints[].maxSkew", "must be more than 0");
    out.list.push_back(std::move(constraint));
  }
  if (!out.list.empty() && out.defaults == PodTopologySpreadArgs::Defaults::System)
    return wrong("defaultingType", "must be List when defaultConstraints are given");
  return out;
}

Result<PreemptionSettings> read_default_preemption_args(const codec::Value& args) {
  TRY(expect_members(args, {"minCandidateNodesPercentage", "minCandidateNodesAbsolute"}));
  PreemptionSettings out;
  TRY_ASSIGN(out.min_candidates_percentage, number(args, "minCandidateNodesPercentage", 10, 0, 100));
  TRY_ASSIGN(out.min_candidates, number(args, "minCandidateNodesAbsolute", 100, 0, 1'000'000'000));
  if (out.min_candidates_percentage == 0 && out.min_candidates == 0)
    return wrong("minCandidateNodesAbsolute", "both cannot be 0");
  return out;
}

Result<rt::Duration> read_volume_binding_args(const codec::Value& args) {
  TRY(expect_members(args, {"bindTimeoutSeconds"}));
  TRY_ASSIGN(std::int64_t seconds, number(args, "bindTimeoutSeconds", 600, 0, 1'000'000'000));
  return rt::Duration(std::chrono::seconds(seconds));
}

}  // namespace charon::scheduler

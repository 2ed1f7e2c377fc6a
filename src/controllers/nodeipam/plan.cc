#include "controllers/nodeipam/plan.h"

namespace charon::controllers::nodeipam {

using core::v1::Node;

control::Plan plan_node_range(const State& state, const Range& cluster) {
  control::Plan plan;
  const Node& node = *state.node;
  if (!node.spec.podCIDR.empty() || node.metadata.deletionTimestamp) return plan;
  std::vector<Range> taken;
  for (const auto& other : state.nodes) {
    if (const auto range = parse_range(other->spec.podCIDR)) taken.push_back(*range);
    for (const std::string& text : other->spec.podCIDRs)
      if (const auto range = parse_range(text)) taken.push_back(*range);
  }
  const std::optional<Range> part = free_part(cluster, std::move(taken));
  if (!part) {
    plan.events.push_back({control::reference_to(node), control::EventSeverity::Normal, "CIDRNotAvailable",
                           "Node " + node.metadata.name + " status is now: CIDRNotAvailable"});
    plan.requeue(kRetry);
    return plan;
  }
  // In the version that was read: the agent may have chosen a range of its own meanwhile.
  codec::Object metadata{{"uid", node.metadata.uid}, {"resourceVersion", node.metadata.resourceVersion}};
  codec::Object spec{{"podCIDR", part->text()}, {"podCIDRs", codec::Array{codec::Value(part->text())}}};
  plan.patch<Node>({"", node.metadata.name}, client::PatchType::Merge,
                   codec::Object{{"metadata", std::move(metadata)}, {"spec", std::move(spec)}})
      .missing_is_fine = true;
  return plan;
}

}  // namespace charon::controllers::nodeipam

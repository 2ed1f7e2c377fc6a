#include "scheduler/plugins/node_unschedulable/node_unschedulable.h"

#include "model/tolerations.h"

namespace charon::scheduler {

namespace {

class Filter final : public NodeFilter {
 public:
  Verdict check(const NodeInfo& node, Reasons& reasons) override {
    if (!node.unschedulable) return Verdict::Fits;
    reasons.add("node(s) were unschedulable");
    return Verdict::Unresolvable;
  }
};

class NodeUnschedulable final : public Plugin {
 public:
  std::string_view name() const override { return "NodeUnschedulable"; }
  Prepared prepare(const Snapshot& snapshot, const PodInfo& pod) const override {
    Prepared out;
    if (snapshot.census().unschedulable == 0) return out;
    core::v1::Taint taint;
    taint.key = "node.kubernetes.io/unschedulable";
    taint.effect = "NoSchedule";
    if (!model::tolerates(pod.pod->spec.tolerations, taint)) out.filter = std::make_unique<Filter>();
    return out;
  }
  Changes helped_by() const override { return kNodeAdded | kNodeTaints; }
};

}  // namespace

std::unique_ptr<Plugin> make_node_unschedulable() { return std::make_unique<NodeUnschedulable>(); }

}  // namespace charon::scheduler

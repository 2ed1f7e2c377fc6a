#include "scheduler/plugins/node_name/node_name.h"

namespace charon::scheduler {

namespace {

class Filter final : public NodeFilter {
 public:
  explicit Filter(const std::string& wanted) : wanted_(wanted) {}
  Verdict check(const NodeInfo& node, Reasons& reasons) override {
    if (node.name == wanted_) return Verdict::Fits;
    reasons.add("node(s) didn't match the requested node name");
    return Verdict::Unresolvable;
  }

 private:
  const std::string& wanted_;
};

class NodeName final : public Plugin {
 public:
  std::string_view name() const override { return "NodeName"; }
  Prepared prepare(const Snapshot&, const PodInfo& pod) const override {
    Prepared out;
    if (!pod.pod->spec.nodeName.empty()) out.filter = std::make_unique<Filter>(pod.pod->spec.nodeName);
    return out;
  }
  Changes helped_by() const override { return kNodeAdded; }
};

}  // namespace

std::unique_ptr<Plugin> make_node_name() { return std::make_unique<NodeName>(); }

}  // namespace charon::scheduler

#include "scheduler/plugins/node_ports/node_ports.h"

namespace charon::scheduler {

namespace {

class Filter final : public NodeFilter {
 public:
  explicit Filter(const std::vector<HostPort>& wanted) : wanted_(wanted) {}
  Verdict check(const NodeInfo& node, Reasons& reasons) override {
    for (const HostPort& used : node.host_ports) {
      for (const HostPort& port : wanted_) {
        if (!port.conflicts(used)) continue;
        reasons.add("node(s) didn't have free ports for the requested pod ports");
        return Verdict::Unschedulable;
      }
    }
    return Verdict::Fits;
  }

 private:
  const std::vector<HostPort>& wanted_;
};

class NodePorts final : public Plugin {
 public:
  std::string_view name() const override { return "NodePorts"; }
  Prepared prepare(const Snapshot&, const PodInfo& pod) const override {
    Prepared out;
    if (!pod.host_ports.empty()) out.filter = std::make_unique<Filter>(pod.host_ports);
    return out;
  }
  Changes helped_by() const override { return kNodeAdded | kPodRemoved; }
};

}  // namespace

std::unique_ptr<Plugin> make_node_ports() { return std::make_unique<NodePorts>(); }

}  // namespace charon::scheduler

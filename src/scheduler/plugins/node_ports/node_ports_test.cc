#include "scheduler/plugins/node_ports/node_ports.h"

#include <gtest/gtest.h>

#include "scheduler/plugins/plugin_probe.h"

namespace charon::scheduler::testing {
namespace {

Pod with_port(const std::string& name, int port, const std::string& protocol = "TCP", const std::string& ip = "") {
  Pod pod = make_pod(name);
  auto& added = pod.spec.containers[0].ports.emplace_back();
  added.hostPort = port;
  added.containerPort = port;
  added.protocol = protocol;
  added.hostIP = ip;
  return pod;
}

TEST(NodePorts, Conflicts) {
  struct Case {
    const char* name;
    Pod used;
    Pod wanted;
    bool fits;
  };
  const Case cases[] = {
      {"same", with_port("a", 80), with_port("b", 80), false},
      {"other port", with_port("a", 80), with_port("b", 81), true},
      {"other protocol", with_port("a", 80), with_port("b", 80, "UDP"), true},
      {"no protocol is TCP", with_port("a", 80), with_port("b", 80, ""), false},
      {"other address", with_port("a", 80, "TCP", "10.0.0.1"), with_port("b", 80, "TCP", "10.0.0.2"), true},
      {"same address", with_port("a", 80, "TCP", "10.0.0.1"), with_port("b", 80, "TCP", "10.0.0.1"), false},
      {"every address", with_port("a", 80, "TCP", "10.0.0.1"), with_port("b", 80), false},
      {"no host port", with_port("a", 80), make_pod("b"), true},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    Probe probe(make_node_ports());
    probe.node("n").pod(test.used, "n");
    EXPECT_EQ(probe.filter(test.wanted, "n"), test.fits ? "" : "node(s) didn't have free ports for the requested pod ports");
    probe.snapshot.remove_pod("a");
    EXPECT_EQ(probe.filter(test.wanted, "n"), "");
  }
}

}  // namespace
}  // namespace charon::scheduler::testing

// charon-hollow-nodes: nodes without containers beside a real API server, each on a connection of its own.
//
//   charon-hollow-nodes --port N --ca F --cert F --key F --nodes N --pods N
//
// Boots the nodes, which take N pods each and carry the label type=hollow, says "up" when all are Ready, and plays the pods
// that are bound to them (ready 50 ms after they came, gone 50 ms after they were deleted) until its input ends.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "client/https.h"
#include "client/typed.h"
#include "net/client.h"
#include "rt/os/loop.h"
#include "rt/os/net.h"
#include "rt/os/system.h"
#include "sim/nodes/hollow_node.h"

namespace charon {
namespace {

using namespace std::chrono_literals;

[[noreturn]] void fail_with(const std::string& what) {
  std::fprintf(stderr, "charon-hollow-nodes: %s\n", what.c_str());
  std::exit(1);
}

std::string file(const std::string& path) {
  std::ifstream in(path);
  if (!in) fail_with("cannot read " + path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

using Flags = std::map<std::string, std::string>;

Flags parse(int argc, char** argv) {
  Flags flags = {{"port", "6443"}, {"nodes", "100"}, {"pods", "110"}, {"ca", ""}, {"cert", ""}, {"key", ""}};
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = std::string(argv[i]).substr(2);
    if (!flags.contains(name)) fail_with("no flag --" + name);
    flags[name] = argv[i + 1];
  }
  return flags;
}

// One node and its way to the server.
struct Place {
  std::unique_ptr<client::Transport> transport;
  std::unique_ptr<sim::HollowNode> node;
};

rt::Task<void> wait_for_nodes(rt::Loop& loop, client::Transport& transport, std::size_t wanted) {
  client::ListOptions hollow;
  hollow.label_selector = "type=hollow";
  while (true) {
    auto nodes = co_await transport.list({&client::kind_of<core::v1::Node>()}, hollow);
    if (!nodes) fail_with(nodes.error().message);
    if (nodes->items.size() >= wanted) co_return;
    co_await rt::sleep(loop, 50ms);
  }
}

// A thread of its own waits for the end of the input, so that the nodes live on.
rt::Task<void> wait_for_end_of_input(rt::Loop& loop) {
  std::atomic<bool> over = false;
  std::thread reader([&over] {
    while (std::getchar() != EOF) {
    }
    over = true;
  });
  while (!over) co_await rt::sleep(loop, 50ms);
  reader.join();
}

rt::Task<void> run(rt::OsLoop& loop, const Flags& flags) {
  const auto net = rt::make_os_net(loop);
  const auto random = rt::make_os_random();
  auto tls = net::make_tls_client({.ca_pem = file(flags.at("ca")),
                                   .identity = net::KeyPair{file(flags.at("cert")), file(flags.at("key"))},
                                   .server_name = "127.0.0.1"});
  if (!tls) fail_with(tls.error().message);
  const auto port = static_cast<std::uint16_t>(std::atoi(flags.at("port").c_str()));
  const auto connect = [&] {
    net::ClientOptions options{.address = rt::Address::tcp("127.0.0.1", port), .tls = *tls};
    return client::make_https_transport(net::make_client(loop, *net, std::move(options)), {});
  };
  std::vector<Place> places(static_cast<std::size_t>(std::atoi(flags.at("nodes").c_str())));
  int number = 0;
  for (Place& place : places) {
    place.transport = connect();
    sim::HollowNodeSettings settings{.number = ++number, .cpus = 64, .max_pods = std::atoi(flags.at("pods").c_str())};
    settings.labels["type"] = "hollow";
    settings.start_least = settings.start_most = settings.stop_least = settings.stop_most = 50ms;
    place.node = std::make_unique<sim::HollowNode>(loop, *random, *place.transport, std::move(settings));
    place.node->boot();
  }
  const auto watcher = connect();
  co_await wait_for_nodes(loop, *watcher, places.size());
  std::printf("up\n");
  std::fflush(stdout);
  co_await wait_for_end_of_input(loop);
}

}  // namespace
}  // namespace charon

int main(int argc, char** argv) {
  charon::rt::OsLoop loop;
  const charon::Flags flags = charon::parse(argc, argv);
  loop.run(charon::run(loop, flags));
  return 0;
}

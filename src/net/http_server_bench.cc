// How long a small GET takes through client, sockets and server, all on one loop. `http_server_bench --serve <port>` runs the
// server alone, for load generators: h2load -n 200000 -c 16 -m 8 http://127.0.0.1:<port>/
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <cstring>

#include "net/client.h"
#include "net/server.h"
#include "rt/os/loop.h"
#include "rt/os/net.h"

namespace charon::net {
namespace {

rt::Task<void> hello(Exchange& exchange) {
  std::vector<Piece> body;
  if (exchange.head().path == "/large") {
    static const SharedBytes large = share(std::string(16u << 20, 'x'));
    body.push_back(Piece::of(large));
  } else {
    body.push_back(Piece::constant("hello, world\n"));
  }
  co_await exchange.respond(200, {{"content-type", "text/plain"}}, std::move(body));
}

void serve_for_ever(std::uint16_t port) {
  rt::OsLoop loop;
  const auto net = rt::make_os_net(loop);
  auto listener = net->listen(rt::Address::tcp("127.0.0.1", port));
  if (!listener) std::exit(1);
  const auto server = serve(loop, *std::move(listener), nullptr, hello);
  loop.run();
}

// Argument: HTTP/2 (1) or HTTP/1.1 (0).
void BM_SmallGet(benchmark::State& state) {
  rt::OsLoop loop;
  const auto net = rt::make_os_net(loop);
  const auto server = serve(loop, net->listen(rt::Address::tcp("127.0.0.1", 0)).value(), nullptr, hello);
  const auto client = make_client(loop, *net, {.address = server->local(), .http2_prior_knowledge = state.range(0) == 1});
  for (auto _ : state) {
    const auto response = loop.run(client->fetch({.path = "/"}, 1000));
    if (!response || response->body != "hello, world\n") state.SkipWithError("wrong answer");
  }
}
BENCHMARK(BM_SmallGet)->Arg(0)->Arg(1);

}  // namespace
}  // namespace charon::net

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--serve") == 0)
    charon::net::serve_for_ever(static_cast<std::uint16_t>(std::atoi(argv[2])));
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

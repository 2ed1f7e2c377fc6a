#include "server/aggregation/remote_servers.h"

#include <chrono>

namespace charon::server {
namespace {

constexpr std::chrono::seconds kConnectTime{5};

}  // namespace

RemoteServers::RemoteServers(rt::Loop& loop, rt::Net& net, Caches& caches, net::KeyPair identity)
    : services_(caches),
      clients_(loop, net, {.alpn = {"h2", "http/1.1"}, .connect_timeout = kConnectTime, .identity = std::move(identity)}) {}

Result<RemoteServers::Server> RemoteServers::to(const ApiService& service) {
  Server server;
  TRY_ASSIGN(server.route, services_.to(service.service, service.port));
  TRY_ASSIGN(server.client, clients_.to(server.route, {.ca_pem = service.ca_pem, .skip_verify = service.skip_verify}));
  return server;
}

}  // namespace charon::server

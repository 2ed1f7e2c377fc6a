// RemoteServers: the way to the servers behind APIServices, over TLS and with the front proxy's certificate, by which they
// believe what the request's headers say of its user (authn/request_header).
//
// On the server's loop. Source: kube-aggregator's proxy handler.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "net/client.h"
#include "rt/loop.h"
#include "rt/net.h"
#include "server/aggregation/api_services.h"
#include "server/proxy/service_route.h"
#include "server/proxy/tls_clients.h"

namespace charon::server {

class RemoteServers {
 public:
  // All must outlive it and its clients. `identity`: the front proxy's.
  RemoteServers(rt::Loop& loop, rt::Net& net, Caches& caches, net::KeyPair identity);

  struct Server {
    TlsRoute route;
    std::shared_ptr<net::HttpClient> client;  // to be kept while a response is being read
  };
  // NotFound or ServiceUnavailable when the Service leads nowhere, Invalid when the caBundle holds no certificates.
  Result<Server> to(const ApiService& service);
  void replace_identity(net::KeyPair identity) { clients_.replace_identity(std::move(identity)); }

 private:
  ServiceRoutes services_;
  TlsClients clients_;
};

}  // namespace charon::server

// The way from the API server to the HTTPS API of a node's agent: logs, exec, attach, port-forward, proxy.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "net/client.h"
#include "server/cache.h"

namespace charon::server {

class NodeConnections {
 public:
  // `tls` carries the server's client certificate, which agents accept, and their CA; each agent's certificate must be for
  // the address that its node reports.
  NodeConnections(rt::Loop& loop, rt::Net& net, Caches& caches, net::TlsClientOptions tls)
      : loop_(loop), net_(net), caches_(caches), tls_(std::move(tls)) {}

  // New connections use these from now on.
  void replace(net::TlsClientOptions tls) {
    tls_ = std::move(tls);
    clients_.clear();
  }

  // NotFound when the node does not exist, ServiceUnavailable when it reports no address.
  Result<std::shared_ptr<net::HttpClient>> to(const std::string& node);

 private:
  struct Entry {
    rt::Address address;
    std::shared_ptr<net::HttpClient> client;
  };

  rt::Loop& loop_;
  rt::Net& net_;
  Caches& caches_;
  net::TlsClientOptions tls_;
  std::map<std::string, Entry> clients_;
};

}  // namespace charon::server

// The ways from the API server to others: to the HTTPS API of a node's agent (logs, exec, attach, port-forward), and to what
// the proxy subresource leads to.
#pragma once

#include <memory>
#include <string>

#include "api/core/v1/types.h"
#include "base/result.h"
#include "net/client.h"
#include "server/cache.h"

namespace charon::server {

// ServiceUnavailable when the node reports no address yet.
Result<rt::Address> agent_address(const core::v1::Node& node);

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
  // A client for one request to a pod or the like, without the server's certificate; of TLS the peer's certificate is not
  // verified, since nobody says which CA it is from.
  Result<std::shared_ptr<net::HttpClient>> to_backend(const rt::Address& address, std::string authority, bool use_tls);

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

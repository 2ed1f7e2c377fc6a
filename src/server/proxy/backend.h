// Where the proxy subresource of pods, services and nodes leads: from `[scheme:]name[:port]` in the URL to an address.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "rt/net.h"
#include "rt/random.h"
#include "server/cache.h"
#include "server/request.h"

namespace charon::server {

struct ProxyName {
  std::string scheme;  // "http", "https", or empty: http, of nodes https
  std::string name;
  std::string port;  // a number, of a service also a port's name; empty: the first of a pod, the only one of a service
};

// nullopt for what is none of the forms.
std::optional<ProxyName> split_proxy_name(std::string_view text);

struct Backend {
  rt::Address address;
  bool tls = false;
  std::string agent_of;  // a node's name: the address is its agent's, which wants the server's certificate
};

// BadRequest for a malformed name or an address that is not for proxying (loopback and the like), NotFound when the object does
// not exist, ServiceUnavailable when a service has no ready endpoint or not the port.
Result<Backend> find_backend(Caches& caches, rt::Random& random, const Request& request);

}  // namespace charon::server

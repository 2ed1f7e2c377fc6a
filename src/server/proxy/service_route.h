// Where a Service leads: to a ready endpoint. Its own address is not used, for it need not route from where the server runs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/document.h"
#include "rt/net.h"
#include "server/cache.h"

namespace charon::server {

// The ready endpoints that EndpointSlices name for a port of a Service, by the port's name.
std::vector<rt::Address> ready_endpoints(const Cache& slices, const model::ObjectKey& service, std::string_view port_name);

// How to reach an HTTPS server. Its certificate must be for `server_name`.
struct TlsRoute {
  rt::Address address;
  std::string authority;
  std::string server_name;
};

// Routes of the API server's own calls (webhooks, aggregated servers) to Services.
class ServiceRoutes {
 public:
  // `caches` must outlive it.
  explicit ServiceRoutes(Caches& caches);

  // The server's name is `<service>.<namespace>.svc`. NotFound when there is no such Service, ServiceUnavailable when it has
  // not the port or no ready endpoint.
  Result<TlsRoute> to(const model::ObjectKey& service, int port);

 private:
  const Cache& services_;
  const Cache& slices_;
  std::size_t turn_ = 0;  // endpoints take turns
};

}  // namespace charon::server

#include "server/proxy/service_route.h"

#include "api/core/v1/types.h"
#include "api/discovery/v1/types.h"
#include "model/kind.h"

namespace charon::server {

std::vector<rt::Address> ready_endpoints(const Cache& slices, const model::ObjectKey& service, std::string_view port_name) {
  std::vector<rt::Address> ready;
  slices.each(service.ns, nullptr, [&](const DocumentPtr& document) {
    auto slice = document->as<discovery::v1::EndpointSlice>();
    auto owner = slice->metadata.labels.find("kubernetes.io/service-name");
    if (owner == slice->metadata.labels.end() || owner->second != service.name || slice->addressType == "FQDN") return true;
    for (const auto& port : slice->ports) {
      if (port.name.value_or("") != port_name || !port.port) continue;
      for (const auto& endpoint : slice->endpoints)
        if (endpoint.conditions.ready.value_or(true) && !endpoint.addresses.empty())
          ready.push_back(rt::Address::tcp(endpoint.addresses.front(), static_cast<std::uint16_t>(*port.port)));
    }
    return true;
  });
  return ready;
}

ServiceRoutes::ServiceRoutes(Caches& caches)
    : services_(caches.of(*model::find_kind({"", "v1"}, "Service"))),
      slices_(caches.of(*model::find_kind({"discovery.k8s.io", "v1"}, "EndpointSlice"))) {}

Result<TlsRoute> ServiceRoutes::to(const model::ObjectKey& key, int number) {
  DocumentPtr document = services_.get(key);
  if (!document) return fail(Reason::NotFound, "service \"" + key.name + "\" not found");
  auto service = document->as<core::v1::Service>();
  const core::v1::ServicePort* port = nullptr;
  for (const auto& candidate : service->spec.ports)
    if (candidate.port == number) port = &candidate;
  if (port == nullptr)
    return fail(Reason::ServiceUnavailable,
                "no service port " + std::to_string(number) + " found for service \"" + key.name + "\"");
  TlsRoute route;
  route.server_name = key.name + "." + key.ns + ".svc";
  route.authority = route.server_name + ":" + std::to_string(number);
  if (service->spec.type == "ExternalName") {
    route.address = rt::Address::tcp(service->spec.externalName, static_cast<std::uint16_t>(number));
    return route;
  }
  std::vector<rt::Address> ready = ready_endpoints(slices_, key, port->name);
  if (ready.empty()) return fail(Reason::ServiceUnavailable, "no endpoints available for service \"" + key.name + "\"");
  route.address = ready[turn_++ % ready.size()];
  return route;
}

}  // namespace charon::server

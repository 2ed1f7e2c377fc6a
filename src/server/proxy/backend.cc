#include "server/proxy/backend.h"

#include <arpa/inet.h>

#include <charconv>
#include <vector>

#include "api/core/v1/types.h"
#include "server/api.h"
#include "server/node_connection.h"
#include "server/proxy/service_route.h"

namespace charon::server {
namespace {

std::optional<std::uint16_t> port_number(std::string_view text) {
  std::uint16_t port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

// Loopback, link-local, multicast and unspecified addresses are not for clients of the API: through them they would reach the
// server's own machine.
bool proxyable(const std::string& ip) {
  unsigned char bytes[sizeof(in6_addr)];
  if (inet_pton(AF_INET, ip.c_str(), bytes) == 1)
    return bytes[0] != 0 && bytes[0] != 127 && bytes[0] < 224 && !(bytes[0] == 169 && bytes[1] == 254);
  if (inet_pton(AF_INET6, ip.c_str(), bytes) != 1) return false;
  const auto* address = reinterpret_cast<const in6_addr*>(bytes);
  return !IN6_IS_ADDR_LOOPBACK(address) && !IN6_IS_ADDR_UNSPECIFIED(address) && !IN6_IS_ADDR_LINKLOCAL(address) &&
         !IN6_IS_ADDR_MULTICAST(address) && !IN6_IS_ADDR_V4MAPPED(address);
}

Error not_allowed() { return bad_request("address not allowed"); }

Result<Backend> pod_backend(const core::v1::Pod& pod, const ProxyName& name) {
  std::uint16_t port = name.scheme == "https" ? 443 : 80;
  if (!name.port.empty()) {
    auto number = port_number(name.port);
    if (!number) return fail(bad_request("invalid port \"" + name.port + "\""));
    port = *number;
  } else {
    for (const auto& container : pod.spec.containers)
      if (!container.ports.empty()) {
        port = static_cast<std::uint16_t>(container.ports.front().containerPort);
        break;
      }
  }
  if (!proxyable(pod.status.podIP)) return fail(not_allowed());
  return Backend{rt::Address::tcp(pod.status.podIP, port), name.scheme == "https", ""};
}

// The name of the service's port that is meant; a number stands for the port that has it.
Result<std::string> service_port(const core::v1::Service& service, const ProxyName& name) {
  if (name.port.empty()) {
    if (service.spec.ports.size() == 1) return service.spec.ports.front().name;
    return std::string();
  }
  auto number = port_number(name.port);
  if (!number) return name.port;
  for (const auto& port : service.spec.ports)
    if (port.port == *number) return port.name;
  return fail(Reason::ServiceUnavailable,
              "no service port " + std::to_string(*number) + " found for service \"" + name.name + "\"");
}

Result<Backend> service_backend(Caches& caches, rt::Random& random, const core::v1::Service& service, const ProxyName& name) {
  TRY_ASSIGN(std::string port_name, service_port(service, name));
  const Cache& slices = caches.of(*model::find_kind({"discovery.k8s.io", "v1"}, "EndpointSlice"));
  std::vector<rt::Address> ready = ready_endpoints(slices, {service.metadata.namespace_, service.metadata.name}, port_name);
  if (ready.empty())
    return fail(Reason::ServiceUnavailable, "no endpoints available for service \"" + service.metadata.name + "\"");
  Backend backend{ready[random.below(ready.size())], name.scheme == "https", ""};
  if (!proxyable(backend.address.host)) return fail(not_allowed());
  return backend;
}

Result<Backend> node_backend(const core::v1::Node& node, const ProxyName& name) {
  TRY_ASSIGN(rt::Address agent, agent_address(node));
  if (name.port.empty() || name.port == std::to_string(agent.port)) return Backend{agent, true, node.metadata.name};
  auto number = port_number(name.port);
  if (!number) return fail(bad_request("invalid port \"" + name.port + "\""));
  if (!proxyable(agent.host)) return fail(not_allowed());
  return Backend{rt::Address::tcp(agent.host, *number), name.scheme == "https", ""};
}

}  // namespace

std::optional<ProxyName> split_proxy_name(std::string_view text) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == ':') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  ProxyName name;
  if (parts.size() == 1) {
    name.name = parts[0];
  } else if (parts.size() == 2) {
    name.name = parts[0];
    name.port = parts[1];
  } else if (parts.size() == 3) {
    name = {parts[0], parts[1], parts[2]};
  } else {
    return std::nullopt;
  }
  bool known = name.scheme.empty() || name.scheme == "http" || name.scheme == "https";
  if (name.name.empty() || !known) return std::nullopt;
  return name;
}

Result<Backend> find_backend(Caches& caches, rt::Random& random, const Request& request) {
  const model::Kind& kind = *request.kind;
  auto name = split_proxy_name(request.name);
  if (!name) return fail(bad_request("invalid " + std::string(kind.singular) + " request \"" + request.name + "\""));
  DocumentPtr document = caches.of(kind).get({request.key().ns, name->name});
  if (!document) return fail(not_found(kind, name->name));
  if (kind.kind == "Pod") return pod_backend(*document->as<core::v1::Pod>(), *name);
  if (kind.kind == "Service") return service_backend(caches, random, *document->as<core::v1::Service>(), *name);
  return node_backend(*document->as<core::v1::Node>(), *name);
}

}  // namespace charon::server

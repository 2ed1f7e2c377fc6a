#include "server/bootstrap/bootstrap.h"

#include <array>
#include <string_view>

#include "api/core/v1/types.h"
#include "api/discovery/v1/types.h"
#include "api/scheduling/v1/types.h"
#include "client/typed.h"

namespace charon::server {
namespace {

constexpr std::array<const char*, 4> kNamespaces = {"default", "kube-system", "kube-public", "kube-node-lease"};

// AlreadyExists is success.
template <class T>
rt::Task<Result<void>> ensure(client::Client client, T object) {
  auto created = co_await client.create(std::move(object));
  if (!created && created.error().reason != Reason::AlreadyExists) co_return fail(std::move(created.error()));
  co_return Result<void>();
}

// On a machine without a network the address is a loopback one, which leads nobody else to this server.
bool may_be_endpoint(std::string_view ip) { return !ip.starts_with("127.") && !ip.starts_with("169.254."); }

core::v1::Namespace make_namespace(const char* name) {
  core::v1::Namespace ns;
  ns.metadata.name = name;
  ns.metadata.labels["kubernetes.io/metadata.name"] = name;
  return ns;
}

scheduling::v1::PriorityClass make_priority_class(const char* name, std::int32_t value, const char* description) {
  scheduling::v1::PriorityClass priority;
  priority.metadata.name = name;
  priority.value = value;
  priority.description = description;
  return priority;
}

core::v1::Service make_service(const BootstrapOptions& options) {
  core::v1::Service service;
  service.metadata.name = "kubernetes";
  service.metadata.namespace_ = "default";
  service.metadata.labels = {{"component", "apiserver"}, {"provider", "kubernetes"}};
  service.spec.type = "ClusterIP";
  service.spec.clusterIP = options.service_ip;
  service.spec.clusterIPs = {options.service_ip};
  service.spec.ipFamilies = {"IPv4"};
  core::v1::ServicePort port;
  port.name = "https";
  port.protocol = "TCP";
  port.port = 443;
  port.targetPort.value = options.port;
  service.spec.ports.push_back(std::move(port));
  return service;
}

discovery::v1::EndpointSlice make_endpoints(const BootstrapOptions& options) {
  discovery::v1::EndpointSlice slice;
  slice.metadata.name = "kubernetes";
  slice.metadata.namespace_ = "default";
  slice.metadata.labels = {{"kubernetes.io/service-name", "kubernetes"}};
  slice.addressType = "IPv4";
  discovery::v1::Endpoint endpoint;
  endpoint.addresses = {options.advertise_ip};
  endpoint.conditions.ready = true;
  slice.endpoints.push_back(std::move(endpoint));
  discovery::v1::EndpointPort port;
  port.name = "https";
  port.protocol = "TCP";
  port.port = options.port;
  slice.ports.push_back(std::move(port));
  return slice;
}

core::v1::Endpoints make_legacy_endpoints(const BootstrapOptions& options) {
  core::v1::Endpoints endpoints;
  endpoints.metadata.name = "kubernetes";
  endpoints.metadata.namespace_ = "default";
  endpoints.metadata.labels = {{"endpointslice.kubernetes.io/skip-mirror", "true"}};
  core::v1::EndpointSubset subset;
  core::v1::EndpointAddress address;
  address.ip = options.advertise_ip;
  subset.addresses.push_back(std::move(address));
  core::v1::EndpointPort port;
  port.name = "https";
  port.port = options.port;
  port.protocol = "TCP";
  subset.ports.push_back(std::move(port));
  endpoints.subsets.push_back(std::move(subset));
  return endpoints;
}

// Creates the object, or brings an older one to this state.
template <class T>
rt::Task<Result<void>> put(client::Client client, T object) {
  auto present = co_await client.get<T>({object.metadata.namespace_, object.metadata.name});
  if (!present) co_return co_await ensure(client, std::move(object));
  auto updated = co_await client.update(std::move(object));
  if (!updated) co_return fail(std::move(updated.error()));
  co_return Result<void>();
}

}  // namespace

rt::Task<Result<void>> bootstrap(client::Transport& transport, BootstrapOptions options) {
  client::Client client(transport);
  for (const char* name : kNamespaces) CO_TRY(co_await ensure(client, make_namespace(name)));
  // The values and names that pods of every distribution refer to; user classes end at a billion.
  CO_TRY(co_await ensure(client, make_priority_class("system-cluster-critical", 2000000000,
                                                     "For pods that the cluster needs, wherever they run.")));
  CO_TRY(co_await ensure(client, make_priority_class("system-node-critical", 2000001000,
                                                     "For pods that their node needs and that must not move.")));
  CO_TRY(co_await ensure(client, make_service(options)));
  if (may_be_endpoint(options.advertise_ip)) {
    CO_TRY(co_await put(client, make_endpoints(options)));
    CO_TRY(co_await put(client, make_legacy_endpoints(options)));
  }
  if (options.authentication) CO_TRY(co_await put(client, *options.authentication));
  co_return Result<void>();
}

}  // namespace charon::server

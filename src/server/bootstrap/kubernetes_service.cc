#include "server/bootstrap/kubernetes_service.h"

#include <string_view>
#include <utility>

#include "api/core/v1/types.h"
#include "api/discovery/v1/types.h"
#include "client/typed.h"

namespace charon::server {
namespace {

// On a machine without a network the address is a loopback one, which leads nobody else to this server.
bool may_be_endpoint(std::string_view ip) { return !ip.starts_with("127.") && !ip.starts_with("169.254."); }

core::v1::Service make_service(const KubernetesService& wanted) {
  core::v1::Service service;
  service.metadata.name = "kubernetes";
  service.metadata.namespace_ = "default";
  service.metadata.labels = {{"component", "apiserver"}, {"provider", "kubernetes"}};
  service.spec.type = "ClusterIP";
  service.spec.clusterIP = wanted.service_ip;
  service.spec.clusterIPs = {wanted.service_ip};
  service.spec.ipFamilies = {"IPv4"};
  core::v1::ServicePort port;
  port.name = "https";
  port.protocol = "TCP";
  port.port = 443;
  port.targetPort.value = wanted.port;
  service.spec.ports.push_back(std::move(port));
  return service;
}

discovery::v1::EndpointSlice make_endpoints(const KubernetesService& wanted) {
  discovery::v1::EndpointSlice slice;
  slice.metadata.name = "kubernetes";
  slice.metadata.namespace_ = "default";
  slice.metadata.labels = {{"kubernetes.io/service-name", "kubernetes"}};
  slice.addressType = "IPv4";
  discovery::v1::Endpoint endpoint;
  endpoint.addresses = {wanted.advertise_ip};
  endpoint.conditions.ready = true;
  slice.endpoints.push_back(std::move(endpoint));
  discovery::v1::EndpointPort port;
  port.name = "https";
  port.protocol = "TCP";
  port.port = wanted.port;
  slice.ports.push_back(std::move(port));
  return slice;
}

core::v1::Endpoints make_legacy_endpoints(const KubernetesService& wanted) {
  core::v1::Endpoints endpoints;
  endpoints.metadata.name = "kubernetes";
  endpoints.metadata.namespace_ = "default";
  endpoints.metadata.labels = {{"endpointslice.kubernetes.io/skip-mirror", "true"}};
  core::v1::EndpointSubset subset;
  core::v1::EndpointAddress address;
  address.ip = wanted.advertise_ip;
  subset.addresses.push_back(std::move(address));
  core::v1::EndpointPort port;
  port.name = "https";
  port.port = wanted.port;
  port.protocol = "TCP";
  subset.ports.push_back(std::move(port));
  endpoints.subsets.push_back(std::move(subset));
  return endpoints;
}

bool is_as_wanted(const core::v1::Service&, const core::v1::Service&) { return true; }
bool is_as_wanted(const core::v1::Endpoints& there, const core::v1::Endpoints& wanted) {
  return there.subsets == wanted.subsets && there.metadata.labels == wanted.metadata.labels;
}
bool is_as_wanted(const discovery::v1::EndpointSlice& there, const discovery::v1::EndpointSlice& wanted) {
  return there.endpoints == wanted.endpoints && there.ports == wanted.ports && there.metadata.labels == wanted.metadata.labels;
}

template <class T>
rt::Task<Result<void>> settle(client::Client client, T wanted) {
  auto there = co_await client.get<T>({wanted.metadata.namespace_, wanted.metadata.name});
  if (there && is_as_wanted(**there, wanted)) co_return Result<void>();
  if (!there && there.error().reason != Reason::NotFound) co_return fail(std::move(there.error()));
  auto written = there ? co_await client.update(std::move(wanted)) : co_await client.create(std::move(wanted));
  if (!written && written.error().reason != Reason::AlreadyExists) co_return fail(std::move(written.error()));
  co_return Result<void>();
}

}  // namespace

rt::Task<Result<void>> settle_kubernetes_service(client::Transport& transport, KubernetesService wanted) {
  client::Client client(transport);
  CO_TRY(co_await settle(client, make_service(wanted)));
  if (!may_be_endpoint(wanted.advertise_ip)) co_return Result<void>();
  CO_TRY(co_await settle(client, make_endpoints(wanted)));
  CO_TRY(co_await settle(client, make_legacy_endpoints(wanted)));
  co_return Result<void>();
}

KubernetesServiceKeeper::KubernetesServiceKeeper(rt::Loop& loop, client::Transport& transport, KubernetesService wanted)
    : loop_(loop), transport_(transport), wanted_(std::move(wanted)), scope_(loop) {
  scope_.spawn(work());
}

rt::Task<void> KubernetesServiceKeeper::work() {
  while (true) {
    co_await rt::sleep(loop_, kInterval);
    co_await settle_kubernetes_service(transport_, wanted_);
  }
}

}  // namespace charon::server

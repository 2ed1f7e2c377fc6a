#include "server/node_connection.h"

#include "server/api.h"

namespace charon::server {
namespace {

constexpr std::uint16_t kAgentPort = 10250;

}  // namespace

Result<rt::Address> agent_address(const core::v1::Node& node) {
  for (std::string_view wanted : {"InternalIP", "ExternalIP", "Hostname"})
    for (const core::v1::NodeAddress& address : node.status.addresses)
      if (address.type == wanted) {
        int port = node.status.daemonEndpoints.kubeletEndpoint.Port;
        return rt::Address::tcp(address.address, port > 0 ? static_cast<std::uint16_t>(port) : kAgentPort);
      }
  return fail(Reason::ServiceUnavailable, "node " + node.metadata.name + " has not reported an address yet");
}

Result<std::shared_ptr<net::HttpClient>> NodeConnections::to(const std::string& name) {
  const model::Kind& kind = *model::find_kind({"", "v1"}, "Node");
  DocumentPtr node = caches_.of(kind).get({"", name});
  if (!node) return fail(not_found(kind, name));
  TRY_ASSIGN(rt::Address address, agent_address(*node->as<core::v1::Node>()));
  Entry& entry = clients_[name];
  if (!entry.client || entry.address.text() != address.text()) {
    net::ClientOptions options;
    options.address = address;
    net::TlsClientOptions tls = tls_;
    tls.server_name = address.host;
    TRY_ASSIGN(options.tls, net::make_tls_client(tls));
    entry.address = address;
    entry.client = net::make_client(loop_, net_, options);
  }
  return entry.client;
}

Result<std::shared_ptr<net::HttpClient>> NodeConnections::to_backend(const rt::Address& address, std::string authority,
                                                                     bool use_tls) {
  net::ClientOptions options;
  options.address = address;
  options.authority = std::move(authority);
  if (use_tls) {
    TRY_ASSIGN(options.tls, net::make_tls_client({.server_name = address.host, .insecure_skip_verify = true}));
  }
  return std::shared_ptr<net::HttpClient>(net::make_client(loop_, net_, options));
}

}  // namespace charon::server

#include "server/proxy/tls_clients.h"

#include "base/bytes.h"

namespace charon::server {
namespace {

constexpr std::size_t kClients = 200;

}  // namespace

Result<std::shared_ptr<net::HttpClient>> TlsClients::to(const TlsRoute& route, const TlsTrust& trust) {
  std::string key = route.address.text() + " " + route.authority + " " + std::to_string(fnv1a_64(trust.ca_pem)) + " " +
                    std::to_string(trust.ca_pem.size()) + (trust.skip_verify ? " any" : "");
  if (auto found = clients_.find(key); found != clients_.end()) return found->second;
  net::ClientOptions options;
  options.address = route.address;
  options.authority = route.authority;
  options.connect_timeout = options_.connect_timeout;
  TRY_ASSIGN(options.tls, net::make_tls_client({.ca_pem = trust.ca_pem,
                                                .identity = options_.identity,
                                                .server_name = route.server_name,
                                                .alpn = options_.alpn,
                                                .insecure_skip_verify = trust.skip_verify}));
  if (clients_.size() >= kClients) clients_.clear();
  std::shared_ptr<net::HttpClient> made = net::make_client(loop_, net_, std::move(options));
  clients_.emplace(std::move(key), made);
  return made;
}

void TlsClients::replace_identity(net::KeyPair identity) {
  options_.identity = std::move(identity);
  clients_.clear();
}

std::string failure_text(const Error& error, const rt::Address& address) {
  if (error.reason == Reason::Unauthorized) return "tls: failed to verify certificate: " + error.message;
  if (error.message.ends_with("Connection refused")) return "dial tcp " + address.text() + ": connect: connection refused";
  return error.message;
}

}  // namespace charon::server

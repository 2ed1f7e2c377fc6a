// TlsClients: the HTTPS clients of the API server's own calls to servers of the cluster's users, kept for later calls.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/client.h"
#include "rt/loop.h"
#include "rt/net.h"
#include "server/proxy/service_route.h"

namespace charon::server {

// Whose certificates are believed.
struct TlsTrust {
  std::string ca_pem;        // empty: the system's roots
  bool skip_verify = false;  // anybody's
};

struct TlsClientsOptions {
  std::vector<std::string> alpn;
  std::chrono::milliseconds connect_timeout{30'000};
  std::optional<net::KeyPair> identity;  // shown to the servers
};

class TlsClients {
 public:
  // `loop` and `net` must outlive it and its clients.
  TlsClients(rt::Loop& loop, rt::Net& net, TlsClientsOptions options) : loop_(loop), net_(net), options_(std::move(options)) {}

  // Invalid when the certificates are no PEM.
  Result<std::shared_ptr<net::HttpClient>> to(const TlsRoute& route, const TlsTrust& trust);
  // New connections show this identity.
  void replace_identity(net::KeyPair identity);

 private:
  rt::Loop& loop_;
  rt::Net& net_;
  TlsClientsOptions options_;
  std::map<std::string, std::shared_ptr<net::HttpClient>> clients_;
};

// Why a client's call failed, in the words of Kubernetes' client.
std::string failure_text(const Error& error, const rt::Address& address);

}  // namespace charon::server

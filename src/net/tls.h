// TLS 1.2+ over any rt::Stream, by OpenSSL with memory BIOs, so that it also runs on the simulator's network.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/http.h"
#include "rt/net.h"

namespace charon::net {

struct KeyPair {
  std::string certificate_pem;  // leaf first, then intermediates
  std::string key_pem;
};

struct TlsServerOptions {
  KeyPair identity;
  std::string client_ca_pem;  // verifies client certificates when they are offered; empty: none are asked for
  std::string proxy_ca_pem;   // likewise of front proxies: PeerCertificate::by_proxy_authority; with client_ca_pem only
  std::vector<std::string> alpn = {"h2", "http/1.1"};
};

struct TlsClientOptions {
  std::string ca_pem;  // empty: the system's roots
  std::optional<KeyPair> identity;
  std::string server_name;  // for SNI and verification; a literal IP address is verified as such
  std::vector<std::string> alpn = {"h2", "http/1.1"};
  bool insecure_skip_verify = false;
};

// Keys and settings, shared by all connections. `replace` swaps the identity or CA for new connections.
class TlsServer {
 public:
  virtual ~TlsServer() = default;
  virtual Result<void> replace(const TlsServerOptions& options) = 0;
};
Result<std::shared_ptr<TlsServer>> make_tls_server(const TlsServerOptions& options);

// The same for those who connect.
class TlsClient {
 public:
  virtual ~TlsClient() = default;
  virtual Result<void> replace(const TlsClientOptions& options) = 0;
};
Result<std::shared_ptr<TlsClient>> make_tls_client(const TlsClientOptions& options);

class TlsStream : public rt::Stream {
 public:
  virtual const std::string& alpn() const = 0;  // empty when nothing was agreed on
  // The verified certificate of the peer. A client's that does not verify is not here: `peer_problem` says why.
  virtual const std::optional<PeerCertificate>& peer_certificate() const = 0;
  virtual const std::string& peer_problem() const = 0;
};

// Handshakes. Unauthorized when a certificate does not verify, with OpenSSL's reason.
rt::Task<Result<std::unique_ptr<TlsStream>>> tls_accept(std::unique_ptr<rt::Stream> stream, std::shared_ptr<TlsServer> server);
// `alpn`: offered instead of the client's own list.
rt::Task<Result<std::unique_ptr<TlsStream>>> tls_connect(std::unique_ptr<rt::Stream> stream, std::shared_ptr<TlsClient> client,
                                                         std::vector<std::string> alpn = {});

}  // namespace charon::net

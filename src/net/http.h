// HTTP as server and client see it, whatever the version on the wire (HTTP/1.1: net/http1, HTTP/2: net/http2).
//
// Everything lives on one loop. A handler is one task per request, owned by its connection: when the client goes away the
// task is cancelled at its next suspension point.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "rt/net.h"
#include "rt/task.h"

namespace charon::net {

// Names in lower case. The order is kept; a name may occur several times.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string, std::string>> items) : items_(items) {}
  void add(std::string name, std::string value) { items_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string_view name, std::string value);
  std::string_view get(std::string_view name) const;  // the first; empty when there is none
  bool has(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& items() const { return items_; }

 private:
  std::vector<std::pair<std::string, std::string>> items_;
};

// A verified client certificate's subject.
struct PeerCertificate {
  std::string common_name;
  std::vector<std::string> organizations;
  std::string sha256;               // of the DER form, in hex
  std::int64_t not_after_s = 0;     // good until then, in seconds since 1970
  bool by_proxy_authority = false;  // signed by the authority of front proxies, not by that of clients
};

struct RequestHead {
  std::string method;  // "GET"
  std::string path;    // percent-decoded, without the query: "/api/v1/pods"
  std::string query;   // raw, without "?"
  Headers headers;
  rt::Address peer;
  std::optional<PeerCertificate> certificate;
  std::string certificate_problem;  // why the certificate that the client sent is not accepted; empty: it is, or none was sent
  int http_version = 11;            // 11 or 20
};

// The value of a query parameter, decoded; nullopt when it is not there.
std::optional<std::string> query_value(std::string_view query, std::string_view name);
std::vector<std::string> query_values(std::string_view query, std::string_view name);
std::string percent_encode(std::string_view text);
std::optional<std::string> percent_decode(std::string_view text);

// Bytes to send, kept alive by `owner` (null: they live for ever).
struct Piece {
  SharedBytes owner;
  std::string_view bytes;

  static Piece of(SharedBytes owner) {
    std::string_view bytes = *owner;
    return {std::move(owner), bytes};
  }
  static Piece of(std::string text) { return of(share(std::move(text))); }
  static Piece constant(std::string_view text) { return {nullptr, text}; }
};

// A WebSocket connection (RFC 6455), server side, after the handshake. Pings are answered and fragments joined inside.
class WebSocket {
 public:
  struct Message {
    bool binary = false;
    std::string data;
  };
  virtual ~WebSocket() = default;
  virtual const std::string& protocol() const = 0;  // the subprotocol that was agreed on
  // The next message; nullopt after the peer closed. Messages above 1 MiB end the connection.
  virtual rt::Task<Result<std::optional<Message>>> read() = 0;
  virtual rt::Task<Result<void>> write(std::string_view data, bool binary) = 0;
  virtual rt::Task<void> close(std::uint16_t code, std::string reason) = 0;
};

// One request and its response. Exactly one of respond, start or the upgrades is called.
class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual const RequestHead& head() const = 0;
  // The whole body. RequestEntityTooLarge beyond `limit_bytes`, Timeout when the client is too slow.
  virtual rt::Task<Result<std::string>> body(std::size_t limit_bytes) = 0;

  // A complete response; content-length is added.
  virtual rt::Task<void> respond(int status, Headers headers, std::vector<Piece> body) = 0;

  // A response of unknown length. `write` waits while the client is slow (back-pressure); it fails when the client is gone.
  virtual rt::Task<Result<void>> start(int status, Headers headers) = 0;
  virtual rt::Task<Result<void>> write(std::vector<Piece> pieces) = 0;

  // What the upgrades return must not outlive the handler; when the client goes away its reads end or fail, the handler is not
  // cancelled. BadRequest when the request came over HTTP/2, is no WebSocket handshake or offers none of `protocols` (the
  // server's order of preference).
  virtual rt::Task<Result<std::unique_ptr<WebSocket>>> upgrade_websocket(std::vector<std::string> protocols) = 0;
  // 101 to another protocol over the bare stream (SPDY/3.1, connection tunnels); HTTP/1.1 only.
  virtual rt::Task<Result<std::unique_ptr<rt::Stream>>> upgrade(std::string protocol, Headers headers) = 0;
};

// A handler that ends without a response, or by an exception before it started one, makes a 500; an exception later breaks the
// response off.
using Handler = std::function<rt::Task<void>(Exchange&)>;

}  // namespace charon::net

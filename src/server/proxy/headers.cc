#include "server/proxy/headers.h"

#include <algorithm>
#include <array>

#include "net/websocket.h"

namespace charon::server {
namespace {

constexpr std::array<std::string_view, 9> kOfOneConnection = {
    "connection",        "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade"};

bool of_one_connection(std::string_view name) { return std::ranges::find(kOfOneConnection, name) != kOfOneConnection.end(); }

bool for_the_server(std::string_view name) {
  return name == "authorization" || name.starts_with("impersonate-") || name.starts_with("x-remote-");
}

}  // namespace

net::Headers request_headers(const net::RequestHead& head) {
  bool upgrades = head.headers.has("upgrade");
  net::Headers kept;
  for (const auto& [name, value] : head.headers.items()) {
    if (for_the_server(name) || name == "host" || name == "content-length" || name == "sec-websocket-extensions") continue;
    if (of_one_connection(name) && !(upgrades && (name == "connection" || name == "upgrade"))) continue;
    kept.add(name, name == "sec-websocket-protocol" ? net::without_bearer_protocol(value) : value);
  }
  return kept;
}

void add_forwarded(const net::RequestHead& head, net::Headers& headers) {
  headers.add("x-forwarded-for", head.peer.host);
  headers.set("x-forwarded-host", std::string(head.headers.get("host")));
  headers.set("x-forwarded-proto", "https");
  headers.set("x-forwarded-uri", encode_path(head.path));
}

std::string encode_path(std::string_view path) {
  std::string encoded;
  while (!path.empty()) {
    std::size_t slash = path.find('/');
    encoded += net::percent_encode(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    encoded += '/';
    path.remove_prefix(slash + 1);
  }
  return encoded;
}

std::string with_query(std::string path, std::string_view query) {
  return query.empty() ? path : path.append("?").append(query);
}

bool has_no_body(std::string_view method, int status) { return method == "HEAD" || status == 204 || status == 304; }

net::Headers response_headers(const net::Headers& headers) {
  net::Headers kept;
  for (const auto& [name, value] : headers.items())
    if (!of_one_connection(name) && name != "content-length" && !name.starts_with(':')) kept.add(name, value);
  return kept;
}

std::string rewrite_location(std::string_view location, std::string_view origin, std::string_view prefix) {
  bool own = location.starts_with(origin) && (location.size() == origin.size() || location[origin.size()] == '/');
  if (own) location.remove_prefix(origin.size());
  bool below = own || (location.starts_with('/') && !location.starts_with("//"));
  return below ? std::string(prefix).append(location) : std::string(location);
}

}  // namespace charon::server

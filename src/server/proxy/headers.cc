#include "server/proxy/headers.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "net/websocket.h"

namespace charon::server {
namespace {

constexpr std::array<std::string_view, 10> kOfOneConnection = {
    "connection",       "expect", "keep-alive", "proxy-authenticate", "proxy-authorization",
    "proxy-connection", "te",     "trailer",    "transfer-encoding",  "upgrade"};

bool of_one_connection(std::string_view name) { return std::ranges::find(kOfOneConnection, name) != kOfOneConnection.end(); }

// The entries of a header that is a list, in lower case.
std::vector<std::string> entries_of(const net::Headers& headers, std::string_view name) {
  std::vector<std::string> entries;
  for (const auto& [header, value] : headers.items()) {
    if (header != name) continue;
    entries.emplace_back();
    for (char c : value) {
      if (c == ',') {
        entries.emplace_back();
      } else if (c != ' ' && c != '\t') {
        entries.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      }
    }
  }
  return entries;
}

bool lists(const std::vector<std::string>& entries, std::string_view name) {
  return std::ranges::find(entries, name) != entries.end();
}

// Servers that hand headers on as variables (CGI, WSGI) take "x_remote_user" for "x-remote-user".
bool for_the_server(std::string_view given) {
  std::string name(given);
  std::ranges::replace(name, '_', '-');
  return name == "authorization" || name.starts_with("impersonate-") || name.starts_with("x-remote-");
}

}  // namespace

bool wants_upgrade(const net::RequestHead& head) {
  return head.headers.has("upgrade") && lists(entries_of(head.headers, "connection"), "upgrade");
}

net::Headers request_headers(const net::RequestHead& head) {
  const std::vector<std::string> named = entries_of(head.headers, "connection");
  bool upgrades = wants_upgrade(head);
  net::Headers kept;
  for (const auto& [name, value] : head.headers.items()) {
    if (upgrades && name == "connection" && !kept.has(name)) kept.add(name, "Upgrade");
    if (upgrades && name == "upgrade") kept.add(name, value);
    if (of_one_connection(name) || lists(named, name) || for_the_server(name)) continue;
    if (name == "host" || name == "content-length" || name == "sec-websocket-extensions") continue;
    kept.add(name, name == "sec-websocket-protocol" ? net::without_bearer_protocol(value) : value);
  }
  return kept;
}

void add_forwarded(const net::RequestHead& head, net::Headers& headers) {
  std::string path;
  for (const auto& [name, value] : headers.items())
    if (name == "x-forwarded-for") path += value + ", ";
  headers.set("x-forwarded-for", path + head.peer.host);
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

bool is_final_status(int status) {
  constexpr int kFirst = 200;
  constexpr int kLast = 599;
  return status >= kFirst && status <= kLast;
}

std::string unexpected_status(int status) { return "it answered a plain request with status " + std::to_string(status); }

net::Headers response_headers(const net::Headers& headers) {
  const std::vector<std::string> named = entries_of(headers, "connection");
  net::Headers kept;
  for (const auto& [name, value] : headers.items())
    if (!of_one_connection(name) && !lists(named, name) && name != "content-length" && !name.starts_with(':'))
      kept.add(name, value);
  return kept;
}

std::string rewrite_location(std::string_view location, std::string_view origin, std::string_view prefix) {
  bool own = location.starts_with(origin) && (location.size() == origin.size() || location[origin.size()] == '/');
  if (own) location.remove_prefix(origin.size());
  bool below = own || (location.starts_with('/') && !location.starts_with("//"));
  return below ? std::string(prefix).append(location) : std::string(location);
}

}  // namespace charon::server

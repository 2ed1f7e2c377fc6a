// A proxied request and its response, less their bodies: headers (RFC 9110 7.6.1) and target.
#pragma once

#include <string>
#include <string_view>

#include "net/http.h"

namespace charon::server {

// What of a client's request goes on to a backend: not the credentials and impersonation, which are for the API server alone,
// nor what belongs to the one connection: hop-by-hop headers and those that `Connection` names. Of an upgrade, `Upgrade` goes
// on, and a `Connection` that names nothing else.
net::Headers request_headers(const net::RequestHead& head);
// Whether the client asks for another protocol on its connection: by `Upgrade`, and by `Connection` naming that.
bool wants_upgrade(const net::RequestHead& head);

// Tells a backend where the request came from and what it asked for. The list in X-Forwarded-For is one header, for many read
// the first one only: what the client says of itself must not be all that they see.
void add_forwarded(const net::RequestHead& head, net::Headers& headers);

// The request target of a decoded path and a raw query.
std::string encode_path(std::string_view path);
std::string with_query(std::string path, std::string_view query);

// Whether a response to `method` with this status carries none (RFC 9110 6.4.1).
bool has_no_body(std::string_view method, int status);

// Whether a backend's answer to a plain request is one: neither interim nor a change of the protocol, which nobody asked for,
// nor a number that means nothing (RFC 9110 15).
bool is_final_status(int status);
std::string unexpected_status(int status);

// What of a backend's response goes back. Its length is left to the connection.
net::Headers response_headers(const net::Headers& headers);

// A redirect of a backend as the client must follow it: a location on the backend itself, which knows itself as `origin`
// ("http://10.42.0.7:8080"), moves below `prefix` ("/api/v1/.../proxy"); others stay.
std::string rewrite_location(std::string_view location, std::string_view origin, std::string_view prefix);

}  // namespace charon::server

// The headers of a proxied request and of its response (RFC 9110 7.6.1).
#pragma once

#include <string>
#include <string_view>

#include "net/http.h"

namespace charon::server {

// What of a client's request goes on to a backend: not the credentials and impersonation, which are for the API server alone,
// nor what belongs to the one connection. An upgrade's own headers go on.
net::Headers request_headers(const net::RequestHead& head);

// What of a backend's response goes back. Its length is left to the connection.
net::Headers response_headers(const net::Headers& headers);

// A redirect of a backend as the client must follow it: a location on the backend itself, which knows itself as `origin`
// ("http://10.42.0.7:8080"), moves below `prefix` ("/api/v1/.../proxy"); others stay.
std::string rewrite_location(std::string_view location, std::string_view origin, std::string_view prefix);

}  // namespace charon::server

// From a URL to what it means (Kubernetes' RequestInfo).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/registry.h"
#include "net/http.h"
#include "server/request.h"

namespace charon::server {

struct Route {
  enum class Kind : std::uint8_t { Resource, Discovery, Other };
  Kind kind = Kind::Other;
  Request request;           // of a Resource
  std::string method;        // in lower case, for paths that are no resources
  std::string proxied_path;  // of the proxy subresource: what follows it, with its first slash; decoded
};

// NotFound for an unknown group, version, resource or subresource; MethodNotAllowed for a verb that the resource has not;
// BadRequest for malformed options.
Result<Route> route(const net::RequestHead& head, const model::KindRegistry& kinds);

// Watches and streams, which last as long as the client wants: Kubernetes' long-running requests.
bool is_long_running(const Request& request);

// A decoded path as it stands in a URL.
std::string encode_path(std::string_view path);

}  // namespace charon::server

// From a URL to what it means (Kubernetes' RequestInfo).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/registry.h"
#include "net/http.h"
#include "server/aggregation/api_services.h"
#include "server/request.h"

namespace charon::server {

// A resource as its path names it, whether there is one or not.
struct AskedResource {
  std::string_view verb;  // constants; empty for a method that means none
  std::string group;
  std::string version;
  std::string ns;
  std::string name;
  std::string plural;
  std::string subresource;
};

// Nullopt for a path that names none.
std::optional<AskedResource> asked_resource(const net::RequestHead& head);

// What a request to an aggregated server means, as far as its path tells.
struct RemoteRoute : AskedResource {
  ApiServicePtr service;
  bool resource = false;  // else it is for a document: discovery or OpenAPI, and names no resource
};

struct Route {
  enum class Kind : std::uint8_t { Resource, Remote, Discovery, Other };
  Kind kind = Kind::Other;
  Request request;                    // of a Resource; of the others only the user and the audit record
  std::optional<RemoteRoute> remote;  // of a Remote
  std::string method;                 // in lower case, for paths that are no resources
  std::string proxied_path;           // of the proxy subresource: what follows it, with its first slash; decoded

  std::string_view verb() const;  // of a resource; else the method
};

// Nullopt when no aggregated server is concerned.
std::optional<RemoteRoute> remote_route(const net::RequestHead& head, const ApiServices& services);

// NotFound for an unknown group, version, resource or subresource; MethodNotAllowed for a verb that the resource or subresource
// has not. Each is only for who may ask for that resource (asked_resource).
Result<Route> route(const net::RequestHead& head, const model::KindRegistry& kinds);

// Watches and streams, which last as long as the client wants: Kubernetes' long-running requests.
bool is_long_running(const Route& route);

}  // namespace charon::server

#include "server/front/route.h"

#include <algorithm>
#include <array>
#include <vector>

#include "net/query_flag.h"
#include "server/api.h"
#include "server/discovery/discovery.h"

namespace charon::server {
namespace {

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    std::size_t slash = std::min(path.find('/'), path.size());
    if (slash > 0) parts.push_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return parts;
}

Error page_not_found() {
  return {Reason::NotFound, "the server could not find the requested resource", std::make_shared<StatusDetails>()};
}

Error not_allowed() {
  return {Reason::MethodNotAllowed, "the server does not allow this method on the requested resource", nullptr};
}

// exec and its like open a stream; they are "create" or "get" to the authorizer as the method says.
std::string_view verb_of(std::string_view method, bool named, bool watching) {
  if (method == "GET" || method == "HEAD") return named && !watching ? "get" : watching ? "watch" : "list";
  if (method == "POST") return "create";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  if (method == "DELETE") return named ? "delete" : "deletecollection";
  return {};
}

// namespaces/NS/pods..., but namespaces/NS/status and /finalize are the namespace's own.
std::string take_namespace(std::vector<std::string_view>& parts) {
  if (parts.size() < 3 || parts[0] != "namespaces" || parts[2] == "status" || parts[2] == "finalize") return {};
  std::string ns(parts[1]);
  parts.erase(parts.begin(), parts.begin() + 2);
  return ns;
}

// The deprecated /watch/ form.
bool take_watch(std::vector<std::string_view>& parts) {
  if (parts.size() < 2 || parts[0] != "watch") return false;
  parts.erase(parts.begin());
  return true;
}

// `parts`: what follows group and version, at least one.
void read_resource(const net::RequestHead& head, std::vector<std::string_view> parts, AskedResource& asked) {
  bool watch_path = take_watch(parts);
  asked.ns = take_namespace(parts);
  asked.plural = parts[0];
  if (parts.size() > 1) asked.name = parts[1];
  if (parts.size() > 2) asked.subresource = parts[2];
  bool reading = head.method == "GET" || head.method == "HEAD";
  bool watching = watch_path || (reading && asked.name.empty() && net::query_flag(head.query, "watch").value_or(false));
  asked.verb = watch_path ? "watch" : verb_of(head.method, !asked.name.empty(), watching);
  if (asked.group.empty() && asked.plural == "namespaces") asked.ns = asked.name;
}

// What is wrong with them is told by the verbs that have them: nobody asks whether a read is only tried.
void read_options(std::string_view query, Request& request) {
  request.dry_run = net::query_value(query, "dryRun").has_value();
  std::string validation = net::query_value(query, "fieldValidation").value_or("");
  if (validation == "Strict") request.field_validation = FieldValidation::Strict;
  if (validation == "Ignore") request.field_validation = FieldValidation::Ignore;
  request.field_manager = net::query_value(query, "fieldManager").value_or("");
  request.label_selector = net::query_value(query, "labelSelector").value_or("");
  request.field_selector = net::query_value(query, "fieldSelector").value_or("");
}

// Whether the resource or subresource takes the verb. All namespaces together can only be listed and watched.
bool has_verb(const Request& request) {
  if (!request.subresource.empty()) {
    std::vector<std::string_view> verbs = subresource_verbs(request.subresource);
    return std::ranges::find(verbs, request.verb) != verbs.end();
  }
  bool everywhere = request.kind->namespaced && request.ns.empty();
  return request.kind->has_verb(request.verb) && (!everywhere || request.verb == "list" || request.verb == "watch");
}

}  // namespace

std::optional<AskedResource> asked_resource(const net::RequestHead& head) {
  std::vector<std::string_view> parts = split(head.path);
  bool core = !parts.empty() && parts[0] == "api";
  if (!core && (parts.empty() || parts[0] != "apis")) return std::nullopt;
  std::size_t prefix = core ? 2 : 3;
  if (parts.size() <= prefix) return std::nullopt;
  AskedResource asked;
  if (!core) asked.group = parts[1];
  asked.version = parts[prefix - 1];
  parts.erase(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(prefix));
  read_resource(head, std::move(parts), asked);
  return asked;
}

bool is_long_running(const Route& route) {
  constexpr std::array<std::string_view, 5> kStreams = {"attach", "exec", "log", "portforward", "proxy"};
  if (route.kind != Route::Kind::Resource && route.kind != Route::Kind::Remote) return false;
  const std::string& subresource = route.remote ? route.remote->subresource : route.request.subresource;
  return route.verb() == "watch" || std::ranges::find(kStreams, subresource) != kStreams.end();
}

std::string_view Route::verb() const {
  if (kind == Kind::Resource) return request.verb;
  return remote && remote->resource ? remote->verb : std::string_view(method);
}

std::optional<RemoteRoute> remote_route(const net::RequestHead& head, const ApiServices& services) {
  std::vector<std::string_view> parts = split(head.path);
  bool openapi = parts.size() == 5 && parts[0] == "openapi" && parts[1] == "v3" && parts[2] == "apis";
  if (openapi) parts.erase(parts.begin(), parts.begin() + 2);
  if (parts.size() < 3 || parts[0] != "apis") return std::nullopt;
  RemoteRoute route;
  route.service = services.find_remote(parts[1], parts[2]);
  if (!route.service) return std::nullopt;
  parts.erase(parts.begin(), parts.begin() + 3);
  if (parts.empty()) return route;
  route.resource = true;
  route.group = route.service->group;
  route.version = route.service->version;
  read_resource(head, std::move(parts), route);
  return route;
}

Result<Route> route(const net::RequestHead& head, const model::KindRegistry& kinds) {
  Route result;
  result.method = head.method;
  std::ranges::transform(result.method, result.method.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::vector<std::string_view> parts = split(head.path);
  bool core = !parts.empty() && parts[0] == "api";
  bool named_group = !parts.empty() && parts[0] == "apis";
  std::size_t prefix = core ? 2 : 3;
  if (!core && !named_group) return result;
  if (parts.size() <= prefix) {
    result.kind = Route::Kind::Discovery;
    return result;
  }
  model::GroupVersion gv{core ? std::string_view() : parts[1], core ? parts[1] : parts[2]};
  std::vector<std::string_view> rest(parts.begin() + static_cast<std::ptrdiff_t>(prefix), parts.end());
  Request& request = result.request;
  bool watch_path = take_watch(rest);
  request.ns = take_namespace(rest);
  request.kind = kinds.find_resource(gv, rest[0]);
  if (request.kind == nullptr || !model::served(*request.kind)) return fail(page_not_found());
  if (request.kind->namespaced ? rest.size() > 1 && request.ns.empty() : !request.ns.empty()) return fail(page_not_found());
  if (rest.size() > 1) request.name = rest[1];
  if (rest.size() > 2) request.subresource = rest[2];
  if (!request.subresource.empty() && !request.kind->has_subresource(request.subresource)) return fail(page_not_found());
  if (watch_path && !request.subresource.empty()) return fail(page_not_found());
  bool proxied = request.subresource == "proxy";
  if (rest.size() > 3 && !proxied) return fail(page_not_found());
  if (proxied) {
    result.proxied_path = head.path.substr(static_cast<std::size_t>(rest[2].data() + rest[2].size() - head.path.data()));
  } else {
    read_options(head.query, request);  // a proxied request's query is its backend's
  }
  // Only a list can be watched: an object that is named is read, whatever "watch" says.
  bool watching =
      watch_path || (net::query_flag(head.query, "watch").value_or(false) && head.method == "GET" && request.name.empty());
  if (watch_path && head.method != "GET" && head.method != "HEAD") return fail(not_allowed());
  request.verb = verb_of(head.method, !request.name.empty(), watching);
  // A named POST without subresource and an unnamed PUT or PATCH mean nothing.
  bool nonsense = (request.verb == "create" && !request.name.empty() && request.subresource.empty()) ||
                  ((request.verb == "update" || request.verb == "patch") && request.name.empty());
  if (request.verb.empty() || nonsense) return fail(not_allowed());
  if (!has_verb(request)) return fail(not_allowed());
  if (request.kind->kind == "Namespace" && gv.group.empty()) request.ns = request.name;
  result.kind = Route::Kind::Resource;
  return result;
}

}  // namespace charon::server

#include "server/aggregation/namespace_content.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "codec/json.h"
#include "codec/tree.h"
#include "rt/timeout.h"
#include "server/authn/request_header/request_header.h"
#include "server/proxy/tls_clients.h"
#include "server/webhook/caller.h"

namespace charon::server {
namespace {

constexpr std::size_t kAnswerBytes = 16u << 20;

bool has_verb(const codec::Value& resource, std::string_view verb) {
  const codec::Value* verbs = codec::find(resource, "verbs");
  return verbs != nullptr && verbs->is_array() &&
         std::ranges::find(verbs->get_array(), codec::Value(verb)) != verbs->get_array().end();
}

bool is_success(int status) { return status >= 200 && status < 300; }
bool is_not_served(int status) { return status == 404 || status == 405; }

Error refusal(const net::ClientResponse& response, const std::string& what) {
  std::string message = "status " + std::to_string(response.status);
  if (auto tree = codec::parse_json(response.body); tree && !codec::string_at(*tree, "message").empty())
    message = clipped(std::string(codec::string_at(*tree, "message")));
  return {reason_from("", response.status), what + ": " + message, nullptr};
}

rt::Task<Result<net::ClientResponse>> fetch(RemoteServers::Server server, net::ClientRequest request) {
  co_return co_await server.client->fetch(std::move(request), kAnswerBytes);
}

// Names go into paths: those that would mean another path are no names.
bool is_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos;
}

}  // namespace

struct NamespaceContent::Resource {
  ApiServicePtr service;
  std::string plural;
  std::string path;
  bool lists = false;
  bool removes_collections = false;
  std::string shown() const { return plural + "." + service->group; }
};

std::vector<NamespaceContent::Resource> NamespaceContent::resources(const ApiServices::Remote& remote,
                                                                    const std::string& ns) const {
  std::vector<Resource> found;
  for (const codec::Value& entry : remote.documents->resources) {
    std::string name(codec::string_at(entry, "resource"));
    if (codec::string_at(entry, "scope") != "Namespaced" || !has_verb(entry, "delete") || !is_name(name)) continue;
    std::string path =
        "/apis/" + remote.service->group_version() + "/namespaces/" + net::percent_encode(ns) + "/" + net::percent_encode(name);
    found.push_back(
        {remote.service, std::move(name), std::move(path), has_verb(entry, "list"), has_verb(entry, "deletecollection")});
  }
  return found;
}

rt::Task<Result<void>> NamespaceContent::remove(User user, std::string ns) {
  std::map<std::string, std::size_t> left;
  std::vector<std::string> failures;
  for (const ApiServices::Remote& remote : services_.remotes()) {
    if (!remote.service->available) {
      failures.push_back(remote.service->name + " is not available");
      continue;
    }
    for (const Resource& resource : resources(remote, ns)) {
      auto count = co_await remove_all(user, ns, resource);
      if (!count) failures.push_back(resource.shown() + ": " + count.error().message);
      // Other versions show the same objects.
      if (count && *count > 0) left[resource.shown()] = std::max(left[resource.shown()], *count);
    }
  }
  if (!failures.empty()) co_return fail(Reason::ServiceUnavailable, clipped(fmt::format("{}", fmt::join(failures, ", "))));
  if (left.empty()) co_return Result<void>();
  std::vector<std::string> parts;
  for (const auto& [name, count] : left) parts.push_back(fmt::format("{} has {} resource instances", name, count));
  co_return fail(Reason::Conflict, fmt::format("Some resources are remaining: {}", fmt::join(parts, ", ")));
}

rt::Task<Result<std::size_t>> NamespaceContent::remove_all(const User& user, const std::string& ns, const Resource& resource) {
  CO_TRY(check_allowed(user, ns, resource));
  std::optional<codec::Array> present;
  if (resource.lists) {
    CO_TRY_ASSIGN(present, co_await list(user, resource));
    if (!present || present->empty()) co_return std::size_t{0};
  }
  int status = 405;
  if (resource.removes_collections) {
    CO_TRY_ASSIGN(status, co_await remove_one(user, resource, resource.path));
  }
  if (!present) co_return std::size_t{0};
  if (is_not_served(status)) {
    for (const codec::Value& item : *present) {
      std::string_view name = codec::string_at_path(item, {"metadata", "name"});
      if (is_name(name)) CO_TRY(co_await remove_one(user, resource, resource.path + "/" + net::percent_encode(name)));
    }
  }
  CO_TRY_ASSIGN(present, co_await list(user, resource));
  co_return present ? present->size() : 0;
}

Result<void> NamespaceContent::check_allowed(const User& user, const std::string& ns, const Resource& resource) const {
  Attributes attributes;
  attributes.user = &user;
  attributes.verb = "deletecollection";
  attributes.group = resource.service->group;
  attributes.version = resource.service->version;
  attributes.resource = resource.plural;
  attributes.ns = ns;
  if (Decision decision = authorizer_.authorize(attributes); !decision.allowed) return fail(forbidden(attributes, decision));
  return {};
}

rt::Task<Result<std::optional<codec::Array>>> NamespaceContent::list(const User& user, const Resource& resource) {
  net::ClientRequest request;
  request.path = resource.path + "?limit=" + std::to_string(kItems);
  CO_TRY_ASSIGN(net::ClientResponse response, co_await call(user, resource.service, std::move(request)));
  if (is_not_served(response.status)) co_return std::optional<codec::Array>();
  if (!is_success(response.status)) co_return fail(refusal(response, "list"));
  CO_TRY_ASSIGN(codec::Value tree, codec::parse_json(response.body));
  codec::Value* items = codec::find(tree, "items");
  if (items == nullptr || !items->is_array()) co_return fail(Reason::BadRequest, "list: the answer is no list");
  codec::Array& all = items->get_array();
  if (all.size() > kItems) all.erase(all.begin() + kItems, all.end());
  co_return std::move(all);
}

rt::Task<Result<int>> NamespaceContent::remove_one(const User& user, const Resource& resource, std::string path) {
  net::ClientRequest request{.method = "DELETE", .path = std::move(path)};
  request.headers.add("content-type", "application/json");
  request.body = R"({"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Background"})";
  CO_TRY_ASSIGN(net::ClientResponse response, co_await call(user, resource.service, std::move(request)));
  // Conflict: it changed meanwhile, and is seen again by the next attempt.
  constexpr int kConflict = 409;
  if (!is_success(response.status) && !is_not_served(response.status) && response.status != kConflict)
    co_return fail(refusal(response, "delete"));
  co_return response.status;
}

rt::Task<Result<net::ClientResponse>> NamespaceContent::call(const User& user, ApiServicePtr service,
                                                             net::ClientRequest request) {
  CO_TRY_ASSIGN(RemoteServers::Server server, servers_.to(*service));
  request.headers.add("accept", "application/json");
  add_user_headers(user, request.headers);
  auto outcome = co_await rt::with_timeout(loop_, kCallTime, fetch(server, std::move(request)));
  if (!outcome) co_return fail(Reason::Timeout, service->name + " does not answer");
  if (!*outcome) co_return fail(outcome->error().reason, failure_text(outcome->error(), server.route.address));
  co_return std::move(**outcome);
}

}  // namespace charon::server

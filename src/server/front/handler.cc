#include <fmt/format.h>

#include <cctype>
#include <stdexcept>

#include "codec/tree.h"
#include "server/authn/impersonation/impersonation.h"
#include "server/discovery/discovery.h"
#include "server/front/call.h"
#include "server/openapi/openapi.h"
#include "server/prepare.h"

namespace charon::server {
namespace {

// The buckets of apiserver_request_duration_seconds.
const std::vector<double> kDurations = {0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2,
                                        3,     4,     5,    6,   8,   10,  15,  20,  30,  45,   60};

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

// Whether the user may ask for the resource that the path names, be there one or not.
Result<void> may_ask(const Authorizer& authorizer, const User& user, const net::RequestHead& head) {
  std::optional<AskedResource> asked = asked_resource(head);
  if (!asked) return {};
  Attributes attributes = attributes_of(*asked, user);
  if (Decision decision = authorizer.authorize(attributes); !decision.allowed) return fail(forbidden(attributes, decision));
  return {};
}

}  // namespace

Attributes attributes_of(const AskedResource& asked, const User& user) {
  return {.user = &user,
          .verb = asked.verb,
          .group = asked.group,
          .version = asked.version,
          .resource = asked.plural,
          .subresource = asked.subresource,
          .ns = asked.ns,
          .name = asked.name};
}

Front::Front(Api& api, const Authenticator& authenticator, const Authorizer& authorizer, Metrics& metrics,
             NodeConnections* nodes, std::optional<Aggregation> aggregation)
    : api_(api),
      authenticator_(authenticator),
      authorizer_(authorizer),
      nodes_(nodes),
      aggregation_(aggregation),
      discovery_(api.kinds(), aggregation ? &aggregation->services : nullptr),
      openapi_(api.kinds(), aggregation ? &aggregation->services : nullptr),
      metrics_(metrics),
      requests_total_(metrics.counter("apiserver_request_total", "Requests by verb, resource and code.",
                                      {"verb", "group", "version", "resource", "subresource", "code"})),
      request_duration_(metrics.histogram("apiserver_request_duration_seconds", "How long requests took, watches left out.",
                                          kDurations, {"verb", "group", "version", "resource", "subresource"})),
      inflight_(metrics.gauge("apiserver_current_inflight_requests", "Requests being served.", {"request_kind"})) {}

void Front::add_health_check(HealthCheck check) { checks_.push_back(std::move(check)); }

void Front::add_document(std::string path, JsonDocument document) { documents_[std::move(path)] = std::move(document); }

rt::Task<void> Front::handle(net::Exchange& exchange) {
  rt::Instant started = api_.loop().clock().now();
  Call call{exchange, exchange.head()};
  Result<void> served;
  try {
    served = co_await serve(call);
  } catch (const std::exception& error) {
    // A defect of ours in one request must not take the others down.
    served = fail(Reason::InternalError, std::string("an internal error occurred: ") + error.what());
  }
  if (!served && !call.started) co_await send_error(call, served.error());
  if (call.broken) throw std::runtime_error("the response is incomplete");
  const Request& request = call.request();
  if (call.route.kind != Route::Kind::Resource || !request.kind) co_return;
  count(call, attributes_of(request), started);
}

void Front::count(const Call& call, const Attributes& attributes, rt::Instant started) {
  std::vector<std::string> labels = {upper(attributes.verb), std::string(attributes.group), std::string(attributes.version),
                                     std::string(attributes.resource), std::string(attributes.subresource)};
  if (attributes.verb != "watch")
    request_duration_.histogram(labels).observe(std::chrono::duration<double>(api_.loop().clock().now() - started).count());
  labels.push_back(std::to_string(call.status));
  requests_total_.counter(labels).add();
}

rt::Task<Result<void>> Front::serve(Call& call) {
  CO_TRY_ASSIGN(std::optional<User> user, authenticator_.authenticate(call.head));
  CO_TRY_ASSIGN(call.user, impersonate(call.head, std::move(*user), authorizer_));
  if (aggregation_)
    if (std::optional<RemoteRoute> remote = remote_route(call.head, aggregation_->services))
      co_return co_await serve_remote(call, *std::move(remote));
  auto routed = route(call.head, api_.kinds());
  if (!routed) {
    // What there is not is a secret too: whether a custom resource is installed.
    CO_TRY(may_ask(authorizer_, call.user, call.head));
    co_return fail(std::move(routed.error()));
  }
  call.route = *std::move(routed);
  Request& request = call.request();
  request.user = call.user;
  Attributes attributes;
  attributes.user = &call.user;
  if (call.route.kind == Route::Kind::Resource) {
    attributes = attributes_of(request);
  } else {
    attributes.verb = call.route.method;
    attributes.path = call.head.path;
    attributes.resource_request = false;
  }
  if (Decision decision = authorizer_.authorize(attributes); !decision.allowed) co_return fail(forbidden(attributes, decision));
  if (call.route.kind != Route::Kind::Resource) co_return co_await serve_other(call);
  co_return co_await serve_resource(call);
}

rt::Task<Result<void>> Front::serve_other(Call& call) {
  const std::string& path = call.head.path;
  bool reading = call.head.method == "GET" || call.head.method == "HEAD";
  if (!reading) co_return fail(Reason::MethodNotAllowed, "the server does not allow this method on the requested resource");
  for (std::string_view root : {"/healthz", "/livez", "/readyz"})
    if (path == root || path.starts_with(std::string(root) + "/")) co_return co_await serve_health(call, path);
  if (path == "/metrics") {
    co_await send(call, 200, "text/plain; version=0.0.4; charset=utf-8", {net::Piece::of(metrics_.expose())});
    co_return Result<void>();
  }
  if (auto found = documents_.find(path); found != documents_.end()) {
    co_await send(call, 200, found->second.type, {net::Piece::of(found->second.json)});
    co_return Result<void>();
  }
  if (auto answer = discovery_.answer(path, call.head.headers.get("accept"))) {
    co_await send_answer(call, *std::move(answer));
    co_return Result<void>();
  }
  if (auto answer = openapi_.answer(path, call.head.headers.get("accept"))) {
    co_await send_answer(call, *std::move(answer));
    co_return Result<void>();
  }
  co_return fail(Reason::NotFound, "the server could not find the requested resource");
}

rt::Task<Result<void>> Front::serve_health(Call& call, std::string_view path) {
  path.remove_prefix(1);
  std::size_t slash = std::min(path.find('/'), path.size());
  std::string_view root = path.substr(0, slash);
  std::string_view wanted = slash < path.size() ? path.substr(slash + 1) : std::string_view();
  bool verbose = net::query_value(call.query(), "verbose").has_value();
  std::vector<std::string> excluded = net::query_values(call.query(), "exclude");
  std::string lines;
  bool healthy = true;
  bool found = wanted.empty();
  for (const HealthCheck& check : checks_) {
    if ((root == "livez" && !check.live) || (root == "readyz" && !check.ready)) continue;
    if (!wanted.empty() && check.name != wanted) continue;
    found = true;
    if (std::ranges::find(excluded, check.name) != excluded.end()) {
      lines += "[+]" + check.name + " excluded: ok\n";
      continue;
    }
    Result<void> outcome = check.check();
    healthy = healthy && outcome.has_value();
    // The reason is for those who may read it; the name tells everybody which part it is.
    lines += outcome ? "[+]" + check.name + " ok\n" : "[-]" + check.name + " failed: reason withheld\n";
  }
  if (!found) co_return fail(Reason::NotFound, "the server could not find the requested resource");
  std::string body = "ok";
  if (!healthy) {
    body = lines + std::string(root) + " check failed\n";
  } else if (verbose) {
    body = lines + std::string(root) + " check passed\n";
  }
  co_await send(call, healthy ? 200 : 500, "text/plain; charset=utf-8", {net::Piece::of(std::move(body))});
  co_return Result<void>();
}

rt::Task<Result<void>> Front::serve_resource(Call& call) {
  Request& request = call.request();
  bool watching = request.verb == "watch";
  const std::string& subresource = request.subresource;
  if (subresource == "proxy") co_return co_await serve_proxy(call);
  if (subresource == "log" || subresource == "exec" || subresource == "attach" || subresource == "portforward")
    co_return co_await serve_node_stream(call);
  if (!request.kind->deprecation.empty()) call.warnings.emplace_back(request.kind->deprecation);
  std::string accept(call.head.headers.get("accept"));
  CO_TRY_ASSIGN(call.media, negotiate(request.kind->custom ? without_protobuf(accept) : accept, watching));
  if (auto pretty = net::query_value(call.query(), "pretty"); pretty && !pretty->empty()) {
    call.media.pretty = call.media.pretty || (*pretty != "false" && *pretty != "0");
  } else if (is_read_by_people(call.head.headers.get("user-agent"))) {
    call.media.pretty = true;
  }
  if (watching) co_return co_await serve_watch(call);
  if (subresource == "scale") co_return co_await serve_scale(call);
  if (request.verb == "list") co_return co_await serve_list(call);
  if (request.verb == "get") {
    if (!subresource.empty() && !is_part_of_object(subresource))
      co_return fail(Reason::NotImplemented, "the subresource " + std::string(request.kind->plural) + "/" + subresource +
                                                 " is not served by this server yet");
    co_return co_await serve_get(call);
  }
  if (request.verb == "delete" || request.verb == "deletecollection") co_return co_await serve_delete(call);
  co_return co_await serve_write(call);
}

}  // namespace charon::server

#include <fmt/format.h>

#include <cctype>
#include <stdexcept>

#include "codec/tree.h"
#include "rt/eager_timeout.h"
#include "server/authn/impersonation/impersonation.h"
#include "server/discovery/discovery.h"
#include "server/front/call.h"
#include "server/openapi/openapi.h"
#include "server/prepare.h"
#include "server/version.h"

namespace charon::server {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

Attributes attributes_of(const AskedResource& asked) {
  return {.verb = asked.verb,
          .group = asked.group,
          .version = asked.version,
          .resource = asked.plural,
          .subresource = asked.subresource,
          .ns = asked.ns,
          .name = asked.name};
}

bool is_health_path(std::string_view path) {
  for (std::string_view root : {"/healthz", "/livez", "/readyz"})
    if (path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/')) return true;
  return false;
}

// Counts a request that lasts, for as long as it does.
class Lasting {
 public:
  explicit Lasting(Counter& gauge) : gauge_(gauge) { gauge_.add(1); }
  Lasting(const Lasting&) = delete;
  ~Lasting() { gauge_.add(-1); }

 private:
  Counter& gauge_;
};

Error too_many_requests() {
  auto details = std::make_shared<StatusDetails>();
  details->retry_after_s = 1;
  return {Reason::TooManyRequests, "Too many requests, please try again later.", std::move(details)};
}

}  // namespace

Front::Front(Api& api, const Authenticator& authenticator, const Authorizer& authorizer, Metrics& metrics,
             NodeConnections* nodes, std::optional<Aggregation> aggregation, audit::Auditor* auditor,
             const RequestLimits& limits)
    : api_(api),
      authenticator_(authenticator),
      authorizer_(authorizer),
      nodes_(nodes),
      aggregation_(aggregation),
      auditor_(auditor),
      ids_(api.random()),
      discovery_(api.kinds(), aggregation ? &aggregation->services : nullptr),
      openapi_(api.kinds(), aggregation ? &aggregation->services : nullptr),
      metrics_(metrics),
      request_metrics_(metrics),
      limits_(limits),
      inflight_(limits.inflight, metrics),
      remote_bodies_(api.loop()),
      proxied_bodies_(api.loop()),
      ending_(api.loop()) {
  codec::Value version = version_info();
  std::vector<std::string> labels;
  std::vector<std::string> values;
  for (auto [label, member] : {std::pair("major", "major"), std::pair("minor", "minor"), std::pair("git_version", "gitVersion"),
                               std::pair("platform", "platform")}) {
    labels.emplace_back(label);
    values.emplace_back(codec::string_at(version, member));
  }
  metrics.gauge("kubernetes_build_info", "What is running; the value is 1.", std::move(labels)).counter(values).set(1);
}

void Front::add_document(std::string path, JsonDocument document) { documents_[std::move(path)] = std::move(document); }

rt::Task<void> Front::handle(net::Exchange& exchange) {
  rt::Instant started = api_.loop().clock().now();
  Call call{exchange, exchange.head()};
  Result<void> served;
  std::string defect;
  try {
    served = co_await serve(call);
  } catch (const std::exception& error) {
    // A defect of ours in one request must not take the others down.
    defect = error.what();
    served = fail(Reason::InternalError, "an internal error occurred: " + defect);
  }
  if (!served && !call.started) co_await send_error(call, served.error());
  if (call.audit && defect.empty()) call.audit->complete(call.status);
  if (call.audit && !defect.empty()) call.audit->panicked(defect);
  if (call.series == nullptr) call.series = &request_metrics_.of(call.route, call.head.path, call.is_apply());
  double seconds = std::chrono::duration<double>(api_.loop().clock().now() - started).count();
  double webhooks = std::chrono::duration<double>(call.webhook_time).count();
  request_metrics_.done(*call.series,
                        {.code = call.status, .seconds = seconds, .webhook_seconds = webhooks, .bytes = call.sent_bytes});
  if (call.broken) throw std::runtime_error("the response is incomplete");
}

rt::Task<Result<void>> Front::serve(Call& call) {
  // Nothing happens unseen while the disk is slower than the requests.
  while (auditor_ != nullptr && auditor_->log().full()) co_await auditor_->log().room();
  CO_TRY(admit(call));
  const Request& request = call.request();
  call.series = &request_metrics_.of(call.route, call.head.path, call.is_apply());
  RequestMetrics::Series& series = *call.series;
  if (series.long_running != nullptr) {
    Lasting lasting(*series.long_running);
    co_return co_await serve_admitted(call);
  }
  if (is_health_path(call.head.path)) co_return co_await serve_admitted(call);
  std::string_view verb = call.route.verb();
  Inflight::Sort sort = verb == "get" || verb == "list" ? Inflight::Sort::Read : Inflight::Sort::Write;
  // Administrators are served at all times.
  if (!inflight_.has_room(sort) && !request.user.in_group("system:masters")) {
    request_metrics_.terminated(series, http_code(Reason::TooManyRequests));
    co_return fail(too_many_requests());
  }
  call.place.emplace(inflight_, sort);
  CO_TRY_ASSIGN(rt::Duration limit, allowed_time(call));
  if (limit == rt::Duration::zero()) co_return co_await serve_admitted(call);
  auto served = co_await rt::eager_timeout(api_.loop(), limit, serve_admitted(call));
  if (served) co_return std::move(*served);
  call.broken = call.started;
  request_metrics_.terminated(series, http_code(Reason::Timeout));
  co_return fail(Reason::Timeout, "Timeout: request did not complete within the allotted timeout");
}

rt::Task<Result<void>> Front::serve_admitted(Call& call) {
  if (call.route.kind == Route::Kind::Remote) co_return co_await serve_remote(call);
  if (call.route.kind != Route::Kind::Resource) co_return co_await serve_other(call);
  co_return co_await serve_resource(call);
}

// What another server answers is bounded where it is asked (front/aggregated.cc).
Result<rt::Duration> Front::allowed_time(const Call& call) const {
  rt::Duration limit = call.route.kind == Route::Kind::Remote ? rt::Duration::zero() : limits_.timeout;
  auto asked = net::query_value(call.query(), "timeout");
  if (!asked || asked->empty()) return limit;
  auto parsed = parse_go_duration(*asked);
  if (!parsed) return fail(bad_request("invalid timeout specified in the request URL - " + parsed.error().message));
  if (*parsed <= rt::Duration::zero()) return limit;
  return limit == rt::Duration::zero() ? *parsed : std::min<rt::Duration>(limit, *parsed);
}

Result<void> Front::admit(Call& call) {
  std::optional<RemoteRoute> remote;
  if (aggregation_) remote = remote_route(call.head, aggregation_->services);
  Result<Route> found = Route();
  if (remote) {
    found->kind = Route::Kind::Remote;
    found->remote = std::move(remote);
  } else {
    found = route(call.head, api_.kinds());
  }
  if (found) call.route = std::move(*found);
  // What there is not is a secret too, as whether a custom resource is installed: it is told to who may ask for it.
  std::optional<AskedResource> asked;
  if (!found) asked = asked_resource(call.head);
  Request& request = call.request();
  Attributes attributes;
  if (found && call.route.kind == Route::Kind::Resource) {
    attributes = attributes_of(request);
  } else if (call.route.remote && call.route.remote->resource) {
    attributes = attributes_of(*call.route.remote);
  } else if (asked) {
    call.route.method = lower(call.head.method);
    attributes = attributes_of(*asked);
  } else {
    call.route.method = lower(call.head.method);
    attributes.verb = call.route.method;
    attributes.path = call.head.path;
    attributes.resource_request = false;
  }
  request.webhook_time = &call.webhook_time;
  attributes.user = &request.user;
  auto user = authenticator_.authenticate(call.head);
  if (user) request.user = std::move(**user);
  using Authentication = RequestMetrics::Authentication;
  request_metrics_.authenticated(user ? Authentication::Success : Authentication::Failure, request.user.name);
  if (const auto& certificate = call.head.certificate; user && certificate && !certificate->by_proxy_authority)
    request_metrics_.certificate_expires_in(static_cast<double>(certificate->not_after_s - api_.loop().clock().wall().seconds));
  begin_audit(call, attributes);
  if (!user) return fail(std::move(user.error()));
  TRY_ASSIGN(std::optional<User> other, impersonate(call.head, request.user, authorizer_));
  if (other) {
    if (call.audit) call.audit->set_impersonated(*other);
    request.user = std::move(*other);
  }
  Decision decision = authorizer_.authorize(attributes);
  request_metrics_.authorized(decision.allowed);
  audit::annotate(request, "authorization.k8s.io/decision", decision.allowed ? "allow" : "forbid");
  audit::annotate(request, "authorization.k8s.io/reason", decision.reason);
  if (!decision.allowed) return fail(forbidden(attributes, decision));
  if (!found) return fail(std::move(found.error()));
  return {};
}

rt::Task<Result<void>> Front::serve_other(Call& call) {
  const std::string& path = call.head.path;
  bool reading = call.head.method == "GET" || call.head.method == "HEAD";
  if (!reading) co_return fail(Reason::MethodNotAllowed, "the server does not allow this method on the requested resource");
  if (is_health_path(path)) co_return co_await serve_health(call, path);
  if (path == "/metrics") {
    count_objects();
    co_await send(call, 200, "text/plain; version=0.0.4; charset=utf-8", {net::Piece::of(metrics_.expose())});
    co_return Result<void>();
  }
  if (path == "/metrics/slis") co_return co_await serve_indicators(call);
  if (path == "/") {
    co_await send_tree(call, 200, codec::Object{{"paths", paths()}}, nullptr);
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

void Front::count_objects() {
  auto& objects = metrics_.gauge("apiserver_resource_objects", "Objects that are stored, by resource.", {"group", "resource"});
  auto& named = metrics_.gauge("apiserver_storage_objects", "Objects that are stored, by resource.", {"resource"});
  for (const model::KindRef& kind : api_.kinds().all()) {
    if (!model::served(*kind) || !kind->canonical || !kind->has_verb("list")) continue;
    auto count = static_cast<double>(api_.caches().of(*kind).size());
    objects.counter({std::string(kind->gv.group), std::string(kind->plural)}).set(count);
    named.counter({kind->group_resource()}).set(count);
  }
}

rt::Task<Result<void>> Front::serve_resource(Call& call) {
  Request& request = call.request();
  bool watching = request.verb == "watch";
  const std::string& subresource = request.subresource;
  if (subresource == "proxy") co_return co_await serve_proxy(call);
  if (subresource == "log" || subresource == "exec" || subresource == "attach" || subresource == "portforward")
    co_return co_await serve_node_stream(call);
  if (!request.kind->deprecation.empty()) {
    call.warnings.emplace_back(request.kind->deprecation);
    audit::annotate(request, "k8s.io/deprecated", "true");
  }
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

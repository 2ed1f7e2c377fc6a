#include "server/aggregation/availability.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "api/apiregistration/v1/types.h"
#include "api/core/v1/types.h"
#include "api/discovery/v1/types.h"
#include "model/kind.h"
#include "rt/timeout.h"
#include "server/aggregation/remote_documents.h"
#include "server/authn/request_header/request_header.h"
#include "server/openapi/merge.h"
#include "server/own_request.h"

namespace charon::server {
namespace {

using namespace std::chrono_literals;

constexpr rt::Duration kLookAgain = 30s;
constexpr rt::Duration kFirstRetry = 1s;  // doubled with each failure, up to kLookAgain
constexpr rt::Duration kCallTime = 5s;
constexpr rt::Duration kOpenApiAge = 60s;
constexpr int kAttempts = 2;  // where there are several endpoints, the second asks another one
constexpr std::size_t kDiscoveryBytes = 4u << 20;
constexpr std::size_t kOpenApiBytes = 16u << 20;

constexpr std::string_view kServiceLabel = "kubernetes.io/service-name";

const model::Document& latest(const Change& change) { return change.after ? *change.after : *change.before; }

// Not what a check itself writes: a server whose answers vary would be asked without pause.
bool concerns_checks(const Change& change) {
  if (!change.before || !change.after) return true;
  auto before = change.before->as<apiregistration::v1::APIService>();
  auto after = change.after->as<apiregistration::v1::APIService>();
  return !after->spec.service || before->spec != after->spec;
}

User aggregator() { return {.name = "system:kube-aggregator", .groups = {"system:masters"}}; }

Condition unavailable(std::string reason, std::string message) {
  return {"Available", "False", std::move(reason), std::move(message)};
}

rt::Task<bool> wait_for(std::shared_ptr<rt::Event> event) {
  co_await event->wait();
  co_return true;
}

rt::Task<Result<net::ClientResponse>> fetch_with(RemoteServers::Server server, net::ClientRequest request,
                                                 std::size_t limit_bytes) {
  co_return co_await server.client->fetch(std::move(request), limit_bytes);
}

model::GroupVersion gv_of(const ApiService& service) { return {service.group, service.version}; }

std::string discovery_path(const ApiService& service) { return "/apis/" + service.group_version(); }

}  // namespace

Availability::Availability(Api& api, ApiServices& services, RemoteServers& servers, Metrics& metrics)
    : api_(api),
      services_(services),
      servers_(servers),
      unavailable_(
          metrics.gauge("aggregator_unavailable_apiservice", "API services that are not available, by name.", {"name"})),
      unavailable_total_(metrics.counter("aggregator_unavailable_apiservice_total",
                                         "How often API services became unavailable, by name and reason.", {"name", "reason"})),
      objects_(api.caches().of(api_service_kind())),
      service_objects_(api.caches().of(*model::find_kind({"", "v1"}, "Service"))),
      slices_(api.caches().of(*model::find_kind({"discovery.k8s.io", "v1"}, "EndpointSlice"))),
      scope_(api.loop()) {
  observe(api_service_kind(), [this](const Change& change) {
    if (concerns_checks(change)) look_at(latest(change).key().name);
  });
  observe(service_objects_.kind(), [this](const Change& change) { look_at_users_of(latest(change).key()); });
  observe(slices_.kind(), [this](const Change& change) {
    for (const auto& [name, value] : latest(change).labels())
      if (name == kServiceLabel) look_at_users_of({latest(change).key().ns, value});
  });
  for (const ApiServicePtr& service : services_.all()) look_at(service->name);
}

Availability::~Availability() = default;

void Availability::observe(const model::Kind& kind, Cache::Observer observer) {
  observations_.push_back(api_.caches().of(kind).observe(std::move(observer)));
}

void Availability::look_at(const std::string& name) {
  auto [place, fresh] = watchers_.try_emplace(name);
  if (fresh) {
    place->second = std::make_shared<Watcher>(api_.loop());
    scope_.spawn(watch_over(name, place->second));
  }
  place->second->changed.set();
}

void Availability::look_at_users_of(const ObjectKey& service) {
  for (const ApiServices::Remote& remote : services_.remotes())
    if (remote.service->service == service) look_at(remote.service->name);
}

rt::Task<void> Availability::watch_over(std::string name, std::shared_ptr<Watcher> watcher) {
  while (true) {
    watcher->changed.clear();
    ApiServicePtr service = services_.by_name(name);
    if (!service) break;
    Condition condition{"Available", "True", "Local", "Local APIServices are always available"};
    if (service->remote) condition = co_await check(service, watcher);
    bool available = condition.status == "True";
    watcher->failures = available ? 0 : watcher->failures + 1;
    bool written = (co_await write(name, std::move(condition))).has_value();
    if (!service->remote && written) {
      co_await watcher->changed.wait();
      continue;
    }
    rt::Duration pause = kLookAgain;
    if (!written || !available) pause = std::min(kLookAgain, kFirstRetry * (1 << std::min(watcher->failures, 5)));
    std::shared_ptr<rt::Event> changed(watcher, &watcher->changed);
    (void)co_await rt::with_timeout(api_.loop(), pause, wait_for(std::move(changed)));
  }
  unavailable_.counter({name}).set(0);
  watchers_.erase(name);
}

rt::Task<Condition> Availability::check(ApiServicePtr service, std::shared_ptr<Watcher> watcher) {
  auto documents = std::make_shared<RemoteDocuments>(*services_.documents(service->name));
  const bool was_current = documents->current;
  documents->current = false;
  std::optional<Condition> problem = check_service(*service);
  bool changed = was_current;
  if (!problem) {
    auto text = co_await read_discovery(service);
    if (!text) {
      problem = unavailable("FailedDiscoveryCheck", std::move(text.error().message));
    } else if (auto resources = read_resource_list(*text, gv_of(*service))) {
      changed = !was_current || documents->resources != *resources;
      documents->current = true;
      documents->resources = *std::move(resources);
    }
  }
  if (documents->current) {
    const auto v2_before = documents->openapi_v2;
    const std::string v3_before = documents->openapi_v3_hash;
    co_await read_openapi(service, watcher, *documents);
    changed = changed || v2_before != documents->openapi_v2 || v3_before != documents->openapi_v3_hash;
  }
  if (changed) services_.set_documents(*service, std::move(documents));
  if (problem) co_return *std::move(problem);
  co_return Condition{"Available", "True", "Passed", "all checks passed"};
}

// What the objects say, before anything is asked.
std::optional<Condition> Availability::check_service(const ApiService& service) const {
  const ObjectKey& key = service.service;
  DocumentPtr document = service_objects_.get(key);
  if (!document) return unavailable("ServiceNotFound", fmt::format("service/{} in \"{}\" is not present", key.name, key.ns));
  auto object = document->as<core::v1::Service>();
  if (object->spec.type != "ClusterIP") return std::nullopt;
  auto port = std::ranges::find(object->spec.ports, service.port, &core::v1::ServicePort::port);
  if (port == object->spec.ports.end())
    return unavailable("ServicePortError",
                       fmt::format("service/{} in \"{}\" is not listening on port {}", key.name, key.ns, service.port));
  bool any = false;
  slices_.each(key.ns, nullptr, [&](const DocumentPtr& slice) {
    const auto& labels = slice->labels();
    any = std::ranges::find(labels, std::pair<std::string, std::string>(kServiceLabel, key.name)) != labels.end();
    return !any;
  });
  if (!any)
    return unavailable("EndpointsNotFound",
                       fmt::format("cannot find endpointslices for service/{} in \"{}\"", key.name, key.ns));
  if (ready_endpoints(slices_, key, port->name).empty())
    return unavailable("MissingEndpoints",
                       fmt::format("endpointslices for service/{} in \"{}\" have no addresses with port name \"{}\"", key.name,
                                   key.ns, port->name));
  return std::nullopt;
}

rt::Task<Result<net::ClientResponse>> Availability::fetch(ApiServicePtr service, std::string path, net::Headers headers) {
  CO_TRY_ASSIGN(RemoteServers::Server server, servers_.to(*service));
  std::string url = "https://" + server.route.authority + path;
  add_user_headers(aggregator(), headers);
  const std::size_t limit = path.starts_with("/openapi/") ? kOpenApiBytes : kDiscoveryBytes;
  net::ClientRequest request{.path = std::move(path), .headers = std::move(headers)};
  auto outcome = co_await rt::with_timeout(api_.loop(), kCallTime, fetch_with(server, std::move(request), limit));
  if (!outcome) co_return fail(Reason::Timeout, "failing or missing response from " + url + ": context deadline exceeded");
  if (!*outcome) {
    const Error& error = outcome->error();
    co_return fail(error.reason, "failing or missing response from " + url + ": " + failure_text(error, server.route.address));
  }
  net::ClientResponse& response = **outcome;
  if (response.status != 304 && (response.status < 200 || response.status >= 300))
    co_return fail(reason_from("", response.status),
                   fmt::format("failing or missing response from {0}: bad status from {0}: {1}", url, response.status));
  co_return std::move(response);
}

rt::Task<Result<std::string>> Availability::read_discovery(ApiServicePtr service) {
  Error last;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto response = co_await fetch(service, discovery_path(*service), {{"accept", "application/json"}});
    if (response) co_return std::move(response->body);
    last = std::move(response.error());
  }
  co_return fail(std::move(last));
}

// Whatever is wrong with the answers: a server without OpenAPI serves its API all the same.
rt::Task<void> Availability::read_openapi(ApiServicePtr service, std::shared_ptr<Watcher> watcher, RemoteDocuments& documents) {
  rt::Instant now = api_.loop().clock().now();
  if (watcher->openapi_read && now - *watcher->openapi_read < kOpenApiAge) co_return;
  watcher->openapi_read = now;
  auto index = co_await fetch(service, "/openapi/v3", {{"accept", "application/json"}});
  if (index) documents.openapi_v3_hash = read_openapi_v3_hash(index->body, gv_of(*service)).value_or("");
  net::Headers headers{{"accept", "application/json"}};
  if (!watcher->openapi_v2_etag.empty() && documents.openapi_v2 != nullptr)
    headers.add("if-none-match", watcher->openapi_v2_etag);
  auto document = co_await fetch(service, "/openapi/v2", std::move(headers));
  if (!document || document->status == 304) co_return;
  watcher->openapi_v2_etag = document->headers.get("etag");
  documents.openapi_v2.reset();
  if (auto part = openapi_v2_part(document->body, discovery_path(*service) + "/"))
    documents.openapi_v2 = std::make_shared<const codec::Object>(*std::move(part));
}

rt::Task<Result<void>> Availability::write(std::string name, Condition condition) {
  unavailable_.counter({name}).set(condition.status == "True" ? 0 : 1);
  DocumentPtr document = objects_.get({"", name});
  if (!document) co_return Result<void>();
  codec::Value object = document->tree();
  const codec::Value before = object;
  const bool was_available = is_condition_true(object, condition.type);
  set_condition(object, condition, api_.loop().clock().wall());
  if (codec::equal(before, object)) co_return Result<void>();
  if (was_available) unavailable_total_.counter({name, condition.reason}).add();
  Request request = own_request("update", api_service_kind(), document->key());
  request.subresource = "status";
  auto written = co_await api_.update(std::move(request), std::move(object), nullptr);
  if (!written && written.error().reason != Reason::NotFound) co_return fail(std::move(written.error()));
  co_return Result<void>();
}

}  // namespace charon::server

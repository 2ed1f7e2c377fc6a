#include "server/front/request_metrics.h"

#include <algorithm>
#include <cctype>

namespace charon::server {
namespace {

// The buckets are kube-apiserver's.
const std::vector<double> kDurations = {0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2,
                                        3,     4,     5,    6,   8,   10,  15,  20,  30,  45,   60};
// Of the time that the server itself takes: what service level objectives are about.
const std::vector<double> kOwnDurations = {0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2, 3,
                                           4,    5,   6,   8,   10,  15,  20,  30,   45,  60};
const std::vector<double> kExpirations = {0,      1800,   3600,   7200,    21600,   43200,    86400,
                                          172800, 345600, 604800, 2592000, 7776000, 15552000, 31104000};
const std::vector<double> kSizes = {1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};

const std::vector<double> kEventSizes = {1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072};

const std::vector<std::string> kLabels = {"verb", "group", "version", "resource", "subresource", "scope", "component"};

std::vector<std::string> with(std::vector<std::string> labels, const char* more) {
  labels.emplace_back(more);
  return labels;
}

// What a request is about, whoever serves it; empty where the path is no resource.
struct Target {
  bool resource = false;
  std::string_view group;
  std::string_view version;
  std::string_view plural;
  std::string_view subresource;
  bool named = false;
  bool in_namespace = false;
};

Target target_of(const Route& route) {
  if (route.kind == Route::Kind::Resource) {
    const Request& request = route.request;
    const model::Kind& kind = *request.kind;
    return {true, kind.gv.group, kind.gv.version, kind.plural, request.subresource, !request.name.empty(), !request.ns.empty()};
  }
  if (!route.remote || !route.remote->resource) return {};
  const RemoteRoute& remote = *route.remote;
  return {true,
          remote.service->group,
          remote.service->version,
          remote.plural,
          remote.subresource,
          !remote.name.empty(),
          !remote.ns.empty()};
}

// Kubernetes counts by methods, but tells lists, watches, applies and connections apart.
std::string verb_of(const Route& route, bool apply) {
  std::string_view verb = route.verb();
  if (is_long_running(route) && verb != "watch" && target_of(route).subresource != "log") return "CONNECT";
  if (verb == "create") return "POST";
  if (verb == "update") return "PUT";
  if (verb == "patch" && apply) return "APPLY";
  std::string text(verb);
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  constexpr std::string_view kKnown[] = {"GET",  "LIST",   "WATCH", "POST", "PUT", "PATCH", "DELETE", "DELETECOLLECTION",
                                         "HEAD", "OPTIONS"};
  return std::ranges::find(kKnown, text) == std::end(kKnown) ? "other" : text;
}

std::string_view scope_of(const Route& route, const Target& target) {
  if (!target.resource) return "";
  if (target.named || route.verb() == "create") return "resource";
  return target.in_namespace ? "namespace" : "cluster";
}

// Names of users would be without end: what they begin with, and one for all others.
constexpr std::string_view kUsers[] = {"system:anonymous", "kubernetes-admin",       "system:kube-controller-manager",
                                       "system:node",      "system:serviceaccount:", "other"};

// Paths that are no resources and are told apart; the others are as one.
std::string_view path_label(std::string_view path) {
  constexpr std::string_view kPaths[] = {"/healthz", "/livez", "/readyz", "/metrics", "/version"};
  auto found = std::ranges::find(kPaths, path);
  return found == std::end(kPaths) ? std::string_view() : *found;
}

}  // namespace

RequestMetrics::RequestMetrics(Metrics& metrics)
    : total_(metrics.counter("apiserver_request_total", "Requests by verb, resource, scope and code.",
                             with(with(kLabels, "dry_run"), "code"))),
      durations_(metrics.histogram("apiserver_request_duration_seconds",
                                   "How long requests took, watches and streams left out.", kDurations,
                                   with(kLabels, "dry_run"))),
      own_durations_(metrics.histogram("apiserver_request_sli_duration_seconds",
                                       "How long requests took but for webhooks, watches and streams left out.", kOwnDurations,
                                       kLabels)),
      sizes_(metrics.histogram("apiserver_response_sizes", "Bytes of the bodies of responses, watches and streams left out.",
                               kSizes, kLabels)),
      long_running_(metrics.gauge("apiserver_longrunning_requests", "Watches and streams that are open.", kLabels)),
      terminations_(metrics.counter("apiserver_request_terminations_total",
                                    "Requests that the server ended to protect itself: too many at a time, or too slow.",
                                    with(kLabels, "code"))),
      watch_events_(
          metrics.counter("apiserver_watch_events_total", "Events sent to watches.", {"group", "version", "resource"})),
      watch_sizes_(metrics.histogram("apiserver_watch_events_sizes", "Bytes of the events sent to watches.", kEventSizes,
                                     {"group", "version", "resource"})),
      initial_events_(
          metrics.counter("apiserver_init_events_total", "Objects with which watches began.", {"group", "resource"})),
      terminated_watchers_(metrics.counter("apiserver_terminated_watchers_total",
                                           "Watches that were ended because their clients read too slowly.",
                                           {"group", "resource"})),
      certificates_(metrics
                        .histogram("apiserver_client_certificate_expiration_seconds",
                                   "How much longer the certificates are good by which requests were authenticated.",
                                   kExpirations)
                        .histogram({})),
      success_(metrics.counter("authentication_attempts", "Requests by whether their sender is known.", {"result"})
                   .counter({"success"})),
      failure_(metrics.counter("authentication_attempts", "", {"result"}).counter({"failure"})),
      allowed_(metrics.counter("apiserver_authorization_decisions_total", "Requests by whether they are allowed.", {"decision"})
                   .counter({"allowed"})),
      denied_(metrics.counter("apiserver_authorization_decisions_total", "", {"decision"}).counter({"denied"})) {
  auto& users = metrics.counter("authenticated_user_requests", "Requests by who sent them.", {"username"});
  for (std::string_view user : kUsers) users_.emplace_back(user, &users.counter({std::string(user)}));
}

RequestMetrics::Series& RequestMetrics::of(const Route& route, std::string_view path, bool apply) {
  // What a client makes up of another server's resources has no end, and of methods neither.
  Target target = target_of(route);
  if (route.kind == Route::Kind::Remote) target.plural = target.subresource = {};
  if (!target.resource) target.subresource = path_label(path);
  std::string_view scope = scope_of(route, target);
  std::string_view dry_run = route.request.dry_run ? "All" : "";
  key_.clear();
  auto add = [this](std::string_view part) { key_.append(part).append("\n"); };
  if (target.resource) add(route.verb());
  if (!target.resource) add(verb_of(route, apply));
  for (std::string_view part : {std::string_view(apply ? "apply" : ""), dry_run, target.group, target.version, target.plural,
                                target.subresource, scope})
    add(part);
  bool lasting = is_long_running(route);
  add(lasting ? "lasting" : "");
  if (auto found = series_.find(std::string_view(key_)); found != series_.end()) return found->second;
  Series& series = series_[key_];
  series.labels = {verb_of(route, apply)};
  for (std::string_view part : {target.group, target.version, target.plural, target.subresource, scope})
    series.labels.emplace_back(part);
  series.labels.emplace_back("apiserver");
  if (lasting) {
    series.long_running = &long_running_.counter(series.labels);
  } else {
    series.size = &sizes_.histogram(series.labels);
    series.own_duration = &own_durations_.histogram(series.labels);
  }
  series.labels.emplace_back(dry_run);
  if (!lasting) series.duration = &durations_.histogram(series.labels);
  return series;
}

void RequestMetrics::done(Series& series, const Outcome& outcome) {
  if (series.duration != nullptr) series.duration->observe(outcome.seconds);
  if (series.own_duration != nullptr) series.own_duration->observe(outcome.seconds - outcome.webhook_seconds);
  if (series.size != nullptr) series.size->observe(static_cast<double>(outcome.bytes));
  auto found = std::ranges::find(series.codes, outcome.code, &std::pair<int, Counter*>::first);
  if (found == series.codes.end()) {
    std::vector<std::string> labels = series.labels;
    labels.push_back(std::to_string(outcome.code));
    series.codes.emplace_back(outcome.code, &total_.counter(labels));
    found = series.codes.end() - 1;
  }
  found->second->add();
}

void RequestMetrics::terminated(const Series& series, int code) {
  std::vector<std::string> labels = series.labels;
  labels.back() = std::to_string(code);  // in the place of dry_run
  terminations_.counter(labels).add();
}

Counter& RequestMetrics::initial_events(const model::Kind& kind) {
  return initial_events_.counter({std::string(kind.gv.group), std::string(kind.plural)});
}

void RequestMetrics::watcher_terminated(const model::Kind& kind) {
  terminated_watchers_.counter({std::string(kind.gv.group), std::string(kind.plural)}).add();
}

Counter& RequestMetrics::watch_events(const model::Kind& kind) {
  return watch_events_.counter({std::string(kind.gv.group), std::string(kind.gv.version), std::string(kind.plural)});
}

Histogram& RequestMetrics::watch_event_sizes(const model::Kind& kind) {
  return watch_sizes_.histogram({std::string(kind.gv.group), std::string(kind.gv.version), std::string(kind.plural)});
}

void RequestMetrics::authenticated(Authentication outcome, std::string_view user) {
  if (outcome == Authentication::Failure) return failure_.add();
  success_.add();
  auto found = std::ranges::find_if(users_, [user](const auto& known) { return user.starts_with(known.first); });
  (found == users_.end() ? users_.back() : *found).second->add();
}

}  // namespace charon::server

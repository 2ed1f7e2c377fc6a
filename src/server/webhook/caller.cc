#include "server/webhook/caller.h"

#include <charconv>

#include "api/core/v1/types.h"
#include "api/discovery/v1/types.h"
#include "base/bytes.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "model/kind.h"
#include "rt/timeout.h"

namespace charon::server {
namespace {

constexpr std::size_t kClients = 200;             // kept for later calls
constexpr std::size_t kShownBytes = 2048;         // of an error's body
constexpr std::chrono::seconds kConnectTime{30};  // the call's own timeout is the narrower bound

bool is_success(int status) { return status >= 200 && status < 300; }

// What Kubernetes' client says to an answer without success (apimachinery's NewGenericServerResponse).
std::string complaint(int status, const net::ClientResponse& response) {
  if (auto tree = codec::parse_json(response.body); tree && codec::string_at(*tree, "kind") == "Status")
    return std::string(codec::string_at(*tree, "message"));
  switch (status) {
    case 400:
      return "the server rejected our request for an unknown reason";
    case 401:
      return "the server has asked for the client to provide credentials";
    case 404:
      return "the server could not find the requested resource";
    case 405:
      return "the server does not allow this method on the requested resource";
    case 409:
      return "the server reported a conflict";
    case 422:
      return "the server rejected our request due to an error in our request";
    case 429:
      return "the server has received too many requests and has asked us to try again later";
    case 503:
      return "the server is currently unable to handle the request";
    case 504:
      return "the server was unable to return a response in the time allotted, but may still be processing the request";
    default:
      break;
  }
  std::string shown = response.body.substr(0, kShownBytes);
  while (!shown.empty() && (shown.back() == '\n' || shown.back() == ' ')) shown.pop_back();
  if (shown.empty()) shown = "unknown";
  if (status == 403) return shown;
  if (status < 500)
    return "the server responded with the status code " + std::to_string(status) + " but did not return more information";
  return "an error on the server (" + codec::write_json(codec::Value(shown)) + ") has prevented the request from succeeding";
}

std::string cause(const Error& error, const rt::Address& address) {
  if (error.reason == Reason::Unauthorized) return "tls: failed to verify certificate: " + error.message;
  if (error.message.ends_with("Connection refused")) return "dial tcp " + address.text() + ": connect: connection refused";
  return error.message;
}

int port_number(const discovery::v1::EndpointSlice& slice, const std::string& name) {
  for (const auto& port : slice.ports)
    if (port.name.value_or("") == name && port.port) return *port.port;
  return 0;
}

rt::Task<Result<net::ClientResponse>> fetch(std::shared_ptr<net::HttpClient> client, net::ClientRequest request) {
  co_return co_await client->fetch(std::move(request), kWebhookAnswerBytes);
}

}  // namespace

Result<WebhookUrl> parse_webhook_url(std::string_view url) {
  constexpr std::string_view kScheme = "https://";
  auto malformed = [&] { return fail(Reason::BadRequest, "\"" + std::string(url) + "\" is not an https URL"); };
  if (!url.starts_with(kScheme)) return malformed();
  std::string_view rest = url.substr(kScheme.size());
  std::size_t slash = std::min(rest.find('/'), rest.size());
  WebhookUrl parsed;
  parsed.authority = rest.substr(0, slash);
  parsed.path = rest.substr(slash);
  std::string_view host = parsed.authority;
  std::size_t colon = host.rfind(':');
  if (host.starts_with('[')) {
    std::size_t bracket = host.find(']');
    if (bracket == std::string_view::npos) return malformed();
    colon = bracket + 1 < host.size() && host[bracket + 1] == ':' ? bracket + 1 : std::string_view::npos;
    parsed.host = host.substr(1, bracket - 1);
  } else {
    parsed.host = host.substr(0, colon);
  }
  if (parsed.host.empty()) return malformed();
  if (colon == std::string_view::npos) return parsed;
  std::string_view port = host.substr(colon + 1);
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), parsed.port);
  if (error != std::errc() || end != port.data() + port.size() || parsed.port < 1 || parsed.port > 65535) return malformed();
  return parsed;
}

WebhookCaller::WebhookCaller(rt::Loop& loop, rt::Net& net, Caches& caches)
    : loop_(loop),
      net_(net),
      services_(caches.of(*model::find_kind({"", "v1"}, "Service"))),
      slices_(caches.of(*model::find_kind({"discovery.k8s.io", "v1"}, "EndpointSlice"))) {}

Result<WebhookCaller::Route> WebhookCaller::route(const WebhookTarget& target) {
  if (target.url.empty()) return route_to_service(target);
  TRY_ASSIGN(WebhookUrl url, parse_webhook_url(target.url));
  return Route{rt::Address::tcp(url.host, static_cast<std::uint16_t>(url.port)), url.authority, url.host, url.path};
}

Result<WebhookCaller::Route> WebhookCaller::route_to_service(const WebhookTarget& target) {
  const model::ObjectKey& key = target.service;
  DocumentPtr document = services_.get(key);
  if (!document) return fail(Reason::NotFound, "service \"" + key.name + "\" not found");
  auto service = document->as<core::v1::Service>();
  const core::v1::ServicePort* port = nullptr;
  for (const auto& candidate : service->spec.ports)
    if (candidate.port == target.port) port = &candidate;
  if (port == nullptr)
    return fail(Reason::ServiceUnavailable,
                "no service port " + std::to_string(target.port) + " found for service \"" + key.name + "\"");
  Route route;
  route.server_name = key.name + "." + key.ns + ".svc";
  route.authority = route.server_name + ":" + std::to_string(target.port);
  route.path = target.path.starts_with('/') || target.path.empty() ? target.path : "/" + target.path;
  if (service->spec.type == "ExternalName") {
    route.address = rt::Address::tcp(service->spec.externalName, static_cast<std::uint16_t>(target.port));
    return route;
  }
  std::vector<rt::Address> ready;
  slices_.each(key.ns, nullptr, [&](const DocumentPtr& each) {
    auto slice = each->as<discovery::v1::EndpointSlice>();
    auto owner = slice->metadata.labels.find("kubernetes.io/service-name");
    if (owner == slice->metadata.labels.end() || owner->second != key.name) return true;
    int number = port_number(*slice, port->name);
    if (number == 0) return true;
    for (const auto& endpoint : slice->endpoints)
      if (endpoint.conditions.ready.value_or(true) && !endpoint.addresses.empty())
        ready.push_back(rt::Address::tcp(endpoint.addresses.front(), static_cast<std::uint16_t>(number)));
    return true;
  });
  if (ready.empty()) return fail(Reason::ServiceUnavailable, "no endpoints available for service \"" + key.name + "\"");
  route.address = ready[turn_++ % ready.size()];
  return route;
}

Result<std::shared_ptr<net::HttpClient>> WebhookCaller::client(const Route& route, const std::string& ca_pem) {
  std::string key = route.address.text() + " " + route.authority + " " + std::to_string(fnv1a_64(ca_pem)) + " " +
                    std::to_string(ca_pem.size());
  if (auto found = clients_.find(key); found != clients_.end()) return found->second;
  net::ClientOptions options;
  options.address = route.address;
  options.authority = route.authority;
  options.connect_timeout = kConnectTime;
  // One connection a call: a server behind many endpoints is not to be fed through a single HTTP/2 connection.
  TRY_ASSIGN(options.tls, net::make_tls_client({.ca_pem = ca_pem, .server_name = route.server_name, .alpn = {"http/1.1"}}));
  if (clients_.size() >= kClients) clients_.clear();
  std::shared_ptr<net::HttpClient> made = net::make_client(loop_, net_, std::move(options));
  clients_.emplace(std::move(key), made);
  return made;
}

rt::Task<Result<std::string>> WebhookCaller::post(Call call) {
  auto route = this->route(call.target);
  std::string seconds = std::to_string(std::chrono::ceil<std::chrono::seconds>(call.timeout).count()) + "s";
  bool service = call.target.url.empty();
  if (!route && !service) co_return fail(std::move(route.error()));
  std::string authority =
      service ? call.target.service.name + "." + call.target.service.ns + ".svc:" + std::to_string(call.target.port)
              : route->authority;
  std::string path = (route ? route->path : call.target.path) + "?timeout=" + seconds;
  if (!path.starts_with('/')) path.insert(0, "/");
  std::string context = "Post \"https://" + authority + path + "\"";
  if (!route) co_return fail_with(context, std::move(route.error()));
  auto client = this->client(*route, call.target.ca_pem);
  if (!client) co_return fail_with(context, std::move(client.error()));
  net::ClientRequest request;
  request.method = "POST";
  request.path = std::move(path);
  request.headers = {{"content-type", "application/json"},
                     {"accept", "application/json, */*"},
                     {"user-agent", "kube-apiserver-admission"},
                     {"idempotency-key", call.uid}};
  request.body = std::move(call.body);
  auto bounded = rt::with_timeout(loop_, call.timeout, fetch(*client, std::move(request)));
  auto outcome = co_await bounded;
  if (!outcome) co_return fail(Reason::Timeout, context + ": context deadline exceeded");
  if (!*outcome) {
    Error& error = outcome->error();
    co_return fail(error.reason, context + ": " + cause(error, route->address));
  }
  net::ClientResponse& response = **outcome;
  if (!is_success(response.status)) {
    // The reason carries the code for the metrics.
    co_return fail(reason_from("", response.status), complaint(response.status, response));
  }
  co_return std::move(response.body);
}

}  // namespace charon::server

#include "server/webhook/caller.h"

#include <charconv>

#include "codec/json.h"
#include "codec/tree.h"
#include "rt/timeout.h"

namespace charon::server {
namespace {

constexpr std::size_t kShownBytes = 2048;  // of an error's body

bool is_success(int status) { return status >= 200 && status < 300; }

// What Kubernetes' client says to an answer without success (apimachinery's NewGenericServerResponse).
std::string complaint(int status, const net::ClientResponse& response) {
  if (auto tree = codec::parse_json(response.body); tree && codec::string_at(*tree, "kind") == "Status")
    return clipped(std::string(codec::string_at(*tree, "message")));
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

rt::Task<Result<net::ClientResponse>> fetch(std::shared_ptr<net::HttpClient> client, net::ClientRequest request) {
  co_return co_await client->fetch(std::move(request), kWebhookAnswerBytes);
}

}  // namespace

std::string clipped(std::string text) {
  if (text.size() <= kWebhookTextBytes) return text;
  std::size_t end = kWebhookTextBytes;
  // Not within a character of UTF-8.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  return text.append("... (truncated)");
}

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

// One connection a call: a server behind many endpoints is not to be fed through a single HTTP/2 connection.
WebhookCaller::WebhookCaller(rt::Loop& loop, rt::Net& net, Caches& caches)
    : loop_(loop), services_(caches), clients_(loop, net, {.alpn = {"http/1.1"}}) {}

Result<WebhookCaller::Route> WebhookCaller::route(const WebhookTarget& target) {
  if (target.url.empty()) {
    TRY_ASSIGN(TlsRoute to, services_.to(target.service, target.port));
    return Route{std::move(to), target.path.starts_with('/') || target.path.empty() ? target.path : "/" + target.path};
  }
  TRY_ASSIGN(WebhookUrl url, parse_webhook_url(target.url));
  return Route{{rt::Address::tcp(url.host, static_cast<std::uint16_t>(url.port)), url.authority, url.host}, url.path};
}

rt::Task<Result<std::string>> WebhookCaller::post(Call call) {
  auto route = this->route(call.target);
  std::string seconds = std::to_string(std::chrono::ceil<std::chrono::seconds>(call.timeout).count()) + "s";
  bool service = call.target.url.empty();
  if (!route && !service) co_return fail(std::move(route.error()));
  std::string authority =
      service ? call.target.service.name + "." + call.target.service.ns + ".svc:" + std::to_string(call.target.port)
              : route->to.authority;
  std::string path = (route ? route->path : call.target.path) + "?timeout=" + seconds;
  if (!path.starts_with('/')) path.insert(0, "/");
  std::string context = "Post \"https://" + authority + path + "\"";
  if (!route) co_return fail_with(context, std::move(route.error()));
  auto client = clients_.to(route->to, {.ca_pem = call.target.ca_pem});
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
    co_return fail(error.reason, context + ": " + failure_text(error, route->to.address));
  }
  net::ClientResponse& response = **outcome;
  if (!is_success(response.status)) {
    // The reason carries the code for the metrics.
    co_return fail(reason_from("", response.status), complaint(response.status, response));
  }
  co_return std::move(response.body);
}

}  // namespace charon::server

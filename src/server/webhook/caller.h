// The way from the API server to a webhook, of admission or of conversion: HTTPS to a URL, or to a ready endpoint of a Service.
//
// The Service's address is not used: it need not route from where the server runs. The certificate must be for
// `<service>.<namespace>.svc`, or for the URL's host, under the webhook's own CA.
#pragma once

#include <chrono>
#include <string>

#include "base/result.h"
#include "rt/loop.h"
#include "rt/net.h"
#include "rt/task.h"
#include "server/cache.h"
#include "server/proxy/service_route.h"
#include "server/proxy/tls_clients.h"

namespace charon::server {

inline constexpr std::size_t kWebhookAnswerBytes = 8u << 20;  // a patch of a whole object, in base64, fits well

// What a webhook says goes into errors, and so to clients, watchers and the audit log: no more than this of it.
inline constexpr std::size_t kWebhookTextBytes = 16u << 10;
std::string clipped(std::string text);

// Where a webhook is served: a URL, or else a path and port of a Service.
struct WebhookTarget {
  std::string url;
  model::ObjectKey service;
  std::string path;
  int port = 443;
  std::string ca_pem;  // empty: the system's roots
};

class WebhookCaller {
 public:
  // All must outlive it and its calls.
  WebhookCaller(rt::Loop& loop, rt::Net& net, Caches& caches);

  struct Call {
    WebhookTarget target;
    std::string body;  // of the POST, JSON
    std::string uid;
    std::chrono::nanoseconds timeout{};
  };
  // The body of an answer with a status of success. The error's message is what went wrong, in the words of Kubernetes' client.
  rt::Task<Result<std::string>> post(Call call);

 private:
  struct Route {
    TlsRoute to;
    std::string path;
  };
  Result<Route> route(const WebhookTarget& target);

  rt::Loop& loop_;
  ServiceRoutes services_;
  TlsClients clients_;
};

struct WebhookUrl {
  std::string host;  // without the brackets of an IPv6 address
  int port = 443;
  std::string authority;  // as the URL has it
  std::string path;
};
// "https://host[:port]/path"; BadRequest for anything else.
Result<WebhookUrl> parse_webhook_url(std::string_view url);

}  // namespace charon::server

#include "server/aggregation/reader.h"

#include <optional>
#include <string>
#include <utility>

#include "codec/json.h"
#include "codec/tree.h"
#include "rt/timeout.h"
#include "server/authn/request_header/request_header.h"
#include "server/front/route.h"
#include "server/proxy/tls_clients.h"
#include "server/webhook/caller.h"

namespace charon::server {
namespace {

constexpr std::chrono::seconds kCallTime{30};
constexpr std::size_t kAnswerBytes = 16u << 20;

rt::Task<Result<net::ClientResponse>> fetch(RemoteServers::Server server, net::ClientRequest request) {
  co_return co_await server.client->fetch(std::move(request), kAnswerBytes);
}

Error refusal(const net::ClientResponse& response) {
  std::string message = "status " + std::to_string(response.status);
  if (auto tree = codec::parse_json(response.body); tree && !codec::string_at(*tree, "message").empty())
    message = clipped(std::string(codec::string_at(*tree, "message")));
  return {reason_from("", response.status), std::move(message), nullptr};
}

class AggregatedReader final : public client::PathReader {
 public:
  AggregatedReader(rt::Loop& loop, const ApiServices& services, RemoteServers& servers, const Authorizer& authorizer, User user)
      : loop_(loop), services_(services), servers_(servers), authorizer_(authorizer), user_(std::move(user)) {}

  rt::Task<Result<codec::Value>> get(std::string path) override {
    CO_TRY_ASSIGN(const ApiServicePtr service, find(path));
    CO_TRY_ASSIGN(RemoteServers::Server server, servers_.to(*service));
    net::ClientRequest request{.method = "GET", .path = std::move(path)};
    request.headers.add("accept", "application/json");
    add_user_headers(user_, request.headers);
    auto outcome = co_await rt::with_timeout(loop_, kCallTime, fetch(server, std::move(request)));
    if (!outcome) co_return fail(Reason::Timeout, service->name + " does not answer");
    if (!*outcome) co_return fail(outcome->error().reason, failure_text(outcome->error(), server.route.address));
    if ((*outcome)->status != 200) co_return fail(refusal(**outcome));
    co_return codec::parse_json((*outcome)->body);
  }

 private:
  // The server that has it, when the user may read there.
  Result<ApiServicePtr> find(const std::string& path) const {
    net::RequestHead head;
    head.method = "GET";
    const std::size_t query = path.find('?');
    head.path = net::percent_decode(path.substr(0, query)).value_or("");
    if (query != std::string::npos) head.query = path.substr(query + 1);
    const std::optional<RemoteRoute> route = remote_route(head, services_);
    if (!route) return fail(Reason::NotFound, "the server could not find the requested resource");
    Attributes attributes;
    attributes.user = &user_;
    attributes.verb = route->verb;
    attributes.group = route->group;
    attributes.version = route->version;
    attributes.resource = route->plural;
    attributes.subresource = route->subresource;
    attributes.ns = route->ns;
    attributes.name = route->name;
    if (Decision decision = authorizer_.authorize(attributes); !decision.allowed) return fail(forbidden(attributes, decision));
    if (!route->service->available)
      return fail(Reason::ServiceUnavailable, "the server is currently unable to handle the request");
    return route->service;
  }

  rt::Loop& loop_;
  const ApiServices& services_;
  RemoteServers& servers_;
  const Authorizer& authorizer_;
  User user_;
};

}  // namespace

std::unique_ptr<client::PathReader> make_aggregated_reader(rt::Loop& loop, const ApiServices& services, RemoteServers& servers,
                                                           const Authorizer& authorizer, User user) {
  return std::make_unique<AggregatedReader>(loop, services, servers, authorizer, std::move(user));
}

}  // namespace charon::server

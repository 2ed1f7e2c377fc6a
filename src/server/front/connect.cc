// log, exec, attach and portforward: requests that the node's agent answers, passed through.
#include <algorithm>
#include <chrono>

#include "codec/tree.h"
#include "rt/eager_timeout.h"
#include "rt/splice.h"
#include "server/front/call.h"
#include "server/front/connect_options.h"
#include "server/proxy/headers.h"

namespace charon::server {
namespace {

constexpr std::chrono::seconds kUpgradeTime{60};  // until the other side has answered

struct PodPlace {
  std::string node;
  std::string container;
};

std::vector<std::string> container_names(const codec::Value& pod) {
  std::vector<std::string> names;
  for (std::string_view list : {"containers", "initContainers", "ephemeralContainers"}) {
    const codec::Value* containers = codec::find_path(pod, {"spec", list});
    if (containers == nullptr || !containers->is_array()) continue;
    for (const codec::Value& container : containers->get_array()) names.emplace_back(codec::string_at(container, "name"));
  }
  return names;
}

Error no_host(const std::string& pod) { return bad_request("pod " + pod + " does not have a host assigned"); }

// Which node (none yet: empty) and container a request is about, with Kubernetes' complaints.
Result<PodPlace> find_place(const model::Document& document, std::string_view query) {
  codec::Value pod = document.tree();
  PodPlace place{std::string(codec::string_at_path(pod, {"spec", "nodeName"})),
                 net::query_value(query, "container").value_or("")};
  const std::string& name = document.key().name;
  std::vector<std::string> names = container_names(pod);
  const codec::Value* regular = codec::find_path(pod, {"spec", "containers"});
  if (place.container.empty()) {
    if (regular != nullptr && regular->is_array() && regular->get_array().size() > 1) {
      std::string list;
      for (const codec::Value& container : regular->get_array())
        list += (list.empty() ? "" : " ") + std::string(codec::string_at(container, "name"));
      return fail(bad_request("a container name must be specified for pod " + name + ", choose one of: [" + list + "]"));
    }
    place.container = names.front();
  } else if (std::ranges::find(names, place.container) == names.end()) {
    return fail(bad_request("container " + place.container + " is not valid for pod " + name));
  }
  return place;
}

}  // namespace

rt::Task<Result<void>> Front::serve_node_stream(Call& call) {
  Request& request = call.request();
  // A WebSocket begins with a GET, but reading is not what it is for: as of 1.35 Kubernetes asks for "create" whatever the
  // method (AuthorizePodWebsocketUpgradeCreatePermission).
  if (request.subresource != "log" && request.verb != "create") {
    Attributes attributes = attributes_of(request);
    attributes.verb = "create";
    if (Decision decision = authorizer_.authorize(attributes); !decision.allowed)
      co_return fail(forbidden(attributes, decision));
  }
  CO_TRY_ASSIGN(DocumentPtr pod, co_await api_.get(request));
  if (nodes_ == nullptr) co_return fail(Reason::ServiceUnavailable, "this server has no connection to nodes");
  std::string query = call.head.query;
  if (std::optional<ConnectOptions> options = connect_options(request, query)) {
    codec::Value asked = options->object;
    CO_TRY(co_await api_.admit(Operation::Connect, request, options->object, options->type, &call.warnings));
    if (!codec::equal(asked, options->object)) query = connect_query(options->object);
  }
  std::string target = request.ns + "/" + request.name;
  if (request.subresource == "portforward") {
    std::string node(codec::string_at_path(pod->tree(), {"spec", "nodeName"}));
    if (node.empty()) co_return fail(no_host(request.name));
    co_return co_await tunnel(call, std::move(node), "/portForward/" + target, std::move(query));
  }
  CO_TRY_ASSIGN(PodPlace place, find_place(*pod, query));
  target += "/" + place.container;
  if (request.subresource == "log" && place.node.empty()) {
    // What has not been anywhere has said nothing.
    net::Headers headers;
    call.name_request(headers);
    call.begin(204);
    co_await call.exchange.respond(204, std::move(headers), {});
    co_return Result<void>();
  }
  if (place.node.empty()) co_return fail(no_host(request.name));
  if (request.subresource == "log") co_return co_await pass_log(call, place.node, "/containerLogs/" + target);
  target.insert(0, request.subresource == "exec" ? "/exec/" : "/attach/");
  co_return co_await tunnel(call, place.node, std::move(target), std::move(query));
}

rt::Task<Result<void>> Front::pass_log(Call& call, std::string node, std::string path) {
  CO_TRY_ASSIGN(std::shared_ptr<net::HttpClient> client, nodes_->to(node));
  net::ClientRequest request;
  request.path = path + (call.head.query.empty() ? "" : "?" + call.head.query);
  CO_TRY_ASSIGN(std::unique_ptr<net::ClientStream> stream, co_await client->open(std::move(request)));
  if (stream->status() != 200) {
    CO_TRY_ASSIGN(std::string text, co_await stream->read());
    co_return fail(reason_from("", stream->status()), text.empty() ? "the node's agent refused the request" : text);
  }
  call.begin(200);
  CO_TRY(co_await call.exchange.start(200, call.headers("text/plain")));
  co_return co_await pass_body(call, *stream);
}

// What the other side sends, as it comes. Who reads a log may stop for as long as he likes.
rt::Task<Result<void>> Front::pass_body(Call& call, net::ClientStream& stream) {
  while (true) {
    auto bytes = co_await stream.read();
    call.broken = !bytes;
    if (!bytes) co_return fail(std::move(bytes.error()));
    if (bytes->empty()) co_return Result<void>();
    std::vector<net::Piece> pieces;
    pieces.push_back(net::Piece::of(*std::move(bytes)));
    CO_TRY(co_await call.exchange.write(std::move(pieces)));
  }
}

rt::Task<Result<void>> Front::tunnel(Call& call, std::string node, std::string path, std::string query) {
  std::string protocol(call.head.headers.get("upgrade"));
  if (protocol.empty()) co_return fail(bad_request("Upgrade request required"));
  CO_TRY_ASSIGN(std::shared_ptr<net::HttpClient> client, nodes_->to(node));
  net::ClientRequest request;
  request.method = call.head.method;
  request.path = path + (query.empty() ? "" : "?" + query);
  request.headers = request_headers(call.head);
  co_return co_await pass_upgrade(call, std::move(client), std::move(request));
}

rt::Task<Result<void>> Front::pass_upgrade(Call& call, std::shared_ptr<net::HttpClient> client, net::ClientRequest request) {
  auto upgraded = co_await rt::eager_timeout(api_.loop(), kUpgradeTime, client->upgrade(std::move(request)));
  if (!upgraded) co_return fail(Reason::Timeout, "the upgrade did not complete within the allotted timeout");
  CO_TRY_ASSIGN(net::Upgraded upstream, std::move(*upgraded));
  net::Headers headers = response_headers(upstream.headers);
  call.name_request(headers);
  call.begin(101);
  // From here on it lasts as long as both sides want.
  call.place.reset();
  std::string protocol(call.head.headers.get("upgrade"));
  CO_TRY_ASSIGN(std::unique_ptr<rt::Stream> stream, co_await call.exchange.upgrade(std::move(protocol), std::move(headers)));
  co_await rt::splice(api_.loop(), *stream, *upstream.stream);
  co_return Result<void>();
}

}  // namespace charon::server

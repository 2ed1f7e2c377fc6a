// The proxy subresource of pods, services and nodes: any request, passed on to what the object stands for.
#include <chrono>
#include <optional>

#include "codec/tree.h"
#include "rt/eager_timeout.h"
#include "server/front/call.h"
#include "server/front/connect_options.h"
#include "server/proxy/backend.h"
#include "server/proxy/headers.h"

namespace charon::server {
namespace {

constexpr std::chrono::minutes kUploadTime{10};  // of a body, which is held here; responses are passed on as they come

}  // namespace

rt::Task<Result<void>> Front::serve_proxy(Call& call) {
  if (nodes_ == nullptr) co_return fail(Reason::ServiceUnavailable, "this server has no connection to pods and nodes");
  CO_TRY_ASSIGN(Backend backend, find_backend(api_.caches(), api_.random(), call.request()));
  std::string options_query = "path=" + net::percent_encode(call.route.proxied_path);
  if (std::optional<ConnectOptions> options = connect_options(call.request(), options_query)) {
    CO_TRY(co_await api_.admit(Operation::Connect, call.request(), options->object, options->type, &call.warnings));
    call.route.proxied_path = codec::string_at(options->object, "path");
  }
  const net::RequestHead& head = call.head;
  bool upgrades = wants_upgrade(head);
  if (call.route.proxied_path.empty() && !upgrades) {
    // The backend's own relative links need a folder to stand in.
    net::Headers headers{{"location", with_query(encode_path(head.path) + "/", head.query)}};
    call.name_request(headers);
    call.begin(301);
    co_await call.exchange.respond(301, std::move(headers), {});
    co_return Result<void>();
  }
  std::shared_ptr<net::HttpClient> client;
  if (backend.agent_of.empty()) {
    CO_TRY_ASSIGN(client, nodes_->to_backend(backend.address, backend.address.text(), backend.tls));
  } else {
    CO_TRY_ASSIGN(client, nodes_->to(backend.agent_of));
  }
  net::ClientRequest request{.method = head.method, .headers = request_headers(head)};
  request.path = with_query(encode_path(call.route.proxied_path.empty() ? "/" : call.route.proxied_path), head.query);
  add_forwarded(head, request.headers);
  if (upgrades) co_return co_await pass_upgrade(call, std::move(client), std::move(request));
  auto received = co_await rt::eager_timeout(api_.loop(), kUploadTime, proxied_bodies_.receive(call.exchange));
  if (!received) co_return fail(Reason::Timeout, "the request's body did not arrive in time");
  CO_TRY_ASSIGN(BodyRoom::Body body, std::move(*received));
  request.body = std::move(body.text);
  std::optional<BodyRoom::Held> held(std::move(body.held));
  auto opened = co_await client->open(std::move(request));
  held.reset();
  if (!opened) co_return fail(Reason::ServiceUnavailable, "error trying to reach service: " + opened.error().message);
  if (int status = (*opened)->status(); !is_final_status(status))
    co_return fail(Reason::ServiceUnavailable, "error trying to reach service: " + unexpected_status(status));
  co_return co_await pass_response(call, std::move(*opened), (backend.tls ? "https://" : "http://") + backend.address.text());
}

rt::Task<Result<void>> Front::pass_response(Call& call, std::unique_ptr<net::ClientStream> stream, std::string origin) {
  net::Headers headers = response_headers(stream->headers());
  if (headers.has("location")) {
    std::string prefix = call.head.path.substr(0, call.head.path.size() - call.route.proxied_path.size());
    headers.set("location", rewrite_location(headers.get("location"), origin, encode_path(prefix)));
  }
  call.name_request(headers);
  call.begin(stream->status());
  if (has_no_body(call.head.method, call.status)) {
    co_await call.exchange.respond(call.status, std::move(headers), {});
    co_return Result<void>();
  }
  CO_TRY(co_await call.exchange.start(call.status, std::move(headers)));
  co_return co_await pass_body(call, *stream);
}

}  // namespace charon::server

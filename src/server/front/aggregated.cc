// Requests for what aggregated API servers serve: authorised here, passed on to them in the user's name.
#include <chrono>
#include <optional>

#include "rt/eager_timeout.h"
#include "rt/scope.h"
#include "rt/sync.h"
#include "server/authn/request_header/request_header.h"
#include "server/front/call.h"
#include "server/proxy/headers.h"

namespace charon::server {
namespace {

using namespace std::chrono_literals;

constexpr rt::Duration kRequestTime = 60s;  // kube-apiserver's --request-timeout; of what may last only until it begins
constexpr rt::Duration kDocumentTime = 5s;  // discovery and OpenAPI: one slow server is not to hold up who reads of all

Error unreachable(const std::string& why) {
  return {Reason::ServiceUnavailable, "error trying to reach service: " + why, nullptr};
}

using Bytes = Result<std::string>;

rt::Task<void> read_into(net::ClientStream* stream, std::optional<Bytes>* bytes, rt::Event* over) {
  bytes->emplace(co_await stream->read());
  over->set();
}

rt::Task<void> follow(rt::Event* from, rt::Event* to) {
  co_await from->wait();
  to->set();
}

// nullopt: `ending` came first.
rt::Task<std::optional<Bytes>> read_before(rt::Loop* loop, net::ClientStream* stream, rt::Event* ending) {
  std::optional<Bytes> bytes;
  rt::Event over(*loop);
  rt::Scope tasks(*loop);
  tasks.spawn(read_into(stream, &bytes, &over));
  tasks.spawn(follow(ending, &over));
  co_await over.wait();
  co_return std::move(bytes);
}

Error too_late() { return {Reason::Timeout, "request did not complete within the allotted timeout", nullptr}; }

}  // namespace

rt::Task<Result<void>> Front::serve_remote(Call& call) {
  const RemoteRoute& remote = *call.route.remote;
  if (!remote.service->available)
    co_return fail(Reason::ServiceUnavailable, "the server is currently unable to handle the request");
  const net::RequestHead& head = call.head;
  rt::Instant deadline = api_.loop().clock().now() + (remote.resource ? kRequestTime : kDocumentTime);
  net::ClientRequest request{.method = head.method, .headers = request_headers(head)};
  request.path = with_query(encode_path(head.path), head.query);
  add_forwarded(head, request.headers);
  add_user_headers(call.request().user, request.headers);
  request.headers.set("audit-id", call.audit_id);
  bool upgrades = wants_upgrade(head);
  std::optional<BodyRoom::Held> held;
  if (!upgrades) {
    auto received = co_await rt::eager_timeout(api_.loop(), kRequestTime, remote_bodies_.receive(call.exchange));
    if (!received) co_return fail(too_late());
    CO_TRY_ASSIGN(BodyRoom::Body body, std::move(*received));
    request.body = std::move(body.text);
    held.emplace(std::move(body.held));
  }
  auto server = aggregation_->servers.to(*remote.service);
  if (!server) co_return fail(unreachable(server.error().message));
  if (upgrades) co_return co_await pass_upgrade(call, server->client, std::move(request));
  auto opened =
      co_await rt::eager_timeout(api_.loop(), deadline - api_.loop().clock().now(), server->client->open(std::move(request)));
  if (!opened) co_return fail(too_late());
  if (!*opened) co_return fail(unreachable(failure_text(opened->error(), server->route.address)));
  held.reset();
  net::ClientStream& stream = ***opened;
  if (!is_final_status(stream.status())) co_return fail(unreachable(unexpected_status(stream.status())));
  if (stream.status() >= 300 && stream.status() < 400 && stream.headers().has("location")) {
    // Where a client is sent is for this server to say: it knows the client as somebody whom the other must not be.
    co_await send(call, 502, "text/plain; charset=utf-8",
                  {net::Piece::constant("the backend attempted to redirect this request, which is not permitted")});
    co_return Result<void>();
  }
  net::Headers headers = response_headers(stream.headers());
  call.name_request(headers);
  call.begin(stream.status());
  if (has_no_body(head.method, call.status)) {
    co_await call.exchange.respond(call.status, std::move(headers), {});
    co_return Result<void>();
  }
  CO_TRY(co_await call.exchange.start(call.status, std::move(headers)));
  if (call.route.verb() == "watch") co_return co_await pass_watch(call, stream);
  if (is_long_running(call.route)) co_return co_await pass_body(call, stream);
  co_return co_await pass_until(call, stream, deadline);
}

rt::Task<Result<void>> Front::pass_until(Call& call, net::ClientStream& stream, rt::Instant deadline) {
  while (true) {
    auto bytes = co_await rt::eager_timeout(api_.loop(), deadline - api_.loop().clock().now(), stream.read());
    call.broken = !bytes || !*bytes;
    if (!bytes) co_return fail(too_late());
    if (!*bytes) co_return fail(std::move(bytes->error()));
    if ((*bytes)->empty()) co_return Result<void>();
    std::vector<net::Piece> pieces;
    pieces.push_back(net::Piece::of(**std::move(bytes)));
    CO_TRY(co_await write(call, std::move(pieces), kSlowestWrite));
  }
}

// Servers write an event at a time, so that between two reads is between two events. Who watches may not stop reading, here as
// with this server's own objects.
rt::Task<Result<void>> Front::pass_watch(Call& call, net::ClientStream& stream) {
  while (true) {
    std::optional<Bytes> bytes = co_await read_before(&api_.loop(), &stream, &ending_);
    if (!bytes) co_return Result<void>();
    call.broken = !*bytes;
    if (!*bytes) co_return fail(std::move(bytes->error()));
    if ((*bytes)->empty()) co_return Result<void>();
    std::vector<net::Piece> pieces;
    pieces.push_back(net::Piece::of(**std::move(bytes)));
    CO_TRY(co_await write(call, std::move(pieces), kSlowestWrite));
  }
}

}  // namespace charon::server

#include "node/api/api.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "net/client.h"
#include "net/query_flag.h"
#include "net/spdy.h"
#include "node/logs/log_reader.h"
#include "node/streaming/channels.h"
#include "node/streaming/port_forward.h"
#include "node/streaming/remote_command.h"
#include "rt/splice.h"
#include "schema/convert.h"

namespace charon::node {
namespace {

constexpr std::size_t kForwardedPorts = 64;  // per request of the older WebSocket protocols, two channels each

std::vector<std::string> segments(std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    std::size_t slash = path.find('/');
    if (slash != 0) out.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return out;
}

bool flag(std::string_view query, std::string_view name) { return net::query_flag(query, name).value_or(false); }

// SPDY clients name the ports in their streams, those of the older WebSocket protocols in the query.
Result<std::vector<std::uint16_t>> ports_of(std::string_view query) {
  std::vector<std::uint16_t> ports;
  for (const std::string& list : net::query_values(query, "ports")) {
    std::string_view rest = list;
    while (!rest.empty()) {
      std::string_view text = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(text.size() + 1, rest.size()));
      std::uint16_t port = 0;
      auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
      if (error != std::errc() || end != text.data() + text.size() || port == 0)
        return fail(Reason::BadRequest, "invalid port \"" + std::string(text) + "\"");
      ports.push_back(port);
    }
  }
  if (ports.size() > kForwardedPorts) return fail(Reason::BadRequest, "too many ports to forward");
  return ports;
}

}  // namespace

Result<StreamUrl> parse_stream_url(std::string_view url) {
  if (!url.starts_with("http://"))
    return fail(Reason::InternalError, "the runtime's streaming address is not plain HTTP: " + std::string(url));
  url.remove_prefix(7);
  std::string_view authority = url.substr(0, url.find('/'));
  std::size_t colon = authority.rfind(':');
  std::uint16_t port = 80;
  std::string_view host = authority.substr(0, colon);
  if (colon != std::string_view::npos) {
    std::string_view digits = authority.substr(colon + 1);
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc() || end != digits.data() + digits.size())
      return fail(Reason::InternalError, "bad port in the runtime's streaming address");
  }
  if (host.starts_with("[") && host.ends_with("]")) host = host.substr(1, host.size() - 2);
  std::string path(url.substr(authority.size()));
  return StreamUrl{rt::Address::tcp(std::string(host), port), path.empty() ? "/" : path};
}

NodeApi::NodeApi(rt::Loop& loop, rt::Net& net, rt::Files& files, NodeAgent& agent, std::vector<std::string> allowed)
    : loop_(loop), net_(net), files_(files), agent_(agent), allowed_(std::move(allowed)) {}

Result<void> NodeApi::start(const rt::Address& address, std::shared_ptr<net::TlsServer> tls) {
  TRY_ASSIGN(std::unique_ptr<rt::Listener> listener, net_.listen(address));
  server_ =
      net::serve(loop_, std::move(listener), std::move(tls), [this](net::Exchange& exchange) { return handle(exchange); });
  return {};
}

rt::Task<void> NodeApi::shutdown() {
  if (server_) co_await server_->shutdown(std::chrono::seconds(1));
}

rt::Task<void> NodeApi::handle(net::Exchange& exchange) {
  auto done = co_await serve(exchange);
  if (done) co_return;
  std::vector<net::Piece> body;
  body.push_back(net::Piece::of(done.error().message + "\n"));
  co_await exchange.respond(http_code(done.error().reason), {{"content-type", "text/plain; charset=utf-8"}}, std::move(body));
}

rt::Task<Result<void>> NodeApi::serve(net::Exchange& exchange) {
  const net::RequestHead& head = exchange.head();
  std::vector<std::string> path = segments(head.path);
  if (path.size() == 1 && path[0] == "healthz") {
    std::vector<net::Piece> body;
    body.push_back(net::Piece::constant("ok"));
    co_await exchange.respond(200, {{"content-type", "text/plain; charset=utf-8"}}, std::move(body));
    co_return Result<void>();
  }
  if (!head.certificate) co_return fail(Reason::Unauthorized, "Unauthorized");
  if (std::find(allowed_.begin(), allowed_.end(), head.certificate->common_name) == allowed_.end())
    co_return fail(Reason::Forbidden, "Forbidden (user=" + head.certificate->common_name + ")");
  if (path.size() == 1 && path[0] == "pods") co_return co_await serve_pods(exchange);
  if (path.size() == 4 && path[0] == "containerLogs") co_return co_await serve_logs(exchange, std::move(path));
  if (path.size() == 4 && (path[0] == "exec" || path[0] == "attach"))
    co_return co_await serve_stream(exchange, std::move(path));
  if (path.size() == 3 && path[0] == "portForward") co_return co_await serve_stream(exchange, std::move(path));
  co_return fail(Reason::NotFound, "404 page not found");
}

rt::Task<Result<void>> NodeApi::serve_pods(net::Exchange& exchange) {
  std::string text = R"({"kind":"PodList","apiVersion":"v1","metadata":{},"items":[)";
  bool first = true;
  for (const core::v1::Pod& pod : agent_.pods()) {
    if (!std::exchange(first, false)) text += ',';
    codec::Value tree = schema::tree_from_struct(core::v1::Pod::table(), &pod);
    schema::append_canonical_json(core::v1::Pod::table(), tree, text);
  }
  text += "]}";
  std::vector<net::Piece> body;
  body.push_back(net::Piece::of(std::move(text)));
  co_await exchange.respond(200, {{"content-type", "application/json"}}, std::move(body));
  co_return Result<void>();
}

Result<std::string> NodeApi::running_container(const std::string& ns, const std::string& pod,
                                               const std::string& container) const {
  const ObservedPod* observed = agent_.observed(ns, pod);
  if (observed == nullptr) return fail(Reason::NotFound, "pod \"" + pod + "\" not found");
  const ObservedContainer* found = newest(*observed, container);
  if (found == nullptr || found->state != ObservedContainer::State::Running)
    return fail(Reason::NotFound, "container not found (\"" + container + "\")");
  return found->id;
}

Result<const ObservedContainer*> NodeApi::logged_container(const std::string& ns, const LogSource& source) const {
  const ObservedPod* observed = agent_.observed(ns, source.pod);
  const core::v1::PodStatus* status = agent_.status(ns, source.pod);
  if (observed == nullptr || status == nullptr) return fail(Reason::NotFound, "pod \"" + source.pod + "\" not found");
  PodPtr object = agent_.find_pod(ns, source.pod);
  if (!find_container(*object, source.container))
    return fail(Reason::NotFound, "container \"" + source.container + "\" not found in pod \"" + source.pod + "_" + ns + "\"");
  TRY_ASSIGN(const std::string id, log_container_id(*status, source));
  for (const ObservedContainer& candidate : observed->containers)
    if (candidate.id == id && !candidate.log_path.empty()) return &candidate;
  return fail(Reason::NotFound, "the log of container \"" + source.container + "\" is not there");
}

rt::Task<Result<void>> NodeApi::serve_logs(net::Exchange& exchange, std::vector<std::string> path) {
  CO_TRY_ASSIGN(LogOptions options, log_options(exchange.head().query, loop_.clock().wall()));
  CO_TRY_ASSIGN(const ObservedContainer* container, logged_container(path[1], {path[2], path[3], options.previous}));
  auto ended = [this, ns = path[1], pod = path[2], id = container->id] {
    const ObservedPod* observed = agent_.observed(ns, pod);
    if (observed == nullptr) return true;
    for (const auto& candidate : observed->containers)
      if (candidate.id == id) return candidate.state == ObservedContainer::State::Exited;
    return true;
  };
  LogReader reader(loop_, files_, container->log_path, options, ended);
  CO_TRY(reader.open());
  // From here on the response is under way: a failure only ends it. It begins before the first line is there, since only who
  // has been answered is missed when it goes away.
  auto started = co_await exchange.start(200, {{"content-type", "text/plain"}});
  while (started) {
    auto bytes = co_await reader.next();
    if (!bytes || bytes->empty()) break;
    std::vector<net::Piece> pieces;
    pieces.push_back(net::Piece::of(*std::move(bytes)));
    started = co_await exchange.write(std::move(pieces));
  }
  co_return Result<void>();
}

rt::Task<Result<std::string>> NodeApi::stream_url(std::vector<std::string> path, std::string query) {
  if (path[0] == "portForward") {
    const ObservedPod* observed = agent_.observed(path[1], path[2]);
    if (observed == nullptr || observed->sandboxes.empty() || !observed->sandboxes.front().ready)
      co_return fail(Reason::NotFound, "pod \"" + path[2] + "\" is not running");
    cri::v1::PortForwardRequest request;
    request.pod_sandbox_id = observed->sandboxes.front().id;
    CO_TRY_ASSIGN(std::vector<std::uint16_t> ports, ports_of(query));
    request.port.assign(ports.begin(), ports.end());
    co_return co_await agent_.runtime().port_forward(std::move(request));
  }
  CO_TRY_ASSIGN(std::string container, running_container(path[1], path[2], path[3]));
  bool tty = flag(query, "tty");
  if (path[0] == "attach") {
    cri::v1::AttachRequest request;
    request.container_id = std::move(container);
    request.stdin = flag(query, "stdin");
    request.stdout = flag(query, "stdout");
    request.stderr = flag(query, "stderr") && !tty;
    request.tty = tty;
    co_return co_await agent_.runtime().attach(std::move(request));
  }
  cri::v1::ExecRequest request;
  request.container_id = std::move(container);
  request.cmd = net::query_values(query, "command");
  if (request.cmd.empty()) co_return fail(Reason::BadRequest, "you must specify at least 1 of: command");
  request.stdin = flag(query, "stdin");
  request.stdout = flag(query, "stdout");
  request.stderr = flag(query, "stderr") && !tty;
  request.tty = tty;
  if (!request.stdin && !request.stdout && !request.stderr)
    co_return fail(Reason::BadRequest, "you must specify at least 1 of stdin, stdout, stderr");
  co_return co_await agent_.runtime().exec(std::move(request));
}

rt::Task<Result<void>> NodeApi::serve_stream(net::Exchange& exchange, std::vector<std::string> path) {
  const net::RequestHead& head = exchange.head();
  if (head.headers.get("upgrade").empty()) co_return fail(Reason::BadRequest, "unable to upgrade: missing upgrade headers");
  CO_TRY_ASSIGN(std::string url, co_await stream_url(path, head.query));
  if (!head.headers.has("sec-websocket-key")) co_return co_await tunnel(exchange, std::move(url));
  if (path[0] == "portForward") co_return co_await forward_ports(exchange, std::move(url));
  CO_TRY_ASSIGN(std::unique_ptr<rt::Stream> runtime, co_await open_spdy(std::move(url), "v4.channel.k8s.io"));
  CO_TRY_ASSIGN(std::unique_ptr<net::WebSocket> client, co_await exchange.upgrade_websocket(exec_protocols()));
  std::unique_ptr<net::SpdySession> command = net::make_spdy_session(loop_, std::move(runtime));
  bool terminal = flag(head.query, "tty");
  co_return co_await serve_command(loop_, *client, *command,
                                   {.standard_input = flag(head.query, "stdin"),
                                    .standard_output = flag(head.query, "stdout"),
                                    .standard_error = flag(head.query, "stderr") && !terminal,
                                    .terminal = terminal});
}

rt::Task<Result<void>> NodeApi::forward_ports(net::Exchange& exchange, std::string url) {
  CO_TRY_ASSIGN(std::vector<std::uint16_t> ports, ports_of(exchange.head().query));
  CO_TRY_ASSIGN(std::unique_ptr<rt::Stream> runtime, co_await open_spdy(std::move(url), "portforward.k8s.io"));
  CO_TRY_ASSIGN(std::unique_ptr<net::WebSocket> client, co_await exchange.upgrade_websocket(port_forward_protocols()));
  if (client->protocol() == kTunnelProtocol) {
    co_await serve_tunnel(loop_, *client, *runtime);
    co_return Result<void>();
  }
  std::unique_ptr<net::SpdySession> session = net::make_spdy_session(loop_, std::move(runtime));
  co_return co_await serve_ports(loop_, *client, *session, std::move(ports));
}

// `protocol`: what is spoken over the streams, "v4.channel.k8s.io" or "portforward.k8s.io".
rt::Task<Result<std::unique_ptr<rt::Stream>>> NodeApi::open_spdy(std::string url, std::string protocol) {
  CO_TRY_ASSIGN(StreamUrl target, parse_stream_url(url));
  std::unique_ptr<net::HttpClient> client = net::make_client(loop_, net_, {.address = target.address});
  net::ClientRequest request{
      .method = "POST",
      .path = target.path,
      .headers = {{"connection", "Upgrade"}, {"upgrade", "SPDY/3.1"}, {"x-stream-protocol-version", std::move(protocol)}}};
  CO_TRY_ASSIGN(net::Upgraded upgraded, co_await client->upgrade(std::move(request)));
  co_return std::move(upgraded.stream);
}

// For SPDY clients: their own session goes on to the runtime, byte by byte.
rt::Task<Result<void>> NodeApi::tunnel(net::Exchange& exchange, std::string url) {
  CO_TRY_ASSIGN(StreamUrl target, parse_stream_url(url));
  const net::RequestHead& head = exchange.head();
  std::string protocol(head.headers.get("upgrade"));
  std::unique_ptr<net::HttpClient> client = net::make_client(loop_, net_, {.address = target.address});
  net::ClientRequest request;
  request.method = head.method;
  request.path = target.path;
  for (const auto& [name, value] : head.headers.items())
    if (name != "host" && name != "content-length" && name != "authorization" && name != "origin")
      request.headers.add(name, value);
  CO_TRY_ASSIGN(net::Upgraded upstream, co_await client->upgrade(std::move(request)));
  net::Headers headers;
  for (const auto& [name, value] : upstream.headers.items())
    if (name != "connection" && name != "upgrade") headers.add(name, value);
  CO_TRY_ASSIGN(std::unique_ptr<rt::Stream> stream, co_await exchange.upgrade(std::move(protocol), std::move(headers)));
  co_await rt::splice(loop_, *stream, *upstream.stream);
  co_return Result<void>();
}

}  // namespace charon::node

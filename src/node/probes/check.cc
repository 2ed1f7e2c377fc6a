#include "node/probes/check.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <memory>
#include <utility>

#include "codec/utf8.h"
#include "net/client.h"
#include "net/tls.h"
#include "rt/timeout.h"

namespace charon::node {
namespace {

constexpr std::size_t kBodyBytes = 10u << 10;

CheckResult succeeded(std::string output) { return {CheckResult::Outcome::Success, std::move(output)}; }
CheckResult failed(std::string output) { return {CheckResult::Outcome::Failure, std::move(output)}; }
CheckResult unknown(std::string output) { return {CheckResult::Outcome::Unknown, std::move(output)}; }

rt::Task<CheckResult> check_exec(Runtime& runtime, std::string container_id, std::vector<std::string> command,
                                 rt::Duration limit) {
  std::int64_t limit_s = std::max<std::int64_t>(std::chrono::duration_cast<std::chrono::seconds>(limit).count(), 1);
  auto done = co_await runtime.exec_sync(std::move(container_id), std::move(command), limit_s);
  if (!done && done.error().reason == Reason::Timeout) co_return failed(done.error().message);
  if (!done) co_return unknown(done.error().message);
  std::string output = done->stdout + done->stderr;
  if (output.size() > kBodyBytes) output.resize(kBodyBytes);
  co_return done->exit_code == 0 ? succeeded(std::move(output)) : failed(std::move(output));
}

// A page may be of any length: only its beginning is read.
rt::Task<Result<CheckResult>> http_get(rt::Loop& loop, rt::Net& net, net::ClientOptions options, net::ClientRequest request) {
  std::unique_ptr<net::HttpClient> client = net::make_client(loop, net, std::move(options));
  CO_TRY_ASSIGN(std::unique_ptr<net::ClientStream> response, co_await client->open(std::move(request)));
  std::string body;
  while (body.size() < kBodyBytes) {
    CO_TRY_ASSIGN(std::string bytes, co_await response->read());
    if (bytes.empty()) break;
    body.append(bytes, 0, kBodyBytes - body.size());
  }
  // Redirects count as success, as their target may be another host.
  const int status = response->status();
  if (status >= 200 && status < 400) co_return succeeded(std::move(body));
  co_return failed("HTTP probe failed with statuscode: " + std::to_string(status));
}

rt::Task<CheckResult> check_http(rt::Loop& loop, rt::Net& net, core::v1::HTTPGetAction action, CheckTarget target,
                                 rt::Duration limit) {
  auto port = port_number(action.port, target.ports);
  if (!port) co_return unknown(port.error().message);
  std::string host = action.host.empty() ? target.pod_ip : action.host;
  net::ClientOptions options;
  options.address = rt::Address::tcp(host, *port);
  if (action.scheme == "HTTPS") {
    net::TlsClientOptions tls;
    tls.insecure_skip_verify = true;  // as documented: probes do not verify certificates
    tls.alpn = {"http/1.1"};
    auto made = net::make_tls_client(tls);
    if (!made) co_return unknown(made.error().message);
    options.tls = *made;
  }
  net::ClientRequest request;
  request.path = action.path.starts_with("/") ? action.path : "/" + action.path;
  request.headers.add("user-agent", "kube-probe/1.36");
  request.headers.add("accept", "*/*");
  for (const auto& header : action.httpHeaders) {
    std::string name;
    for (char c : header.name) name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (name == "host")
      options.authority = header.value;
    else
      request.headers.set(name, header.value);
  }
  auto done = co_await rt::with_timeout(loop, limit, http_get(loop, net, std::move(options), std::move(request)));
  if (!done) co_return failed("context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
  if (!*done) co_return failed((*done).error().message);
  co_return std::move(**done);
}

rt::Task<CheckResult> check_tcp(rt::Loop& loop, rt::Net& net, core::v1::TCPSocketAction action, CheckTarget target,
                                rt::Duration limit) {
  auto port = port_number(action.port, target.ports);
  if (!port) co_return unknown(port.error().message);
  std::string host = action.host.empty() ? target.pod_ip : action.host;
  auto done = co_await rt::with_timeout(loop, limit, net.connect(rt::Address::tcp(host, *port)));
  if (!done) co_return failed("dial tcp " + host + ":" + std::to_string(*port) + ": i/o timeout");
  if (!*done) co_return failed((*done).error().message);
  co_return succeeded("");
}

rt::Task<CheckResult> refuse(std::string why) { co_return unknown(std::move(why)); }

rt::Task<CheckResult> check_as_it_is(rt::Loop& loop, rt::Net& net, Runtime& runtime, core::v1::ProbeHandler handler,
                                     CheckTarget target, rt::Duration limit) {
  if (handler.exec) return check_exec(runtime, std::move(target.container_id), std::move(handler.exec->command), limit);
  if (handler.httpGet) return check_http(loop, net, std::move(*handler.httpGet), std::move(target), limit);
  if (handler.tcpSocket) return check_tcp(loop, net, std::move(*handler.tcpSocket), std::move(target), limit);
  return refuse(handler.grpc ? "gRPC probes are not supported" : "the probe names no action");
}

}  // namespace

Result<std::uint16_t> port_number(const IntOrString& port, const std::vector<core::v1::ContainerPort>& ports) {
  std::int32_t number = 0;
  if (port.is_int()) {
    number = port.as_int();
  } else {
    for (const auto& candidate : ports)
      if (candidate.name == port.as_string()) number = candidate.containerPort;
    if (number == 0) return fail(Reason::NotFound, "couldn't find port: " + port.as_string());
  }
  if (number <= 0 || number > 65535) return fail(Reason::BadRequest, "invalid port number: " + std::to_string(number));
  return static_cast<std::uint16_t>(number);
}

rt::Task<CheckResult> check(rt::Loop& loop, rt::Net& net, Runtime& runtime, core::v1::ProbeHandler handler, CheckTarget target,
                            rt::Duration limit) {
  CheckResult result = co_await check_as_it_is(loop, net, runtime, std::move(handler), std::move(target), limit);
  result.output = codec::to_valid_utf8(result.output);
  co_return result;
}

}  // namespace charon::node

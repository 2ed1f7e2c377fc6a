// NodeApi: the node's HTTPS API, as the API server and monitoring use it (the kubelet's paths): /healthz, /pods,
// /containerLogs/<ns>/<pod>/<container>, /exec, /attach and /portForward.
//
// Only a verified client certificate whose common name is one of `allowed` gets in (401 without one, 403 for others); /healthz
// is open. exec, attach and portForward reach the runtime's streaming server over SPDY/3.1: of a SPDY client the connection is
// passed through, a WebSocket client's channels (node/streaming) are translated.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/http.h"
#include "net/server.h"
#include "node/agent.h"
#include "node/logs/log_source.h"
#include "rt/files.h"
#include "rt/loop.h"
#include "rt/net.h"

namespace charon::node {

class NodeApi {
 public:
  // `agent` must outlive it. `allowed`: common names such as "kube-apiserver".
  NodeApi(rt::Loop& loop, rt::Net& net, rt::Files& files, NodeAgent& agent, std::vector<std::string> allowed);
  NodeApi(const NodeApi&) = delete;

  // Conflict when the port is taken. `tls` null serves plain text, for tests; then nobody is verified and nobody gets in.
  Result<void> start(const rt::Address& address, std::shared_ptr<net::TlsServer> tls);
  rt::Address local() const { return server_->local(); }
  rt::Task<void> shutdown();

 private:
  rt::Task<void> handle(net::Exchange& exchange);
  rt::Task<Result<void>> serve(net::Exchange& exchange);
  rt::Task<Result<void>> serve_pods(net::Exchange& exchange);
  rt::Task<Result<void>> serve_logs(net::Exchange& exchange, std::vector<std::string> path);
  rt::Task<Result<void>> serve_stream(net::Exchange& exchange, std::vector<std::string> path);
  rt::Task<Result<std::string>> stream_url(std::vector<std::string> path, std::string query);
  rt::Task<Result<void>> forward_ports(net::Exchange& exchange, std::string url);
  rt::Task<Result<std::unique_ptr<rt::Stream>>> open_spdy(std::string url, std::string protocol);
  rt::Task<Result<void>> tunnel(net::Exchange& exchange, std::string url);
  Result<std::string> running_container(const std::string& ns, const std::string& pod, const std::string& container) const;
  Result<const ObservedContainer*> logged_container(const std::string& ns, const LogSource& source) const;

  rt::Loop& loop_;
  rt::Net& net_;
  rt::Files& files_;
  NodeAgent& agent_;
  std::vector<std::string> allowed_;
  std::unique_ptr<net::HttpServer> server_;
};

// "http://127.0.0.1:35721/exec/abc" in its parts.
struct StreamUrl {
  rt::Address address;
  std::string path;  // with the query
};
Result<StreamUrl> parse_stream_url(std::string_view url);

}  // namespace charon::node

#include "cmd/compose/agent.h"

#include "api/cri/v1/types.h"
#include "cmd/pause/pause_image.h"
#include "node/cri/cri_runtime.h"
#include "node/volumes/mounts.h"
#include "server/version.h"

namespace charon::cmd {
namespace {

constexpr std::chrono::seconds kCriTimeout{30};
constexpr std::chrono::milliseconds kCriPoll{10};
// The API server's client certificate carries this name.
constexpr const char* kApiServerName = "kube-apiserver";

std::map<std::string, std::string, std::less<>> label_map(const std::vector<std::string>& labels) {
  std::map<std::string, std::string, std::less<>> map;
  for (const std::string& label : labels) {
    std::size_t equals = std::min(label.find('='), label.size());
    map[label.substr(0, equals)] = equals < label.size() ? label.substr(equals + 1) : "";
  }
  return map;
}

}  // namespace

// In the order in which they are made; destroyed the other way round.
struct Agent::Parts {
  std::unique_ptr<Containerd> containerd;  // null with the user's
  std::unique_ptr<net::GrpcChannel> channel;
  std::unique_ptr<node::Runtime> runtime;
  std::unique_ptr<node::NodeAgent> agent;
  std::unique_ptr<node::NodeApi> api;
  std::shared_ptr<net::TlsServer> tls;
};

std::string pods_dir(const std::string& data_dir) { return data_dir + "/pods"; }
std::string pods_memory_dir(const std::string& data_dir) { return data_dir + "/pods-memory"; }
std::string pod_addresses_dir(const std::string& data_dir) { return data_dir + "/cni-ipam"; }

Agent::Agent(Containerd::Host host, rt::Random& random, AgentSettings settings)
    : host_(host), random_(random), settings_(std::move(settings)), parts_(std::make_unique<Parts>()) {}

Agent::~Agent() = default;

std::string Agent::socket() const { return parts_->containerd ? parts_->containerd->socket() : settings_.containerd_socket; }

// The socket accepts before the CRI plugin behind it is initialized.
rt::Task<Result<void>> Agent::wait_for_cri() {
  rt::Instant deadline = host_.loop.clock().now() + kCriTimeout;
  while (true) {
    auto answer = co_await parts_->channel->call<cri::v1::VersionResponse>("/runtime.v1.RuntimeService/Version",
                                                                           cri::v1::VersionRequest(), std::chrono::seconds(5));
    if (answer) co_return Result<void>();
    if (host_.loop.clock().now() >= deadline)
      co_return fail_with("the container runtime at " + socket() + " does not answer; is its CRI plugin enabled?",
                          std::move(answer.error()));
    co_await rt::sleep(host_.loop, kCriPoll);
  }
}

rt::Task<Result<void>> Agent::start_runtime() {
  auto mounted = co_await node::mount_memory(host_.files, host_.process, pods_memory_dir(settings_.data_dir), "mode=0750");
  if (!mounted)
    co_return fail_with("no tmpfs for the secrets of pods (mounting needs CAP_SYS_ADMIN)", std::move(mounted.error()));
  if (settings_.containerd_socket.empty()) {
    parts_->containerd = std::make_unique<Containerd>(host_, ContainerdOptions{settings_.data_dir, std::string(kPauseImage)});
    CO_TRY(co_await parts_->containerd->start());
  }
  net::Headers metadata{{"containerd-namespace", "k8s.io"}};
  parts_->channel = net::make_grpc_channel(host_.loop, host_.net, rt::Address::unix_path(socket()), std::move(metadata));
  parts_->runtime = node::make_cri_runtime(*parts_->channel);
  CO_TRY(co_await wait_for_cri());
  if (!parts_->containerd) co_return Result<void>();
  // The pause image belongs to this binary: it is loaded when containerd does not have it yet.
  cri::v1::ImageStatusRequest question;
  question.image.emplace().image = std::string(kPauseImage);
  CO_TRY_ASSIGN(auto status, co_await parts_->channel->call<cri::v1::ImageStatusResponse>(
                                 "/runtime.v1.ImageService/ImageStatus", question, std::chrono::seconds(10)));
  if (status.image) co_return Result<void>();
  CO_TRY_ASSIGN(std::string archive, pause_image_archive());
  std::string path = settings_.data_dir + "/pause.tar";
  CO_TRY(host_.files.write_atomic(path, archive, 0600));
  CO_TRY(co_await parts_->containerd->import_image(path));
  co_return host_.files.remove_all(path);
}

Result<void> Agent::start(client::Transport& transport) {
  node::AgentOptions options;
  options.node.name = settings_.node_name;
  options.node.internal_ip = settings_.node_ip;
  options.node.api_port = kApiPort;
  options.node.labels = label_map(settings_.labels);
  options.node.pod_cidr = settings_.pod_cidr;
  options.node.version = server::kKubernetesVersion;
  options.node.data_dir = settings_.data_dir;
  // The pods reach what lies below through their mounts, other users not at all.
  options.pods.pods_dir = pods_dir(settings_.data_dir);
  options.pods.pods_memory_dir = pods_memory_dir(settings_.data_dir);
  TRY(host_.files.make_dirs(options.pods.pods_dir, 0750));
  options.pods.host_resolv_conf = host_.files.read("/etc/resolv.conf").value_or("");
  options.network.ipam_data_dir = pod_addresses_dir(settings_.data_dir);
  if (parts_->containerd) options.cni_conf_dir = settings_.data_dir + "/cni";
  parts_->agent = std::make_unique<node::NodeAgent>(host_.loop, host_.net, host_.files, host_.process, random_, transport,
                                                    *parts_->runtime, *parts_->channel, std::move(options));
  parts_->agent->start();
  parts_->api = std::make_unique<node::NodeApi>(host_.loop, host_.net, host_.files, *parts_->agent,
                                                std::vector<std::string>{kApiServerName});
  TRY_ASSIGN(parts_->tls, net::make_tls_server({.identity = settings_.serving, .client_ca_pem = settings_.client_ca_pem}));
  return parts_->api->start(rt::Address::tcp("0.0.0.0", kApiPort), parts_->tls);
}

Result<void> Agent::reload_certificates(net::KeyPair serving, std::string client_ca_pem) {
  if (!parts_->tls) return {};
  return parts_->tls->replace({.identity = std::move(serving), .client_ca_pem = std::move(client_ca_pem)});
}

rt::Task<void> Agent::shutdown() {
  if (parts_->api) co_await parts_->api->shutdown();
}

}  // namespace charon::cmd

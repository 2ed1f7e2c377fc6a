#include "node/cri/cri_runtime.h"

#include <chrono>
#include <utility>

namespace charon::node {
namespace {

using namespace std::chrono_literals;
using namespace cri::v1;

constexpr std::chrono::milliseconds kQuick = 10s;
// A sandbox waits for its network, a container for its snapshot.
constexpr std::chrono::milliseconds kSlow = 120s;
constexpr std::chrono::milliseconds kPull = 15min;
using Labels = std::map<std::string, std::string, std::less<>>;

class CriRuntime final : public Runtime {
 public:
  explicit CriRuntime(net::GrpcChannel& channel) : channel_(channel) {}

  rt::Task<Result<VersionResponse>> version() override {
    return channel_.call<VersionResponse>(runtime("Version"), VersionRequest{.version = "v1"}, kQuick);
  }
  rt::Task<Result<StatusResponse>> status() override {
    return channel_.call<StatusResponse>(runtime("Status"), StatusRequest{}, kQuick);
  }

  rt::Task<Result<std::string>> run_sandbox(PodSandboxConfig config, std::string handler) override {
    RunPodSandboxRequest request;
    request.config = std::move(config);
    request.runtime_handler = std::move(handler);
    CO_TRY_ASSIGN(auto response,
                  co_await channel_.call<RunPodSandboxResponse>(runtime("RunPodSandbox"), std::move(request), kSlow));
    co_return std::move(response.pod_sandbox_id);
  }
  rt::Task<Result<void>> stop_sandbox(std::string id) override {
    return done<StopPodSandboxResponse>("StopPodSandbox", StopPodSandboxRequest{.pod_sandbox_id = std::move(id)}, kSlow);
  }
  rt::Task<Result<void>> remove_sandbox(std::string id) override {
    return done<RemovePodSandboxResponse>("RemovePodSandbox", RemovePodSandboxRequest{.pod_sandbox_id = std::move(id)}, kSlow);
  }
  rt::Task<Result<PodSandboxStatus>> sandbox_status(std::string id) override {
    PodSandboxStatusRequest request;
    request.pod_sandbox_id = std::move(id);
    CO_TRY_ASSIGN(auto response,
                  co_await channel_.call<PodSandboxStatusResponse>(runtime("PodSandboxStatus"), std::move(request), kQuick));
    co_return response.status ? std::move(*response.status) : PodSandboxStatus{};
  }
  rt::Task<Result<std::vector<PodSandbox>>> list_sandboxes(Labels labels) override {
    ListPodSandboxRequest request;
    if (!labels.empty()) request.filter.emplace().label_selector = std::move(labels);
    CO_TRY_ASSIGN(auto response,
                  co_await channel_.call<ListPodSandboxResponse>(runtime("ListPodSandbox"), std::move(request), kQuick));
    co_return std::move(response.items);
  }

  rt::Task<Result<std::string>> create_container(std::string sandbox_id, ContainerConfig config,
                                                 PodSandboxConfig sandbox) override {
    CreateContainerRequest request;
    request.pod_sandbox_id = std::move(sandbox_id);
    request.config = std::move(config);
    request.sandbox_config = std::move(sandbox);
    CO_TRY_ASSIGN(auto response,
                  co_await channel_.call<CreateContainerResponse>(runtime("CreateContainer"), std::move(request), kSlow));
    co_return std::move(response.container_id);
  }
  rt::Task<Result<void>> start_container(std::string id) override {
    return done<StartContainerResponse>("StartContainer", StartContainerRequest{.container_id = std::move(id)}, kSlow);
  }
  rt::Task<Result<void>> stop_container(std::string id, std::int64_t grace_s) override {
    StopContainerRequest request;
    request.container_id = std::move(id);
    request.timeout = grace_s;
    return done<StopContainerResponse>("StopContainer", std::move(request), kSlow + std::chrono::seconds(grace_s));
  }
  rt::Task<Result<void>> remove_container(std::string id) override {
    return done<RemoveContainerResponse>("RemoveContainer", RemoveContainerRequest{.container_id = std::move(id)}, kSlow);
  }
  rt::Task<Result<ContainerStatus>> container_status(std::string id) override {
    ContainerStatusRequest request;
    request.container_id = std::move(id);
    CO_TRY_ASSIGN(auto response,
                  co_await channel_.call<ContainerStatusResponse>(runtime("ContainerStatus"), std::move(request), kQuick));
    co_return response.status ? std::move(*response.status) : ContainerStatus{};
  }
  rt::Task<Result<std::vector<Container>>> list_containers(Labels labels) override {
    ListContainersRequest request;
    if (!labels.empty()) request.filter.emplace().label_selector = std::move(labels);
    CO_TRY_ASSIGN(auto response,
                  co_await channel_.call<ListContainersResponse>(runtime("ListContainers"), std::move(request), kQuick));
    co_return std::move(response.containers);
  }

  rt::Task<Result<ExecSyncResponse>> exec_sync(std::string id, std::vector<std::string> command,
                                               std::int64_t timeout_s) override {
    ExecSyncRequest request;
    request.container_id = std::move(id);
    request.cmd = std::move(command);
    request.timeout = timeout_s;
    return channel_.call<ExecSyncResponse>(runtime("ExecSync"), std::move(request), kQuick + std::chrono::seconds(timeout_s));
  }
  rt::Task<Result<std::string>> exec(ExecRequest request) override {
    CO_TRY_ASSIGN(auto response, co_await channel_.call<ExecResponse>(runtime("Exec"), std::move(request), kQuick));
    co_return std::move(response.url);
  }
  rt::Task<Result<std::string>> attach(AttachRequest request) override {
    CO_TRY_ASSIGN(auto response, co_await channel_.call<AttachResponse>(runtime("Attach"), std::move(request), kQuick));
    co_return std::move(response.url);
  }
  rt::Task<Result<std::string>> port_forward(PortForwardRequest request) override {
    CO_TRY_ASSIGN(auto response,
                  co_await channel_.call<PortForwardResponse>(runtime("PortForward"), std::move(request), kQuick));
    co_return std::move(response.url);
  }

  rt::Task<Result<std::optional<Image>>> image_status(std::string image) override {
    ImageStatusRequest request;
    request.image.emplace().image = std::move(image);
    CO_TRY_ASSIGN(auto response,
                  co_await channel_.call<ImageStatusResponse>(images("ImageStatus"), std::move(request), kQuick));
    if (!response.image) co_return std::nullopt;
    co_return std::move(*response.image);
  }
  rt::Task<Result<std::string>> pull_image(std::string image, std::optional<AuthConfig> auth,
                                           PodSandboxConfig sandbox) override {
    PullImageRequest request;
    request.image.emplace().image = std::move(image);
    if (auth) request.auth = std::move(*auth);
    request.sandbox_config = std::move(sandbox);
    CO_TRY_ASSIGN(auto response, co_await channel_.call<PullImageResponse>(images("PullImage"), std::move(request), kPull));
    co_return std::move(response.image_ref);
  }
  rt::Task<Result<std::vector<Image>>> list_images() override {
    CO_TRY_ASSIGN(auto response, co_await channel_.call<ListImagesResponse>(images("ListImages"), ListImagesRequest{}, kQuick));
    co_return std::move(response.images);
  }

 private:
  static std::string runtime(std::string_view method) { return "/runtime.v1.RuntimeService/" + std::string(method); }
  static std::string images(std::string_view method) { return "/runtime.v1.ImageService/" + std::string(method); }

  template <class Response, class Request>
  rt::Task<Result<void>> done(std::string method, Request request, std::chrono::milliseconds timeout) {
    auto response = co_await channel_.call<Response>(runtime(method), std::move(request), timeout);
    if (!response) co_return fail(std::move(response.error()));
    co_return Result<void>();
  }

  net::GrpcChannel& channel_;
};

}  // namespace

std::unique_ptr<Runtime> make_cri_runtime(net::GrpcChannel& channel) { return std::make_unique<CriRuntime>(channel); }

}  // namespace charon::node

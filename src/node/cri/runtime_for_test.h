// A Runtime that is away: tests override what they need of it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "node/cri/runtime.h"

namespace charon::node {

class RuntimeForTest : public Runtime {
 public:
  using Labels = std::map<std::string, std::string, std::less<>>;

  rt::Task<Result<cri::v1::VersionResponse>> version() override { return away<cri::v1::VersionResponse>(); }
  rt::Task<Result<cri::v1::StatusResponse>> status() override { return away<cri::v1::StatusResponse>(); }
  rt::Task<Result<std::string>> run_sandbox(cri::v1::PodSandboxConfig, std::string) override { return away<std::string>(); }
  rt::Task<Result<void>> stop_sandbox(std::string) override { return away<void>(); }
  rt::Task<Result<void>> remove_sandbox(std::string) override { return away<void>(); }
  rt::Task<Result<cri::v1::PodSandboxStatus>> sandbox_status(std::string) override { return away<cri::v1::PodSandboxStatus>(); }
  rt::Task<Result<std::vector<cri::v1::PodSandbox>>> list_sandboxes(Labels) override {
    return away<std::vector<cri::v1::PodSandbox>>();
  }
  rt::Task<Result<std::string>> create_container(std::string, cri::v1::ContainerConfig, cri::v1::PodSandboxConfig) override {
    return away<std::string>();
  }
  rt::Task<Result<void>> start_container(std::string) override { return away<void>(); }
  rt::Task<Result<void>> stop_container(std::string, std::int64_t) override { return away<void>(); }
  rt::Task<Result<void>> remove_container(std::string) override { return away<void>(); }
  rt::Task<Result<cri::v1::ContainerStatus>> container_status(std::string) override { return away<cri::v1::ContainerStatus>(); }
  rt::Task<Result<std::vector<cri::v1::Container>>> list_containers(Labels) override {
    return away<std::vector<cri::v1::Container>>();
  }
  rt::Task<Result<cri::v1::ExecSyncResponse>> exec_sync(std::string, std::vector<std::string>, std::int64_t) override {
    return away<cri::v1::ExecSyncResponse>();
  }
  rt::Task<Result<std::string>> exec(cri::v1::ExecRequest) override { return away<std::string>(); }
  rt::Task<Result<std::string>> attach(cri::v1::AttachRequest) override { return away<std::string>(); }
  rt::Task<Result<std::string>> port_forward(cri::v1::PortForwardRequest) override { return away<std::string>(); }
  rt::Task<Result<std::optional<cri::v1::Image>>> image_status(std::string) override {
    return away<std::optional<cri::v1::Image>>();
  }
  rt::Task<Result<std::string>> pull_image(std::string, std::optional<cri::v1::AuthConfig>,
                                           cri::v1::PodSandboxConfig) override {
    return away<std::string>();
  }
  rt::Task<Result<std::vector<cri::v1::Image>>> list_images() override { return away<std::vector<cri::v1::Image>>(); }

 private:
  template <class T>
  static rt::Task<Result<T>> away() {
    co_return fail(Reason::ServiceUnavailable, "the runtime is away");
  }
};

}  // namespace charon::node

// Runtime: the container runtime of a node as the agent uses it (CRI v1). Implementations: cri/cri_runtime.h (any CRI runtime
// over gRPC) and the fake of the tests.
//
// Lives on one loop. Errors: NotFound for unknown ids, ServiceUnavailable while the runtime is away, else InternalError with
// the runtime's text.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/cri/v1/types.h"
#include "base/result.h"
#include "rt/task.h"

namespace charon::node {

class Runtime {
 public:
  virtual ~Runtime() = default;

  virtual rt::Task<Result<cri::v1::VersionResponse>> version() = 0;
  virtual rt::Task<Result<cri::v1::StatusResponse>> status() = 0;

  virtual rt::Task<Result<std::string>> run_sandbox(cri::v1::PodSandboxConfig config, std::string handler) = 0;  // its id
  virtual rt::Task<Result<void>> stop_sandbox(std::string id) = 0;
  virtual rt::Task<Result<void>> remove_sandbox(std::string id) = 0;
  virtual rt::Task<Result<cri::v1::PodSandboxStatus>> sandbox_status(std::string id) = 0;
  // Those that carry all of these labels.
  virtual rt::Task<Result<std::vector<cri::v1::PodSandbox>>> list_sandboxes(
      std::map<std::string, std::string, std::less<>> labels) = 0;

  virtual rt::Task<Result<std::string>> create_container(std::string sandbox_id, cri::v1::ContainerConfig config,
                                                         cri::v1::PodSandboxConfig sandbox) = 0;  // its id
  virtual rt::Task<Result<void>> start_container(std::string id) = 0;
  // Returns when the container has stopped: after its own exit, or the kill at the end of the grace period.
  virtual rt::Task<Result<void>> stop_container(std::string id, std::int64_t grace_s) = 0;
  virtual rt::Task<Result<void>> remove_container(std::string id) = 0;
  virtual rt::Task<Result<cri::v1::ContainerStatus>> container_status(std::string id) = 0;
  virtual rt::Task<Result<std::vector<cri::v1::Container>>> list_containers(
      std::map<std::string, std::string, std::less<>> labels) = 0;

  // Timeout when the command took longer.
  virtual rt::Task<Result<cri::v1::ExecSyncResponse>> exec_sync(std::string id, std::vector<std::string> command,
                                                                std::int64_t timeout_s) = 0;
  // The URL to stream on.
  virtual rt::Task<Result<std::string>> exec(cri::v1::ExecRequest request) = 0;
  virtual rt::Task<Result<std::string>> attach(cri::v1::AttachRequest request) = 0;
  virtual rt::Task<Result<std::string>> port_forward(cri::v1::PortForwardRequest request) = 0;

  // nullopt when the image is not here.
  virtual rt::Task<Result<std::optional<cri::v1::Image>>> image_status(std::string image) = 0;
  virtual rt::Task<Result<std::string>> pull_image(std::string image, std::optional<cri::v1::AuthConfig> auth,
                                                   cri::v1::PodSandboxConfig sandbox) = 0;  // the image's reference
  virtual rt::Task<Result<std::vector<cri::v1::Image>>> list_images() = 0;
};

}  // namespace charon::node

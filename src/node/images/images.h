// Images: makes sure that a container's image is on the node, by its pull policy, with the pod's pull secrets.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/core/v1/types.h"
#include "api/cri/v1/types.h"
#include "base/result.h"
#include "node/cri/config.h"
#include "node/cri/runtime.h"
#include "node/objects/pod_objects.h"
#include "node/pod/memory.h"
#include "rt/loop.h"
#include "rt/task.h"

namespace charon::node {

enum class PullPolicy : std::uint8_t { Always, IfNotPresent, Never };

// imagePullPolicy, or its default: Always for :latest and untagged images, else IfNotPresent.
PullPolicy pull_policy(const core::v1::Container& container);

// "nginx" is docker.io/library/nginx:latest (the reference grammar of distribution). nullopt when it is no image name.
std::optional<std::string> normalized_image(std::string_view image);

// The credentials for a registry in a kubernetes.io/dockerconfigjson or dockercfg secret; nullopt when it has none.
std::optional<cri::v1::AuthConfig> registry_auth(const core::v1::Secret& secret, std::string_view image);

struct PullOutcome {
  std::string image_ref;
  std::chrono::nanoseconds took{};
  std::uint64_t size_bytes = 0;
};

class Images {
 public:
  Images(rt::Loop& loop, Runtime& runtime, PodObjects& objects) : loop_(loop), runtime_(runtime), objects_(objects) {}

  // The reference to create containers from, when the image is here.
  rt::Task<Result<std::optional<std::string>>> find(std::string image);
  // Tries each matching pull secret, then none.
  rt::Task<Result<PullOutcome>> pull(std::shared_ptr<const core::v1::Pod> pod, std::string image,
                                     cri::v1::PodSandboxConfig sandbox);
  // NotFound when the image is not here.
  rt::Task<Result<ImageUser>> user(std::string image);

 private:
  rt::Loop& loop_;
  Runtime& runtime_;
  PodObjects& objects_;
};

}  // namespace charon::node

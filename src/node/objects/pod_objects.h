// PodObjects: what a node reads from the API server on behalf of its pods.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/core/v1/types.h"
#include "base/result.h"
#include "client/transport.h"
#include "node/cri/environment.h"
#include "rt/task.h"

namespace charon::node {

struct TokenRequest {
  std::string audience;            // empty: the API server's
  std::int64_t expiration_s = 3600;
};

struct Token {
  std::string text;
  Time expires;
};

class PodObjects {
 public:
  explicit PodObjects(client::Transport& transport) : transport_(transport) {}

  // Null when there is none.
  rt::Task<Result<std::shared_ptr<const core::v1::ConfigMap>>> config_map(std::string ns, std::string name);
  rt::Task<Result<std::shared_ptr<const core::v1::Secret>>> secret(std::string ns, std::string name);
  // A token of the pod's service account, bound to the pod.
  rt::Task<Result<Token>> token(std::shared_ptr<const core::v1::Pod> pod, TokenRequest request);
  // All that the container's environment refers to.
  rt::Task<Result<PodReferences>> references(std::shared_ptr<const core::v1::Pod> pod, ReferenceNames names);

 private:
  client::Transport& transport_;
};

}  // namespace charon::node

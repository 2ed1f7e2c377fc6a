// CriRuntime: a Runtime over gRPC to the runtime's unix socket.
#pragma once

#include <memory>

#include "net/grpc.h"
#include "node/cri/runtime.h"

namespace charon::node {

// `channel` must outlive the runtime.
std::unique_ptr<Runtime> make_cri_runtime(net::GrpcChannel& channel);

}  // namespace charon::node

// PathReader: reads of the API by path, for APIs whose kinds this process knows nothing of: those of aggregated servers.
//
// Authenticated and authorised like a Transport's calls. On the loop of its Transport.
#pragma once

#include <string>

#include "base/result.h"
#include "codec/value.h"
#include "rt/task.h"

namespace charon::client {

class PathReader {
 public:
  virtual ~PathReader() = default;
  // "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods?labelSelector=app%3Dweb", percent-encoded where it must be. NotFound
  // when nobody serves the group version.
  virtual rt::Task<Result<codec::Value>> get(std::string path) = 0;
};

}  // namespace charon::client

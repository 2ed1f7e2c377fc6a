// VolumeType: one kind of volume. A new type is a new folder beside these.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/core/v1/types.h"
#include "base/result.h"
#include "node/downward/fields.h"
#include "node/objects/pod_objects.h"
#include "rt/files.h"
#include "rt/process.h"
#include "rt/task.h"

namespace charon::node {

struct VolumeRequest {
  std::shared_ptr<const core::v1::Pod> pod;
  const core::v1::Volume* volume = nullptr;  // of that pod
  std::string directory;                     // the volume's own; not there yet
  NodeAllocatable allocatable;
  Time now;
};

// Calls may come again at any time: they make the volume what it should be, or keep it so.
class VolumeType {
 public:
  virtual ~VolumeType() = default;
  virtual std::string plugin() const = 0;  // "kubernetes.io~empty-dir": the folder's name under volumes/
  virtual bool handles(const core::v1::VolumeSource& source) const = 0;
  // True when the agent writes its files from API objects: they are kept in memory, containers cannot write to them, and
  // what they say follows the objects.
  virtual bool made_of_objects() const { return false; }
  // The path on the host to mount. NotFound when something that it needs is not there (yet).
  virtual rt::Task<Result<std::string>> prepare(VolumeRequest request) = 0;
  // Before the directory is removed.
  virtual rt::Task<Result<void>> release(std::string directory);
};

}  // namespace charon::node

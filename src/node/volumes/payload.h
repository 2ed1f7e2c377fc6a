// Volumes made of files that the agent writes: ConfigMap, Secret, downward API, projected.
//
// Readers see all files of one version or all of another: the files stand in a folder of their own, `..data` is a symlink to
// it that is replaced atomically, and each visible name is a symlink through `..data` (the layout of the kubelet's atomic
// writer, which programs in the field rely on to notice changes).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/core/v1/types.h"
#include "base/result.h"
#include "base/time.h"
#include "rt/files.h"

namespace charon::node {

struct PayloadFile {
  std::string bytes;
  std::uint32_t mode = 0644;
  bool operator==(const PayloadFile&) const = default;
};
using Payload = std::map<std::string, PayloadFile>;  // by relative path

struct PayloadOwner {
  std::optional<std::int64_t> fs_group;  // files become readable for this group
};

// Writes nothing when the directory already has this payload.
Result<void> write_payload(rt::Files& files, const std::string& directory, const Payload& payload, PayloadOwner owner, Time now);

// Adds the chosen items of `data` (all when `items` is empty). NotFound for a missing key unless `optional`.
Result<void> add_items(const std::map<std::string, std::string, std::less<>>& data, const std::vector<core::v1::KeyToPath>& items,
                       std::uint32_t default_mode, bool optional, Payload& payload);

// BadRequest when a path would leave the volume.
Result<void> check_payload_path(const std::string& path);

PayloadOwner payload_owner(const core::v1::Pod& pod);

}  // namespace charon::node

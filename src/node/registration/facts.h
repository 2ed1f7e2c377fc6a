// What a node says about itself: its size, system and pressures, read from /proc, /sys and /etc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "rt/files.h"

namespace charon::node {

struct MachineFacts {
  int cpus = 1;
  std::int64_t memory_bytes = 0;
  std::int64_t memory_available_bytes = 0;
  std::int64_t disk_bytes = 0;  // of the file system that holds the data directory
  std::int64_t disk_available_bytes = 0;
  std::int64_t pids_max = 0;
  std::int64_t pids_used = 0;
  std::string machine_id;
  std::string system_uuid;
  std::string boot_id;
  std::string kernel_version;
  std::string os_image;
  std::string architecture;  // "amd64"
};

// What cannot be read stays empty or 0.
MachineFacts read_machine(const rt::Files& files, const std::string& data_dir);

// Pure parts.
std::int64_t meminfo_bytes(std::string_view meminfo, std::string_view key);  // "MemTotal"
int count_cpus(std::string_view online);                                     // "0-3,8"
std::string os_release_name(std::string_view os_release);                    // PRETTY_NAME

}  // namespace charon::node

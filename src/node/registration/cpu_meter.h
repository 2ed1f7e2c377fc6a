// CpuMeter: how much of the machine's processors is in use, from the times that /proc/stat counts.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace charon::node {

class CpuMeter {
 public:
  // Thousandths of a core in use since the last call; absent at the first one, and when the text says nothing of it.
  // `stat`: /proc/stat.
  std::optional<std::int64_t> milli_cpus_since_last(std::string_view stat);

 private:
  struct Times {
    std::uint64_t busy = 0;
    std::uint64_t total = 0;
  };
  std::optional<Times> last_;
};

}  // namespace charon::node

// TarWriter: a tar archive in memory, in the ustar format (POSIX.1-1988), which every reader knows. The same entries give
// the same bytes: owner root, modification time 0.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace charon::cmd {

class TarWriter final {
 public:
  // Names are relative. RequestEntityTooLarge for a name above 100 bytes or a file above 8 GiB, which ustar cannot say.
  Result<void> add_directory(std::string_view name, std::uint32_t mode);
  Result<void> add_file(std::string_view name, std::string_view bytes, std::uint32_t mode);
  // The archive with its end mark. The writer is empty afterwards.
  std::string finish();

 private:
  Result<void> add(std::string name, char type, std::string_view bytes, std::uint32_t mode);
  std::string archive_;
};

}  // namespace charon::cmd

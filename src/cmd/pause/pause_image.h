// The image of every pod's sandbox, made here and never pulled: one layer with our pause program, as an OCI image layout in a
// tar archive (OCI image spec 1.0), which containerd imports under kPauseImage.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace charon::cmd {

inline constexpr std::string_view kPauseImage = "charon.local/pause:1";

// The same program gives the same bytes, so the image keeps its digest.
Result<std::string> pause_image_archive();

}  // namespace charon::cmd

// What /version says: the API level that clients may count on, and our own version in gitVersion's build part.
#pragma once

#include <string>

#include "codec/value.h"

namespace charon::server {

inline constexpr const char* kCharonVersion = "0.1.0";
inline constexpr const char* kKubernetesVersion = "v1.36.0";

codec::Object version_info();

}  // namespace charon::server

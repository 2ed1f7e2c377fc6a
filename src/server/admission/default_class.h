// The class that an annotation marks as the default of its kind.
#pragma once

#include <string_view>

#include "server/cache.h"

namespace charon::server {

// The newest of the objects whose annotation `key` is "true", the first by name of equally old ones; null when there is none.
DocumentPtr default_class(const Cache& classes, std::initializer_list<std::string_view> keys);

}  // namespace charon::server

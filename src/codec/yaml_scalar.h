// What a plain (unquoted) YAML scalar means, and which strings may be written plain.
#pragma once

#include <boost/json/value.hpp>
#include <string_view>

#include "codec/value.h"

namespace charon::codec {

// Resolves as YAML 1.1 with sigs.k8s.io/yaml's rules (see yaml.h): null, bool, number (".inf" and ".nan" as such doubles),
// else string. Timestamps and base-60 numbers are strings.
Value resolve_plain_scalar(std::string_view text);

// True when `text`, written without quotes as a key or value in block style, is read back as this string by every YAML 1.1
// reader.
bool is_safe_plain(std::string_view text);

}  // namespace charon::codec

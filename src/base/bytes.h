// Immutable shared bytes and the encodings that the API uses.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace charon {

// Shared, never changed after construction: may cross threads and loops.
using SharedBytes = std::shared_ptr<const std::string>;

inline SharedBytes share(std::string bytes) { return std::make_shared<const std::string>(std::move(bytes)); }

std::string base64_encode(std::string_view bytes);
// Standard alphabet with padding; BadRequest otherwise.
Result<std::string> base64_decode(std::string_view text);
std::string base64url_encode(std::string_view bytes);  // without padding (RFC 7515)
Result<std::string> base64url_decode(std::string_view text);
std::string hex_encode(std::string_view bytes);

// FNV-1a, the hash Kubernetes uses for pod-template-hash.
std::uint32_t fnv1a_32(std::string_view bytes);
std::uint64_t fnv1a_64(std::string_view bytes);

// Kubernetes' "safe" encoding: digits and consonants only, so that no words appear in generated names.
std::string safe_encode(std::string_view text);

}  // namespace charon

// The three patch formats.
#pragma once

#include "base/result.h"
#include "codec/value.h"
#include "schema/type.h"

namespace charon::schema {

inline constexpr std::size_t kPatchOperations = 10000;    // of a JSON patch, as in Kubernetes
inline constexpr std::size_t kPatchCopyBytes = 3u << 20;  // JSON that its copy operations may add up to
inline constexpr std::size_t kPatchMoves = 20'000'000;    // neighbours that its insertions and removals may shift

// RFC 6902. BadRequest when the patch is no list of operations, Invalid for an operation that is unknown or does not apply (a
// missing path, a failed test), RequestEntityTooLarge beyond the limits above.
Result<void> json_patch(codec::Value& document, const codec::Value& patch);

// RFC 7386.
void merge_patch(codec::Value& document, const codec::Value& patch);

// Kubernetes' strategic merge patch with $patch (replace, delete, merge), $retainKeys, $deleteFromPrimitiveList and
// $setElementOrder; lists merge by the table's patch keys. BadRequest on malformed directives or missing merge keys.
Result<void> strategic_merge_patch(const Type& type, codec::Value& document, const codec::Value& patch);

}  // namespace charon::schema

// What a patch makes of an object, for the object itself and for its Scale.
#pragma once

#include "base/result.h"
#include "client/transport.h"
#include "codec/value.h"
#include "model/kind.h"
#include "schema/type.h"

namespace charon::server {

// `type`: of the object. BadRequest for what is no patch of its sort; Invalid, without a word more, as in Kubernetes, for a
// JSON patch that does not apply; RequestEntityTooLarge beyond the limits of schema/patch.h.
Result<codec::Value> patched(const schema::Type& type, client::PatchType sort, const codec::Value& object,
                             const codec::Value& patch);

// UnsupportedMediaType, with the sorts of patches that the kind takes: custom ones have no strategic merge.
Error unknown_patch(const model::Kind& kind);

}  // namespace charon::server

// The kinds that controllers over all kinds (namespace, garbage collector) work on, and what they read of any object.
#pragma once

#include <string>
#include <vector>

#include "api/meta/v1/types.h"
#include "model/document.h"
#include "model/kind.h"
#include "model/registry.h"

namespace charon::control {

// The kinds that can be listed, watched and deleted, custom resources in one version each.
std::vector<model::KindRef> deletable_kinds(const model::KindRegistry& registry);

// The metadata that matters for deletion: names, uid, deletionTimestamp, finalizers and ownerReferences. Decodes anew at each
// call.
meta::v1::ObjectMeta deletion_metadata(const model::Document& document);

}  // namespace charon::control

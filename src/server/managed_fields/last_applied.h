// The annotation of client-side apply, kubectl.kubernetes.io/last-applied-configuration, where server-side apply meets it:
// objects that were applied one way are applied the other.
#pragma once

#include "codec/value.h"
#include "model/kind.h"
#include "schema/apply/field_set.h"

namespace charon::server {

// The fields that the annotation names and that have the values it says; empty without a readable annotation of the kind's
// version.
schema::apply::FieldSet last_applied_fields(const model::Kind& kind, const codec::Value& live);
// Where the object has the annotation, it names `config` now.
void update_last_applied(codec::Value& object, const codec::Value& config);

}  // namespace charon::server

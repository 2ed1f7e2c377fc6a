// Static defaults of the type table, filled into a normalized tree. Defaults that depend on other fields are the kind's own
// (api/<group>/<version>/<kind>.cc).
#pragma once

#include "codec/value.h"
#include "schema/type.h"

namespace charon::schema {

// Fills every absent member that has a default, in every message that is present (and in absent messages without presence).
void apply_defaults(const Type& type, codec::Value& tree);

}  // namespace charon::schema

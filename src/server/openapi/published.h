// The schema of a CustomResourceDefinition as OpenAPI documents publish it.
#pragma once

#include "codec/value.h"
#include "server/openapi/schemas.h"

namespace charon::server {

// `schema` is an openAPIV3Schema. Embedded resources get the members that all objects have. OpenAPI v2 has no nullable values
// and no alternatives, so its form is looser: what may be null or of several types has no type there, and nothing below it.
codec::Object published_schema(const codec::Value& schema, OpenApi version);

}  // namespace charon::server

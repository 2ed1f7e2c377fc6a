// Whether the schema of a CustomResourceDefinition is one that the type table can be built from: structural (KEP-1979), without
// the parts of OpenAPI that the API does not take, with defaults that are valid themselves.
//
// Source: apiextensions-apiserver pkg/apiserver/schema/validation.go and pkg/apis/apiextensions/validation.
#pragma once

#include "api/meta/v1/validation.h"
#include "codec/value.h"

namespace charon::apiextensions::v1 {

// `schema` is an openAPIV3Schema, `path` its place in the definition.
void validate_schema(const codec::Value& schema, const meta::v1::FieldPath& path, meta::v1::Errors& errors);

}  // namespace charon::apiextensions::v1

// What the options of requests (CreateOptions, UpdateOptions, PatchOptions, DeleteOptions, ListOptions of meta/v1) have in
// common: how their parts are read from a query, and what is wrong with them, as apimachinery's meta/v1/validation words it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "schema/validate.h"

namespace charon::server {

// `PatchOptions.meta.k8s.io "" is invalid: ...`. `kind`: "PatchOptions".
Error invalid_options(std::string_view kind, const schema::FieldErrors& errors);

// A whole number; 0 when it is absent or empty. BadRequest in Go's words.
Result<std::int64_t> read_number(std::string_view query, std::string_view name);

// Stages of a write that is only tried: there is one, "All".
void validate_dry_run(const std::vector<std::string>& stages, schema::FieldErrors& errors);
void validate_field_validation(std::string_view directive, schema::FieldErrors& errors);

schema::FieldError unsupported_value(std::string_view field, std::string_view value, std::string_view supported);

}  // namespace charon::server

// OpenAPI v2 has one document for all that a server offers: parts of the documents of aggregated servers are put into ours.
#pragma once

#include <string_view>

#include "base/result.h"
#include "codec/value.h"

namespace charon::server {

// Of another server's Swagger 2.0 document (JSON) the "paths" below `prefix` ("/apis/wardle.example.com/v1/") and the
// "definitions" that they need. BadRequest when it is none, or cannot be published in all forms.
Result<codec::Object> openapi_v2_part(std::string_view text, std::string_view prefix);

// A definition whose name has another meaning in `document` gets a name of its own ("..._v2"). Paths that are there stay.
void merge_openapi_v2(codec::Object& document, const codec::Object& part);

}  // namespace charon::server

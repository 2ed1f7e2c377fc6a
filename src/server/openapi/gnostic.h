// The protobuf form of an OpenAPI v2 document: message openapi.v2.Document of google/gnostic's openapiv2/OpenAPIv2.proto, which
// is what client-go asks for.
#pragma once

#include <string>

#include "codec/value.h"

namespace charon::server {

// `document` is a Swagger 2.0 document as this server makes it; members that it never uses are not carried over.
std::string gnostic_v2(const codec::Object& document);

}  // namespace charon::server

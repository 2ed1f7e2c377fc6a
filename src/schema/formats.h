// The formats of OpenAPI strings that custom resources are checked by (k8s.io/kube-openapi pkg/validation/strfmt, less the ones
// that a CRD's schema cannot name). Other formats are documentation.
#pragma once

#include <string_view>

namespace charon::schema {

bool is_known_format(std::string_view format);
// Whether the text is of a known format.
bool has_format(std::string_view text, std::string_view format);

}  // namespace charon::schema

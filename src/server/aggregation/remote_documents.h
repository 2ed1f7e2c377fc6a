// Reading what a remote server says of its group version. Pure: the texts are anybody's, and are taken apart here so that all
// that uses them may rely on their form.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/tree.h"
#include "model/kind.h"

namespace charon::server {

// An APIResourceList (JSON) as APIVersionDiscovery.resources of apidiscovery.k8s.io/v2. BadRequest when it is none; entries
// without name or kind are left out, and subresources of a resource that is not listed.
Result<codec::Array> read_resource_list(std::string_view text, model::GroupVersion gv);

// From the index at /openapi/v3 the hash of the group version's document; empty when it lists none.
Result<std::string> read_openapi_v3_hash(std::string_view text, model::GroupVersion gv);

}  // namespace charon::server

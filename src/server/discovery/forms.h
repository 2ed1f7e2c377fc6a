// Discovery documents in the forms beside JSON: YAML, and protobuf by the tables of meta/v1 and apidiscovery/v2.
#pragma once

#include "server/discovery/discovery.h"
#include "server/front/media.h"

namespace charon::server {

// `json` is the answer in JSON, in the shape that `media` asks for.
Answer in_form(Answer json, const Media& media);

}  // namespace charon::server

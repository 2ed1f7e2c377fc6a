#include "server/api.h"

namespace charon::server {

Result<DocumentPtr> Api::get(const Request& request) const {
  DocumentPtr found = caches_.of(*request.kind).get(request.key());
  if (!found) return fail(not_found(*request.kind, request.name));
  return found;
}

}  // namespace charon::server

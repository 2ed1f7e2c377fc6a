#include "model/storage_form.h"
#include "server/api.h"

namespace charon::server {

rt::Task<Result<DocumentPtr>> Api::get(Request request) const {
  DocumentPtr found = caches_.of(*request.kind).get(request.key());
  if (!found) co_return fail(not_found(*request.kind, request.name));
  co_return co_await in_version(request.kind, std::move(found));
}

rt::Task<Result<DocumentPtr>> Api::in_version(model::KindRef kind, DocumentPtr stored) const {
  model::Converter* converter = model::converter_of(*kind);
  if (converter == nullptr || stored->kind().gv == kind->gv) co_return stored;
  std::vector<DocumentPtr> one;
  one.push_back(std::move(stored));
  CO_TRY_ASSIGN(one, co_await converter->documents(std::move(one), kind));
  co_return std::move(one.front());
}

}  // namespace charon::server

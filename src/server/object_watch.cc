#include "server/object_watch.h"

#include <utility>

#include "model/storage_form.h"

namespace charon::server {

rt::Task<Result<std::vector<CacheEvent>>> ObjectWatch::next() {
  if (kinds_ == nullptr) co_return co_await changes_->next();
  while (true) {
    if (pending_.empty()) {
      CO_TRY_ASSIGN(pending_, co_await changes_->next());
    }
    auto events = co_await convert();
    pending_.clear();
    if (!events) co_return fail(std::move(events.error()));
    if (!events->empty()) co_return events;
  }
}

rt::Task<Result<std::vector<CacheEvent>>> ObjectWatch::convert() const {
  // As its definition says now.
  const model::KindRef kind = kinds_->find_kind(kind_->gv, kind_->kind);
  model::Converter* converter = kind ? model::converter_of(*kind) : nullptr;
  if (converter == nullptr) co_return fail(Reason::Expired, "this version is served in another way now; list it again");
  std::vector<DocumentPtr> objects;
  for (const CacheEvent& event : pending_) {
    objects.push_back(event.object);
    if (matches_ && event.before) objects.push_back(event.before);
  }
  CO_TRY_ASSIGN(objects, co_await converter->documents(std::move(objects), kind));
  std::vector<CacheEvent> events;
  std::size_t place = 0;
  for (const CacheEvent& event : pending_) {
    DocumentPtr object = objects[place++];
    if (!matches_) {
      events.push_back({event.type, std::move(object), event.revision});
      continue;
    }
    DocumentPtr before = event.before ? objects[place++] : nullptr;
    bool was = before && matches_(*before);
    bool is = event.type != EventType::Deleted && matches_(*object);
    if (!was && !is) continue;
    if (!is && event.type != EventType::Deleted) object = at_revision(*before, event.revision);
    events.push_back({!was ? EventType::Added
                      : is ? EventType::Modified
                           : EventType::Deleted,
                      std::move(object), event.revision});
  }
  co_return events;
}

}  // namespace charon::server

#include <algorithm>

#include "codec/tree.h"
#include "server/api.h"
#include "server/crd/definition.h"
#include "server/object_meta.h"
#include "server/prepare.h"

namespace charon::server {

using codec::Value;

namespace {

constexpr int kDeleteTries = 6;
constexpr std::string_view kEviction = "eviction";

// How long the object may still live, in seconds. Only pods have grace; a pod that no node has taken up, or that has ended,
// needs none.
std::int64_t grace_of(const model::Kind& kind, const Value& object, const client::DeleteOptions& options) {
  if (kind.kind != "Pod" || !kind.gv.group.empty()) return 0;
  std::string_view phase = codec::string_at_path(object, {"status", "phase"});
  if (codec::string_at_path(object, {"spec", "nodeName"}).empty() || phase == "Succeeded" || phase == "Failed") return 0;
  const Value* own = codec::find_path(object, {"spec", "terminationGracePeriodSeconds"});
  std::int64_t grace = options.grace_period_s.value_or(own != nullptr && own->is_int64() ? own->get_int64() : 30);
  return std::max<std::int64_t>(grace, 0);
}

void set_finalizer(codec::Object& meta, std::string_view name, bool wanted) {
  codec::Array kept;
  if (const Value* old = meta.if_contains("finalizers"); old != nullptr && old->is_array())
    for (const Value& finalizer : old->get_array())
      if (!finalizer.is_string() || codec::view(finalizer.get_string()) != name) kept.push_back(finalizer);
  if (wanted) kept.emplace_back(name);
  if (kept.empty()) {
    meta.erase("finalizers");
  } else {
    meta["finalizers"] = std::move(kept);
  }
}

// Before workloads had owners, the pods of these stayed; for those who rely on it they still do.
bool orphans_by_default(const model::Kind& kind) {
  return (kind.kind == "Job" && kind.gv.group == "batch") || (kind.kind == "ReplicationController" && kind.gv.group.empty());
}

void set_propagation(codec::Object& meta, client::Propagation propagation) {
  if (propagation == client::Propagation::Default) return;
  set_finalizer(meta, kForegroundFinalizer, propagation == client::Propagation::Foreground);
  set_finalizer(meta, kOrphanFinalizer, propagation == client::Propagation::Orphan);
}

// Marks the object as being deleted with `grace` seconds left. A later delete may shorten the time, not lengthen it.
void mark_deleted(const model::Kind& kind, Value& object, std::int64_t grace, Time now) {
  codec::Object& meta = codec::ensure_object(object, {"metadata"});
  auto left = codec::int_at(object.as_object()["metadata"], "deletionGracePeriodSeconds");
  bool marked = meta.contains("deletionTimestamp");
  if (marked && left.value_or(0) <= grace) return;
  Time when = now;
  when.seconds += grace;
  meta["deletionTimestamp"] = format_rfc3339(when);
  meta["deletionGracePeriodSeconds"] = grace;
  if (!marked && kind.generation && meta.contains("generation"))
    meta["generation"] = codec::int_at(object.as_object()["metadata"], "generation").value_or(0) + 1;
  if (!marked && crd::is_definition(kind)) crd::mark_deleted(object, now);
  if (kind.kind == "Namespace" && kind.gv.group.empty()) codec::ensure_object(object, {"status"})["phase"] = "Terminating";
}

Result<void> check_preconditions(const model::Document& document, const client::DeleteOptions& options) {
  const model::Kind& kind = document.kind();
  if (!options.uid.empty() && options.uid != document.uid())
    return fail(conflict(kind, document.key().name,
                         "the UID in the precondition (" + options.uid + ") does not match the UID in record (" +
                             document.uid() + "). The object might have been deleted and then recreated"));
  if (!options.resource_version.empty() && options.resource_version != std::to_string(document.revision()))
    return fail(conflict(kind, document.key().name,
                         "the ResourceVersion in the precondition (" + options.resource_version +
                             ") does not match the ResourceVersion in record (" + std::to_string(document.revision()) +
                             "). The object might have been modified"));
  return {};
}

}  // namespace

rt::Task<Result<Deleted>> Api::remove(Request request, client::DeleteOptions options, Warnings* warnings) {
  // An eviction has been admitted as what it is: the creation of an Eviction. No other subresource deletes.
  bool evicts = request.subresource == kEviction;
  if (!evicts && !request.subresource.empty())
    co_return fail(Reason::MethodNotAllowed, "the server does not allow this method on the requested resource");
  if (options.propagation == client::Propagation::Default && orphans_by_default(*request.kind)) {
    options.propagation = client::Propagation::Orphan;
    if (request.kind->kind == "Job" && warnings != nullptr)
      warnings->push_back(
          "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set "
          "propagationPolicy=Orphan to suppress this warning");
  }
  const std::size_t known = warnings == nullptr ? 0 : warnings->size();
  for (int attempt = 1;; ++attempt) {
    DocumentPtr stored = caches_.of(*request.kind).get(request.key());
    if (!stored) co_return fail(not_found(*request.kind, request.name));
    CO_TRY(check_preconditions(*stored, options));
    CO_TRY_ASSIGN(DocumentPtr before, co_await in_version(request.kind, std::move(stored)));
    if (!evicts) {
      AdmissionRounds rounds;
      AdmissionReview review{Operation::Delete, &request, nullptr, before, warnings, &rounds, nullptr, &options};
      if (attempt > 1 && warnings != nullptr) warnings->resize(known);
      CO_TRY(co_await admission_.admit(review));
      CO_TRY(co_await admission_.validate(review));
    }
    auto deleted = co_await remove_one(request, before, options);
    bool lost_race = !deleted && deleted.error().reason == Reason::Conflict;
    if (!lost_race || attempt == kDeleteTries) co_return deleted;
  }
}

rt::Task<Result<Deleted>> Api::remove_one(const Request& request, DocumentPtr before, const client::DeleteOptions& options) {
  Value object = before->tree();
  codec::Object& meta = codec::ensure_object(object, {"metadata"});
  meta.erase("resourceVersion");
  set_propagation(meta, options.propagation);
  mark_deleted(*request.kind, object, grace_of(*request.kind, object, options), loop_.clock().wall());
  if (ready_to_go(*request.kind, object)) {
    if (request.dry_run) co_return Deleted{before, true};
    CO_TRY_ASSIGN(DocumentPtr last, co_await commit_delete(request, before));
    co_return Deleted{std::move(last), true};
  }
  CO_TRY_ASSIGN(DocumentPtr marked, co_await commit_update(request, before, object));
  co_return Deleted{std::move(marked), false};
}

rt::Task<Result<DocumentPtr>> Api::commit_delete(const Request& request, DocumentPtr before) {
  std::vector<store::Write> writes;
  writes.push_back({Caches::key_of(*request.kind, before->key()), nullptr, before->revision()});
  auto revision = co_await store_.commit(std::move(writes));
  if (!revision && revision.error().reason == Reason::Conflict)
    co_return fail(conflict(*request.kind, request.name, kModified));
  if (!revision) co_return fail(std::move(revision.error()));
  co_return before;
}

rt::Task<Result<std::vector<DocumentPtr>>> Api::remove_collection(Request request, client::DeleteOptions options) {
  CO_TRY_ASSIGN(Listing listing, co_await list(request, {}));
  std::vector<DocumentPtr> deleted;
  for (const DocumentPtr& item : listing.items) {
    Request one = request;
    one.verb = "delete";
    one.ns = item->key().ns;
    one.name = item->key().name;
    auto outcome = co_await remove(std::move(one), options);
    if (!outcome && outcome.error().reason == Reason::NotFound) continue;
    if (!outcome) co_return fail(std::move(outcome.error()));
    deleted.push_back(outcome->object);
  }
  co_return deleted;
}

}  // namespace charon::server

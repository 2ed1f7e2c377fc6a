#include "codec/json.h"
#include "codec/tree.h"
#include "model/scale.h"
#include "model/storage_form.h"
#include "server/api.h"
#include "server/crd/definition.h"
#include "server/managed_fields/converted_trees.h"
#include "server/managed_fields/managed_fields.h"
#include "server/object_meta.h"
#include "server/patched.h"
#include "server/prepare.h"

namespace charon::server {

using codec::Value;

namespace {

// How often an update without a resourceVersion is tried again after losing a race.
constexpr int kWriteTries = 6;

Result<void> check_preconditions(const Request& request, const Value& object, const model::Document& before) {
  std::string_view version = codec::string_at_path(object, {"metadata", "resourceVersion"});
  const bool any_version = version.empty() || version == "0";
  // Patches and what is applied change the version that they find.
  if (any_version && request.verb == "update" && (request.kind->custom || request.kind->rules.update_needs_version))
    return fail(schema::invalid_error(
        request.kind->plural, request.kind->gv.group, request.name,
        {{schema::FieldError::Kind::Invalid, "metadata.resourceVersion", "0x0", "must be specified for an update"}}));
  if (!any_version && version != std::to_string(before.revision()))
    return fail(conflict(*request.kind, request.name, kModified));
  std::string_view uid = codec::string_at_path(object, {"metadata", "uid"});
  if (!uid.empty() && uid != before.uid())
    return fail(
        conflict(*request.kind, request.name,
                 "Precondition failed: UID in precondition: " + std::string(uid) + ", UID in object meta: " + before.uid()));
  return {};
}

// An update as admission sees it: the object itself, or where only its replicas change, through /scale, a Scale.
class Admitted {
 public:
  Admitted(const Request& request, DocumentPtr before, Value& object, Warnings* warnings)
      : request_(request), object_(object), review_{Operation::Update, &request_, &object_, before, warnings, &rounds} {
    if (request.came_through != "scale") return;
    const model::Kind& kind = *request.kind;
    request_.subresource = request.came_through;
    Value was = model::scale_of(kind, before->tree());
    scale_ = model::scale_of(kind, object);
    codec::ensure_object(scale_, {"metadata"})["resourceVersion"] = std::to_string(before->revision());
    review_.object = &scale_;
    review_.type = &model::scale_type();
    review_.before = std::make_shared<model::Document>(kind, before->revision(), share(codec::write_json(was)), was);
  }
  Admitted(const Admitted&) = delete;

  const AdmissionReview& review() const { return review_; }
  // What admission made of the object. Invalid when it cannot be so.
  Result<void> take() {
    if (review_.object != &scale_) return {};
    TRY(model::check_replicas(request_.name, model::replicas_of(scale_)));
    model::set_replicas(*request_.kind, object_, model::replicas_of(scale_));
    return {};
  }

  AdmissionRounds rounds;

 private:
  Request request_;
  Value& object_;
  Value scale_;
  AdmissionReview review_;
};

}  // namespace

rt::Task<Result<DocumentPtr>> Api::update(Request request, Value object, Warnings* warnings) {
  if (!object.is_object()) co_return fail(bad_request("the object is not a JSON object"));
  co_return co_await write(
      std::move(request), [object = std::move(object)](const Value&) -> Result<Value> { return object; }, warnings);
}

rt::Task<Result<DocumentPtr>> Api::patch(Request request, client::PatchType type, Value patch, Warnings* warnings) {
  if (type == client::PatchType::StrategicMerge && request.kind->custom) co_return fail(unknown_patch(*request.kind));
  auto change = [type, shape = request.kind->type, patch = std::move(patch)](const Value& current) {
    return patched(*shape, type, current, patch);
  };
  co_return co_await write(std::move(request), std::move(change), warnings);
}

rt::Task<Result<DocumentPtr>> Api::write(Request request, Change change, Warnings* warnings, ConvertedTrees* others) {
  const std::size_t told = warnings == nullptr ? 0 : warnings->size();  // before, of the request itself
  for (int attempt = 1;; ++attempt) {
    DocumentPtr stored = caches_.of(*request.kind).get(request.key());
    if (!stored) co_return fail(not_found(*request.kind, request.name));
    CO_TRY_ASSIGN(DocumentPtr before, co_await in_version(request.kind, stored));
    // With its resourceVersion, which patches may test or name: named or kept, it is the version that is replaced.
    auto changed = change(before->tree());
    while (others != nullptr && !others->complete()) {
      CO_TRY(co_await others->fill());
      changed = change(before->tree());
    }
    CO_TRY_ASSIGN(Value object, std::move(changed));
    if (!object.is_object()) co_return fail(bad_request("the patch does not leave a JSON object"));
    if (attempt > 1 && warnings != nullptr) warnings->resize(told);
    auto written = co_await write_once(request, before, std::move(object), warnings);
    bool lost_race =
        !written && written.error().reason == Reason::Conflict && caches_.of(*request.kind).get(request.key()) != stored;
    if (!lost_race || attempt == kWriteTries) co_return written;
  }
}

rt::Task<Result<DocumentPtr>> Api::write_once(const Request& request, DocumentPtr before, Value object, Warnings* warnings) {
  const model::Kind& kind = *request.kind;
  CO_TRY(check_preconditions(request, object, *before));
  Value before_tree = before->tree();
  codec::ensure_object(before_tree, {"metadata"}).erase("resourceVersion");
  CO_TRY(check_identity(kind, object));
  Value stored = take_managed_fields(before_tree);
  Value given = take_managed_fields(object);
  CO_TRY(normalize_and_default(request, object, warnings));
  drop_double_owners(object, warnings);
  CO_TRY(prepare_update_meta(request, object, *before, before_tree));
  if (request.subresource != "binding") keep_other_half(request, object, before_tree);
  CO_TRY_ASSIGN(Value managed, co_await managed_after(request, before_tree, object, std::move(stored), std::move(given)));
  put_managed_fields(object, std::move(managed));
  if (kind.rules.prepare != nullptr) kind.rules.prepare(object, {false, request.subresource, &before_tree});
  // Bindings and evictions have been admitted as what they are: the creation of such an object. That a pod has its node now, or
  // is about to go, is no new wish.
  bool admits = request.subresource != "binding" && request.came_through != "eviction";
  if (admits) count_generation(kind, object, before_tree);
  if (crd::is_definition(kind) && request.subresource.empty()) crd::add_warnings(object, warnings);
  Admitted admitted(request, before, object, warnings);
  if (admits) CO_TRY(co_await admission_.admit(admitted.review()));
  if (admitted.rounds.changed) {
    CO_TRY(admitted.take());
    keep_other_half(request, object, before_tree);
    if (kind.rules.prepare != nullptr) kind.rules.prepare(object, {false, request.subresource, &before_tree});
    count_generation(kind, object, before_tree);
  }
  CO_TRY(validate_object(request, object, &before_tree));
  if (admits) CO_TRY(co_await admission_.validate(admitted.review()));
  if (ready_to_go(kind, object) && !ready_to_go(kind, before_tree)) {
    if (request.dry_run) co_return before;
    CO_TRY(co_await commit_delete(request, before));
    CO_TRY_ASSIGN(SharedBytes json, encode(kind, object));
    co_return std::make_shared<model::Document>(kind, before->revision(), with_resource_version(*json, before->revision()),
                                                object);
  }
  co_return co_await commit_update(request, std::move(before), object);
}

// What the server itself changes after this is nobody's.
rt::Task<Result<Value>> Api::managed_after(const Request& request, const Value& before, const Value& object, Value stored,
                                           Value given) const {
  if (request.tracking == Tracking::Off) co_return stored;
  if (request.tracking == Tracking::Given) {
    // An apply that changes nothing but its own time is none.
    bool nothing = same_but_for_times(stored, given) &&
                   schema::apply::compare(*request.kind->type, before, object, schema::apply::View::Typed).empty();
    co_return nothing ? stored : given;
  }
  ConvertedTrees others;
  TrackedWrite tracked{request, loop_.clock().wall(), kinds(), &others};
  if (model::converter_of(*request.kind) == nullptr)
    co_return track_update(tracked, before, object, std::move(stored), std::move(given));
  while (true) {
    Value managed = track_update(tracked, before, object, stored, given);
    if (others.complete()) co_return managed;
    // As in Kubernetes: an update does not fail for it, but what cannot be told from other versions is not claimed either.
    if (auto filled = co_await others.fill(); !filled) co_return Value();
  }
}

rt::Task<Result<bool>> Api::is_stored_otherwise(const model::Kind& kind, const model::Document& before) const {
  const model::StorageForm* form = kind.custom ? model::storage_form(kind) : nullptr;
  if (form == nullptr) co_return false;
  if (form->converter) {
    DocumentPtr stored = caches_.of(kind).get(before.key());
    co_return stored && stored->kind().gv.text() != form->api_version;
  }
  CO_TRY_ASSIGN(std::optional<store::Entry> entry, co_await store_.get(Caches::key_of(kind, before.key())));
  if (!entry) co_return false;
  auto tree = codec::parse_json(*entry->value);
  co_return tree&& codec::string_at(*tree, "apiVersion") != form->api_version;
}

rt::Task<DocumentPtr> Api::written(const model::Kind& kind, Revision revision, SharedBytes json, const Value& object) const {
  ObjectKey key{std::string(codec::string_at_path(object, {"metadata", "namespace"})),
                std::string(codec::string_at_path(object, {"metadata", "name"}))};
  DocumentPtr stored = caches_.of(kind).get(key);
  if (stored && stored->revision() == revision) {
    // It is written, whatever has become of the webhook since.
    if (auto read = co_await in_version(&kind, std::move(stored))) co_return *std::move(read);
  }
  co_return std::make_shared<model::Document>(kind, revision, with_resource_version(*json, revision), object);
}

rt::Task<Result<DocumentPtr>> Api::commit_update(const Request& request, DocumentPtr before, const Value& object) {
  const model::Kind& kind = *request.kind;
  CO_TRY(check_key(object, before->key()));
  CO_TRY_ASSIGN(SharedBytes json, encode_to_fit(kind, object));
  // An update that changes nothing makes no revision and no event, but where it moves the object to another version.
  bool same = *with_resource_version(*json, before->revision()) == *before->json();
  if (same) {
    CO_TRY_ASSIGN(bool otherwise, co_await is_stored_otherwise(kind, *before));
    if (!otherwise) co_return before;
  }
  if (request.dry_run)
    co_return std::make_shared<model::Document>(kind, before->revision(), with_resource_version(*json, before->revision()),
                                                object);
  CO_TRY_ASSIGN(SharedBytes stored_json, co_await stored_form(request.kind, object, json));
  CO_TRY(check_served(request));
  std::vector<store::Write> writes;
  writes.push_back({Caches::key_of(kind, before->key()), std::move(stored_json), before->revision()});
  auto revision = co_await store_.commit(std::move(writes));
  if (!revision && revision.error().reason == Reason::Conflict) co_return fail(conflict(kind, request.name, kModified));
  if (!revision) co_return fail(std::move(revision.error()));
  co_return co_await written(kind, *revision, std::move(json), object);
}

}  // namespace charon::server

#include "api/core/v1/types.h"
#include "client/typed.h"
#include "codec/tree.h"
#include "schema/convert.h"
#include "schema/validate.h"
#include "server/api.h"
#include "server/crd/definition.h"
#include "server/managed_fields/managed_fields.h"
#include "server/object_meta.h"
#include "server/prepare.h"
#include "server/support.h"

namespace charon::server {

using codec::Value;

namespace {

// How often a taken generated name is replaced by another (KEP-4420).
constexpr int kNameTries = 8;

const model::Kind& binding_kind() {
  static const model::Kind& kind = client::kind_of<core::v1::Binding>();
  return kind;
}

// A pod can only be bound to a node, and by a Binding that is meant for it.
Result<void> check_binding(const Request& request, const Value& binding) {
  using Kind = schema::FieldError::Kind;
  if (codec::string_at_path(binding, {"metadata", "name"}) != request.name)
    return fail(bad_request("name in URL does not match name in Binding object"));
  schema::FieldErrors errors;
  std::string target(codec::string_at_path(binding, {"target", "kind"}));
  if (!target.empty() && target != "Node")
    errors.push_back({Kind::NotSupported, "target.kind", "\"" + target + "\"", "supported values: \"Node\", \"<empty>\""});
  if (codec::string_at_path(binding, {"target", "name"}).empty()) errors.push_back({Kind::Required, "target.name", "", ""});
  if (errors.empty()) return {};
  return fail(schema::invalid_error("Binding", "", request.name, errors));
}

}  // namespace

rt::Task<Result<DocumentPtr>> Api::create(Request request, Value object, Warnings* warnings) {
  if (request.subresource == "binding") co_return co_await create_binding(std::move(request), std::move(object));
  if (request.kind == &binding_kind()) {  // what names its pod itself
    request.kind = &client::kind_of<core::v1::Pod>();
    request.subresource = "binding";
    request.name = codec::string_at_path(object, {"metadata", "name"});
    co_return co_await create_binding(std::move(request), std::move(object));
  }
  const model::Kind& kind = *request.kind;
  if (const Review* found = review(kind, request.subresource))
    co_return co_await create_review(std::move(request), *found, std::move(object), warnings);
  if (kind.terminating)
    co_return fail(Reason::MethodNotAllowed, "create not allowed while custom resource definition is terminating");
  Support support = support_of(kind);
  if (support == Support::Refused)
    co_return fail(Reason::NotImplemented,
                   "this server does not act on " + kind.group_resource() + " yet, so it does not take them");
  if (support == Support::Stored && warnings != nullptr)
    warnings->push_back("this server stores " + kind.group_resource() + ", but no controller acts on them yet");
  CO_TRY(check_identity(kind, object));
  Value managed = take_managed_fields(object);
  CO_TRY(normalize_and_default(request, object, warnings));
  drop_double_owners(object, warnings);
  bool generated = codec::string_at_path(object, {"metadata", "name"}).empty() && request.name.empty();
  CO_TRY(prepare_create_meta(request, object, loop_.clock().wall(), random_));
  drop_status(kind, object);
  // What the server itself adds from here on is nobody's.
  if (request.tracking != Tracking::Given) managed = track_create({request, loop_.clock().wall(), kinds()}, object);
  put_managed_fields(object, std::move(managed));
  if (kind.rules.prepare != nullptr) kind.rules.prepare(object, {.create = true});
  if (crd::is_definition(kind)) crd::add_warnings(object, warnings);
  const bool named = !request.name.empty();
  request.name = codec::string_at_path(object, {"metadata", "name"});
  AdmissionRounds rounds;
  AdmissionReview review{Operation::Create, &request, &object, nullptr, warnings, &rounds};
  CO_TRY(co_await admission_.admit(review));
  if (rounds.changed) {
    drop_status(kind, object);
    if (kind.rules.prepare != nullptr) kind.rules.prepare(object, {.create = true});
    // A webhook names what the request does not, and what it names is not renamed.
    std::string name(codec::string_at_path(object, {"metadata", "name"}));
    if (named) CO_TRY(check_name(request, name));
    generated = generated && name == request.name;
    request.name = std::move(name);
  }
  CO_TRY(validate_object(request, object, nullptr));
  CO_TRY(co_await admission_.validate(review));
  for (int attempt = 1;; ++attempt) {
    auto created = co_await commit_create(request, object);
    if (created || !generated || created.error().reason != Reason::AlreadyExists || attempt == kNameTries) co_return created;
    std::string base(codec::string_at_path(object, {"metadata", "generateName"}));
    request.name = base.substr(0, 58) + random_.name_suffix();
    codec::ensure_object(object, {"metadata"})["name"] = request.name;
  }
}

Result<void> Api::check_served(const Request& request) const {
  if (caches_.serves(*request.kind)) return {};
  return fail(Reason::NotFound, "the server could not find the requested resource");
}

void Api::add_review(const model::Kind& kind, std::string subresource, Review review) {
  reviews_[{&kind, std::move(subresource)}] = std::move(review);
}

const Review* Api::review(const model::Kind& kind, std::string_view subresource) const {
  auto found = reviews_.find(std::pair(&kind, std::string(subresource)));
  return found == reviews_.end() ? nullptr : &found->second;
}

rt::Task<Result<void>> Api::admit(Operation operation, const Request& request, Value& object, const schema::Type* type,
                                  Warnings* warnings) {
  AdmissionRounds rounds;
  AdmissionReview review{operation, &request, &object, nullptr, warnings, &rounds, type};
  CO_TRY(co_await admission_.admit(review));
  co_return co_await admission_.validate(review);
}

rt::Task<Result<Value>> Api::answer(Request request, const Review& review, Value object, Warnings* warnings) {
  CO_TRY(schema::normalize(*review.type, object));
  if (!request.subresource.empty()) CO_TRY(settle_namespace(request, object));
  if (request.name.empty()) request.name = codec::string_at_path(object, {"metadata", "name"});
  CO_TRY(co_await admit(Operation::Create, request, object, review.type, warnings));
  co_return co_await review.answer(std::move(request), std::move(object));
}

rt::Task<Result<DocumentPtr>> Api::create_review(Request request, const Review& review, Value object, Warnings* warnings) {
  const model::Kind& kind = *request.kind;
  CO_TRY_ASSIGN(Value answer, co_await this->answer(std::move(request), review, std::move(object), warnings));
  std::string json;
  schema::append_canonical_json(*review.type, answer, json);
  co_return std::make_shared<model::Document>(kind, 0, share(std::move(json)), answer);
}

rt::Task<Result<DocumentPtr>> Api::commit_create(const Request& request, const Value& object) {
  const model::Kind& kind = *request.kind;
  CO_TRY_ASSIGN(SharedBytes json, encode_to_fit(kind, object));
  ObjectKey key = request.key();
  CO_TRY(check_key(object, key));
  CO_TRY(check_served(request));
  if (caches_.of(kind).get(key)) co_return fail(already_exists(kind, request.name));
  if (request.dry_run) co_return std::make_shared<model::Document>(kind, caches_.revision(), json, object);
  CO_TRY_ASSIGN(SharedBytes stored_json, co_await stored_form(request.kind, object, json));
  CO_TRY(check_served(request));  // a webhook takes its time
  std::vector<store::Write> writes;
  writes.push_back({Caches::key_of(kind, key), std::move(stored_json), 0});
  auto revision = co_await store_.commit(std::move(writes));
  if (!revision && revision.error().reason == Reason::Conflict) co_return fail(already_exists(kind, request.name));
  if (!revision) co_return fail(std::move(revision.error()));
  co_return co_await written(kind, *revision, std::move(json), object);
}

rt::Task<Result<DocumentPtr>> Api::create_binding(Request request, Value binding) {
  CO_TRY(check_binding(request, binding));
  CO_TRY(settle_namespace(request, binding));
  std::string node(codec::string_at_path(binding, {"target", "name"}));
  std::string uid(codec::string_at_path(binding, {"metadata", "uid"}));
  std::string now = format_rfc3339(loop_.clock().wall());
  binding.as_object()["apiVersion"] = "v1";
  binding.as_object()["kind"] = "Binding";
  CO_TRY(co_await admit(Operation::Create, request, binding, &core::v1::Binding::table(), nullptr));
  // The pod as a whole is written: spec.nodeName and the PodScheduled condition change together.
  Request pod = request;
  pod.verb = "update";
  pod.subresource = "binding";
  pod.tracking = Tracking::Off;
  co_return co_await write(
      std::move(pod),
      [node, uid, now, name = request.name, kind = request.kind](const Value& current) -> Result<Value> {
        Value object = current;
        std::string_view assigned = codec::string_at_path(current, {"spec", "nodeName"});
        if (!uid.empty() && uid != codec::string_at_path(current, {"metadata", "uid"}))
          return fail(conflict(*kind, name,
                               "Precondition failed: UID in precondition: " + uid + ", UID in object meta: " +
                                   std::string(codec::string_at_path(current, {"metadata", "uid"}))));
        if (!codec::string_at_path(current, {"metadata", "deletionTimestamp"}).empty())
          return fail(conflict(*kind, name, "pod " + name + " is being deleted, cannot be assigned to a host"));
        if (!assigned.empty())
          return fail(conflict(*kind, name, "pod " + name + " is already assigned to node \"" + std::string(assigned) + "\""));
        codec::ensure_object(object, {"spec"})["nodeName"] = node;
        codec::Object& status = codec::ensure_object(object, {"status"});
        codec::Array conditions;
        if (const Value* old = status.if_contains("conditions"); old != nullptr && old->is_array())
          for (const Value& condition : old->get_array())
            if (codec::string_at(condition, "type") != "PodScheduled") conditions.push_back(condition);
        conditions.push_back(
            {{"type", "PodScheduled"}, {"status", "True"}, {"lastProbeTime", nullptr}, {"lastTransitionTime", now}});
        status["conditions"] = std::move(conditions);
        return object;
      },
      nullptr);
}

}  // namespace charon::server

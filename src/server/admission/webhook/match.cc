#include "server/admission/webhook/match.h"

#include <algorithm>

#include "codec/tree.h"
#include "model/storage_form.h"
#include "server/api.h"

namespace charon::server {
namespace {

using codec::Value;

bool has(const std::vector<std::string>& list, std::string_view wanted) {
  return std::ranges::any_of(list, [wanted](const std::string& entry) { return entry == "*" || entry == wanted; });
}

bool resource_matches(std::string_view pattern, std::string_view resource, std::string_view subresource) {
  std::size_t slash = pattern.find('/');
  std::string_view main = pattern.substr(0, slash);
  std::string_view sub = slash == std::string_view::npos ? std::string_view() : pattern.substr(slash + 1);
  return (main == "*" || main == resource) && (sub == "*" || sub == subresource);
}

bool is_namespace(const model::Kind& kind) { return kind.kind == "Namespace" && kind.gv.group.empty(); }

bool scope_matches(std::string_view scope, const Request& request, const model::Kind& resource) {
  if (scope == "Namespaced") return !is_namespace(resource) && !namespace_of(request).empty();
  if (scope == "Cluster") return is_namespace(resource) || namespace_of(request).empty();
  return true;
}

const model::Kind& stored_kind(const model::Kind& kind) {
  const model::StorageForm* form = model::storage_form(kind);
  return form == nullptr ? kind : *form->stored;
}

bool is_view_of_the_same(const model::Kind& left, const model::Kind& right) {
  if (left.custom != right.custom || left.kind != right.kind) return false;
  if (left.custom) return left.gv.group == right.gv.group && left.plural == right.plural;
  return &stored_kind(left) == &stored_kind(right);
}

// The kind by whose rules the webhook is concerned; with Equivalent, any view of the stored object counts.
model::KindRef matched_kind(const Webhook& webhook, const AdmissionReview& review, const model::KindRegistry& kinds) {
  const model::Kind& kind = *review.request->kind;
  for (const WebhookRule& rule : webhook.rules)
    if (rule_matches(rule, review, kind)) return &kind;
  if (webhook.exact) return nullptr;
  for (const model::KindRef& other : kinds.all()) {
    if (other == review.request->kind || !is_view_of_the_same(*other, kind)) continue;
    for (const WebhookRule& rule : webhook.rules)
      if (rule_matches(rule, review, *other)) return other;
  }
  return nullptr;
}

Result<bool> namespace_matches(const model::LabelSelector& selector, const AdmissionReview& review, const Cache& namespaces) {
  if (selector.empty()) return true;
  const Request& request = *review.request;
  std::string_view ns = namespace_of(request);
  if (ns.empty()) return true;  // cluster-scoped objects are never spared
  bool writes = review.operation == Operation::Create || review.operation == Operation::Update;
  if (is_namespace(*request.kind) && request.subresource.empty() && writes) return selector.matches(labels_of(*review.object));
  DocumentPtr document = namespaces.get({"", std::string(ns)});
  if (!document) return fail(not_found(namespaces.kind(), ns));
  return selector.matches(document->labels());
}

bool object_matches(const model::LabelSelector& selector, const AdmissionReview& review) {
  if (selector.empty()) return true;
  if (review.object != nullptr && codec::find(*review.object, "metadata") != nullptr &&
      selector.matches(labels_of(*review.object)))
    return true;
  return review.before && selector.matches(review.before->labels());
}

}  // namespace

std::string_view namespace_of(const Request& request) {
  if (is_namespace(*request.kind)) return request.name;
  return request.kind->namespaced ? std::string_view(request.ns) : std::string_view();
}

bool is_exempt(const model::Kind& kind) {
  if (kind.gv.group != "admissionregistration.k8s.io") return false;
  return kind.kind.ends_with("WebhookConfiguration") || kind.kind.ends_with("AdmissionPolicy") ||
         kind.kind.ends_with("AdmissionPolicyBinding");
}

bool rule_matches(const WebhookRule& rule, const AdmissionReview& review, const model::Kind& resource) {
  const Request& request = *review.request;
  return has(rule.operations, operation_name(review.operation)) && has(rule.groups, resource.gv.group) &&
         has(rule.versions, resource.gv.version) && scope_matches(rule.scope, request, resource) &&
         std::ranges::any_of(rule.resources, [&](const std::string& pattern) {
           return resource_matches(pattern, resource.plural, request.subresource);
         });
}

Result<model::KindRef> wanted_kind(const Webhook& webhook, const AdmissionReview& review, const model::KindRegistry& kinds,
                                   const Cache& namespaces) {
  model::KindRef kind = matched_kind(webhook, review, kinds);
  if (!kind || !object_matches(webhook.objects, review)) return model::KindRef();
  TRY_ASSIGN(bool selected, namespace_matches(webhook.namespaces, review, namespaces));
  return selected ? kind : model::KindRef();
}

rt::Task<Result<Value>> as_kind(model::KindRef from, model::KindRef to, Value object) {
  if (from == to) co_return object;
  if (model::Converter* converter = model::converter_of(*to)) {
    std::vector<Value> one;
    one.push_back(std::move(object));
    CO_TRY_ASSIGN(one, co_await converter->trees(std::move(one), to));
    co_return std::move(one.front());
  }
  if (const model::StorageForm* form = model::storage_form(*from)) object = form->to_stored(object);
  if (const model::StorageForm* form = model::storage_form(*to)) object = form->from_stored(object);
  co_return object;
}

}  // namespace charon::server

#include "server/object_meta.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <unordered_set>
#include <utility>

#include "base/names.h"
#include "codec/json.h"
#include "codec/tree.h"

namespace charon::server {

using codec::find;
using codec::string_at;
using codec::Value;

namespace {

constexpr int kGeneratedNameBase = 58;  // 63 less the five random characters

Error mismatch(std::string text) { return Error{Reason::BadRequest, std::move(text), nullptr}; }

Result<void> settle_namespace(const Request& request, codec::Object& meta) {
  if (!request.kind->namespaced) {
    meta.erase("namespace");
    return {};
  }
  std::string_view given;
  if (const Value* ns = meta.if_contains("namespace"); ns != nullptr && ns->is_string()) given = codec::view(ns->get_string());
  if (given.empty()) {
    meta["namespace"] = request.ns;
  } else if (given != request.ns) {
    return fail(mismatch("the namespace of the provided object does not match the namespace sent on the request"));
  }
  return {};
}

void validate_finalizers(const model::Kind& kind, const Value& meta, schema::FieldErrors& errors) {
  constexpr std::array<std::string_view, 3> kStandard = {"kubernetes", "orphan", "foregroundDeletion"};
  const Value* finalizers = find(meta, "finalizers");
  if (finalizers == nullptr || !finalizers->is_array()) return;
  // Of custom resources and of the servers' own extensions Kubernetes takes any qualified name.
  bool any_name = kind.custom || kind.gv.group == "apiextensions.k8s.io" || kind.gv.group == "apiregistration.k8s.io";
  std::size_t index = 0;
  for (const Value& finalizer : finalizers->get_array()) {
    std::string_view text = finalizer.is_string() ? codec::view(finalizer.get_string()) : std::string_view();
    std::string quoted = "\"" + std::string(text) + "\"";
    std::vector<std::string> problems = qualified_name_errors(text);
    bool bare = problems.empty() && text.find('/') == std::string_view::npos;
    for (std::string& problem : problems)
      errors.push_back({schema::FieldError::Kind::Invalid, "metadata.finalizers", quoted, std::move(problem)});
    if (bare && !any_name && std::ranges::find(kStandard, text) == kStandard.end())
      errors.push_back({schema::FieldError::Kind::Invalid, "metadata.finalizers[" + std::to_string(index) + "]", quoted,
                        "name is neither a standard finalizer name nor is it fully qualified"});
    ++index;
  }
  auto has = [finalizers](std::string_view name) {
    return std::ranges::find(finalizers->get_array(), Value(name)) != finalizers->get_array().end();
  };
  if (has(kOrphanFinalizer) && has(kForegroundFinalizer))
    errors.push_back({schema::FieldError::Kind::Invalid, "metadata.finalizers", codec::write_json(*finalizers),
                      "finalizer orphan and foregroundDeletion cannot be both set"});
}

// apimachinery's ValidateOwnerReferences, which names the list where a member of one of its items is wrong.
void validate_owner_references(const Value& meta, schema::FieldErrors& errors) {
  const Value* references = find(meta, "ownerReferences");
  if (references == nullptr || !references->is_array()) return;
  const std::string path = "metadata.ownerReferences";
  auto invalid = [&errors](std::string field, const Value& value, std::string detail) {
    errors.push_back({schema::FieldError::Kind::Invalid, std::move(field), codec::write_json(value), std::move(detail)});
  };
  std::string controller;
  bool several = false;
  for (const Value& reference : references->get_array()) {
    std::string_view api_version = string_at(reference, "apiVersion");
    // "v1" or "apps/v1"; what has two slashes is no version at all.
    std::size_t slash = api_version.find('/');
    std::string_view version = slash == std::string_view::npos ? api_version : api_version.substr(slash + 1);
    if (version.empty() || version.contains('/'))
      invalid(path + ".apiVersion", Value(api_version), "version must not be empty");
    for (std::string_view member : {"kind", "name", "uid"})
      if (string_at(reference, member).empty()) invalid(path + "." + std::string(member), Value(""), "must not be empty");
    std::string_view kind = string_at(reference, "kind");
    if (api_version == "v1" && kind == "Event") invalid(path, reference, "/v1, Kind=Event is disallowed from being an owner");
    if (!codec::bool_at(reference, "controller").value_or(false)) continue;
    std::string owner = std::string(kind) + "/" + std::string(string_at(reference, "name"));
    if (controller.empty()) {
      controller = std::move(owner);
    } else if (!std::exchange(several, true)) {  // told once: the list is as long as the client likes
      invalid(path, *references,
              "Only one reference can have Controller set to true. Found \"true\" in references for " + controller + " and " +
                  owner);
    }
  }
}

// Which rule a kind's names follow (apimachinery's ValidateNameFunc of each kind).
std::vector<std::string> name_errors(const model::Kind& kind, std::string_view name) {
  // The API service of the core group is "v1.".
  if (kind.gv.group == "rbac.authorization.k8s.io" || kind.gv.group == "certificates.k8s.io" || kind.kind == "APIService")
    return path_segment_errors(name);
  // Kubernetes asks of an event only that its name fits into a URL; of drivers and addresses their rules ask more.
  if (kind.gv.group.empty() && kind.kind == "Event") return path_segment_errors(name);
  if (!kind.custom && (kind.kind == "CSIDriver" || kind.kind == "IPAddress")) return path_segment_errors(name);
  if (kind.kind == "Namespace" && kind.gv.group.empty()) return dns1123_label_errors(name);
  if (kind.kind == "Service" && kind.gv.group.empty()) return dns1035_label_errors(name);
  return dns1123_subdomain_errors(name);
}

// What apimachinery's ValidateObjectMetaAccessorUpdate calls immutable. Absent and null are the same.
void validate_kept_members(const Value& meta, const Value& old, schema::FieldErrors& errors) {
  const Value nothing;
  for (std::string_view member :
       {"name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"}) {
    const Value* now = find(meta, member);
    const Value* then = find(old, member);
    if (codec::equal(now == nullptr ? nothing : *now, then == nullptr ? nothing : *then)) continue;
    // As Go prints the text that is not there.
    bool text = then != nullptr && then->is_string() && (now == nullptr || now->is_null());
    errors.push_back({schema::FieldError::Kind::Invalid, "metadata." + std::string(member),
                      text ? "\"\"" : codec::write_json(now == nullptr ? nothing : *now), "field is immutable"});
  }
}

}  // namespace

Result<void> settle_namespace(const Request& request, Value& object) {
  return settle_namespace(request, codec::ensure_object(object, {"metadata"}));
}

Result<void> check_name(const Request& request, std::string_view name) {
  if (request.name.empty() || name == request.name) return {};
  return fail(
      mismatch("the name of the object (" + std::string(name) + ") does not match the name on the URL (" + request.name + ")"));
}

void drop_double_owners(Value& object, Warnings* warnings) {
  codec::Object& meta = codec::ensure_object(object, {"metadata"});
  Value* references = meta.if_contains("ownerReferences");
  if (references == nullptr || !references->is_array()) return;
  codec::Array kept;
  std::string twice;
  std::unordered_set<std::string> seen;
  for (const Value& reference : references->get_array()) {
    if (seen.insert(codec::write_json(reference)).second)
      kept.push_back(reference);
    else
      twice += (twice.empty() ? "" : ", ") + std::string(string_at(reference, "uid"));
  }
  if (twice.empty()) return;
  *references = std::move(kept);
  if (warnings != nullptr)
    warnings->push_back(
        ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject "
        "such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: " +
        twice);
}

Result<void> check_key(const Value& object, const model::ObjectKey& key) {
  model::ObjectKey own{std::string(codec::string_at_path(object, {"metadata", "namespace"})),
                       std::string(codec::string_at_path(object, {"metadata", "name"}))};
  if (own == key) return {};
  return fail(Reason::InternalError,
              "Internal error occurred: the object " + own.text() + " cannot be stored as " + key.text());
}

void validate_strings(const Value& meta, std::string_view member, schema::FieldErrors& errors) {
  const Value* map = find(meta, member);
  if (map == nullptr || !map->is_object()) return;
  std::size_t total = 0;
  for (const auto& [key, value] : map->get_object()) {
    std::string path = "metadata." + std::string(member);
    std::string name(key);
    // The case of an annotation's key is its own.
    if (member == "annotations") std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    for (std::string& text : qualified_name_errors(name))
      errors.push_back({schema::FieldError::Kind::Invalid, path, "\"" + std::string(key) + "\"", std::move(text)});
    if (!value.is_string()) continue;
    total += key.size() + value.get_string().size();
    if (member != "labels") continue;
    for (std::string& text : label_value_errors(codec::view(value.get_string())))
      errors.push_back(
          {schema::FieldError::Kind::Invalid, path, "\"" + std::string(value.get_string()) + "\"", std::move(text)});
  }
  if (member == "annotations" && total > (256u << 10))
    errors.push_back({schema::FieldError::Kind::TooLong, "metadata.annotations", "", "may not be more than 262144 bytes"});
}

Result<void> prepare_create_meta(const Request& request, Value& object, Time now, rt::Random& random) {
  codec::Object& meta = codec::ensure_object(object, {"metadata"});
  TRY(settle_namespace(request, meta));
  if (const Value* version = meta.if_contains("resourceVersion");
      version != nullptr && version->is_string() && !version->get_string().empty() && version->get_string() != "0")
    return fail(mismatch("resourceVersion should not be set on objects to be created"));
  std::string name(string_at(Value(meta), "name"));
  if (!request.name.empty() && name.empty()) meta["name"] = name = request.name;
  TRY(check_name(request, name));
  if (name.empty()) {
    std::string base(string_at(Value(meta), "generateName"));
    if (!base.empty()) meta["name"] = base.substr(0, kGeneratedNameBase) + random.name_suffix();
  }
  for (std::string_view member : {"resourceVersion", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds"})
    meta.erase(member);
  meta["uid"] = random.uuid();
  meta["creationTimestamp"] = format_rfc3339(now);
  meta.erase("generation");
  if (request.kind->generation) meta["generation"] = 1;
  return {};
}

Result<void> prepare_update_meta(const Request& request, Value& object, const model::Document& before,
                                 const Value& before_tree) {
  codec::Object& meta = codec::ensure_object(object, {"metadata"});
  TRY(settle_namespace(request, meta));
  Value meta_view(meta);
  std::string_view name = string_at(meta_view, "name");
  if (name.empty()) {
    meta["name"] = before.key().name;
  } else if (name != before.key().name) {
    return fail(mismatch("the name of the object (" + std::string(name) + ") does not match the name on the URL (" +
                         before.key().name + ")"));
  }
  const Value* old_meta = find(before_tree, "metadata");
  for (std::string_view member :
       {"creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "uid", "generateName"}) {
    const Value* old = find(*old_meta, member);
    if (member == "uid" && meta.contains("uid") && old != nullptr && !codec::equal(meta["uid"], *old))
      continue;  // reported by the caller
    if (old != nullptr) {
      meta[member] = *old;
    } else {
      meta.erase(member);
    }
  }
  meta.erase("selfLink");
  meta.erase("resourceVersion");
  return {};
}

void validate_meta(const model::Kind& kind, const Value& object, schema::FieldErrors& errors) {
  const Value& meta = *find(object, "metadata");
  std::string_view name = string_at(meta, "name");
  if (name.empty()) {
    errors.push_back({schema::FieldError::Kind::Required, "metadata.name", "", "name or generateName is required"});
  } else {
    for (std::string& text : name_errors(kind, name))
      errors.push_back({schema::FieldError::Kind::Invalid, "metadata.name", "\"" + std::string(name) + "\"", std::move(text)});
  }
  validate_strings(meta, "labels", errors);
  validate_strings(meta, "annotations", errors);
  validate_owner_references(meta, errors);
  validate_finalizers(kind, meta, errors);
}

void validate_meta_update(const Value& object, const Value& before, schema::FieldErrors& errors) {
  const Value& meta = *find(object, "metadata");
  const Value& old = *find(before, "metadata");
  validate_kept_members(meta, old, errors);
  if (string_at(old, "deletionTimestamp").empty()) return;
  // No new finalizers once deletion has begun.
  const Value* now = find(meta, "finalizers");
  const Value* then = find(old, "finalizers");
  if (now == nullptr || !now->is_array()) return;
  auto text_of = [](const Value& finalizer) {
    return finalizer.is_string() ? codec::view(finalizer.get_string()) : std::string_view();
  };
  std::set<std::string_view> known;
  if (then != nullptr && then->is_array())
    for (const Value& finalizer : then->get_array()) known.insert(text_of(finalizer));
  std::string added;
  for (const Value& finalizer : now->get_array())
    if (!known.contains(text_of(finalizer))) added += (added.empty() ? "" : ", ") + codec::write_json(finalizer);
  if (!added.empty())
    errors.push_back(
        {schema::FieldError::Kind::Forbidden, "metadata.finalizers", "",
         "no new finalizers can be added if the object is being deleted, found new finalizers []string{" + added + "}"});
}

bool ready_to_go(const model::Kind& kind, const Value& object) {
  const Value& meta = *find(object, "metadata");
  if (string_at(meta, "deletionTimestamp").empty()) return false;
  if (codec::int_at(meta, "deletionGracePeriodSeconds").value_or(0) > 0) return false;
  const Value* finalizers = find(meta, "finalizers");
  if (finalizers != nullptr && finalizers->is_array() && !finalizers->get_array().empty()) return false;
  if (kind.kind != "Namespace" || !kind.gv.group.empty()) return true;
  const Value* spec_finalizers = codec::find_path(object, {"spec", "finalizers"});
  return spec_finalizers == nullptr || !spec_finalizers->is_array() || spec_finalizers->get_array().empty();
}

}  // namespace charon::server

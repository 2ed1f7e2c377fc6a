#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <set>
#include <string>
#include <vector>

#include "api/apiextensions/v1/schema_validation.h"
#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"
#include "base/names.h"
#include "codec/tree.h"

namespace charon::apiextensions::v1 {

using codec::Value;

namespace {

// "Widget" has the singular "widget" and the list "WidgetList".
void set_defaults(Value& definition) {
  std::string kind(codec::string_at_path(definition, {"spec", "names", "kind"}));
  if (kind.empty()) return;
  codec::Object& names = codec::ensure_object(definition, {"spec", "names"});
  const Value names_now = names;
  if (codec::string_at(names_now, "listKind").empty()) names["listKind"] = kind + "List";
  std::ranges::transform(kind, kind.begin(), [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  if (codec::string_at(names_now, "singular").empty()) names["singular"] = kind;
}

using meta::v1::add_forbidden;
using meta::v1::add_invalid;
using meta::v1::add_not_supported;
using meta::v1::add_required;
using meta::v1::Errors;
using meta::v1::FieldPath;
using meta::v1::items_of;

// All that is wrong with a name, as one text.
std::string joined(const std::vector<std::string>& problems) {
  std::string text;
  for (const std::string& problem : problems) text += (text.empty() ? "" : ",") + problem;
  return text;
}

void check_label(Errors& errors, const FieldPath& path, std::string_view text) {
  if (text.empty()) return;
  if (std::string wrong = joined(dns1035_label_errors(text)); !wrong.empty()) add_invalid(errors, path, Value(text), wrong);
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return out;
}

void check_names(const Value& names, const FieldPath& path, Errors& errors) {
  for (std::string_view member : {"plural", "singular"})
    check_label(errors, path.child(member), codec::string_at(names, member));
  for (std::string_view member : {"kind", "listKind"}) {
    std::string_view kind = codec::string_at(names, member);
    std::string wrong = kind.empty() ? "" : joined(dns1035_label_errors(lower(kind)));
    if (!wrong.empty())
      add_invalid(errors, path.child(member), Value(kind), "may have mixed case, but should otherwise match: " + wrong);
  }
  std::string_view kind = codec::string_at(names, "kind");
  if (!kind.empty() && kind == codec::string_at(names, "listKind"))
    add_invalid(errors, path.child("listKind"), Value(kind), "kind and listKind may not be the same");
  for (std::string_view member : {"shortNames", "categories"}) {
    FieldPath list = path.child(member);
    const codec::Array& texts = items_of(codec::find(names, member));
    for (std::size_t i = 0; i < texts.size(); ++i)
      if (texts[i].is_string()) check_label(errors, list.at(i), codec::view(texts[i].get_string()));
  }
}

// A simple path: ".spec.replicas". Empty paths are the caller's.
bool check_path(Errors& errors, const FieldPath& path, std::string_view text) {
  if (text.empty()) {
    add_required(errors, path);
  } else if (text.front() != '.') {
    add_invalid(errors, path, Value(text), "must be a simple json path starting with .");
  } else {
    return true;
  }
  return false;
}

void check_subresources(const Value& version, const FieldPath& path, Errors& errors) {
  const Value* scale = codec::find_path(version, {"subresources", "scale"});
  if (scale == nullptr || !scale->is_object()) return;
  FieldPath subresources = path.child("subresources");
  FieldPath place = subresources.child("scale");
  std::string_view replicas = codec::string_at(*scale, "specReplicasPath");
  if (check_path(errors, place.child("specReplicasPath"), replicas) && !replicas.starts_with(".spec."))
    add_invalid(errors, place.child("specReplicasPath"), Value(replicas), "should be a json path under .spec");
  std::string_view status = codec::string_at(*scale, "statusReplicasPath");
  if (check_path(errors, place.child("statusReplicasPath"), status) && !status.starts_with(".status."))
    add_invalid(errors, place.child("statusReplicasPath"), Value(status), "should be a json path under .status");
  std::string_view selector = codec::string_at(*scale, "labelSelectorPath");
  if (selector.empty()) return;
  if (check_path(errors, place.child("labelSelectorPath"), selector) && !selector.starts_with(".spec.") &&
      !selector.starts_with(".status."))
    add_invalid(errors, place.child("labelSelectorPath"), Value(selector),
                "should be a json path under either .spec or .status");
}

void check_columns(const Value& version, const FieldPath& path, Errors& errors) {
  constexpr std::string_view kTypes[] = {"boolean", "date", "integer", "number", "string"};
  constexpr std::string_view kFormats[] = {"byte", "date", "date-time", "double", "float", "int32", "int64", "password"};
  FieldPath list = path.child("additionalPrinterColumns");
  const codec::Array& columns = items_of(codec::find(version, "additionalPrinterColumns"));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    FieldPath here = list.at(i);
    if (codec::string_at(columns[i], "name").empty()) add_required(errors, here.child("name"));
    std::string_view type = codec::string_at(columns[i], "type");
    if (type.empty()) {
      add_required(errors, here.child("type"), "must be one of boolean,date,integer,number,string");
    } else if (std::ranges::find(kTypes, type) == std::end(kTypes)) {
      add_invalid(errors, here.child("type"), Value(type), "must be one of boolean,date,integer,number,string");
    }
    std::string_view format = codec::string_at(columns[i], "format");
    if (!format.empty() && std::ranges::find(kFormats, format) == std::end(kFormats))
      add_invalid(errors, here.child("format"), Value(format),
                  "must be one of byte,date,date-time,double,float,int32,int64,password");
    check_path(errors, here.child("jsonPath"), codec::string_at(columns[i], "jsonPath"));
  }
}

// The schema at a path of properties; null when there is none.
const Value* property_at(const Value* schema, std::string_view path) {
  while (schema != nullptr && !path.empty()) {
    path.remove_prefix(path.front() == '.' ? 1 : 0);
    std::size_t end = std::min(path.find('.'), path.size());
    schema = codec::find_path(*schema, {"properties", path.substr(0, end)});
    path.remove_prefix(end);
  }
  return schema;
}

void check_selectable_fields(const Value& version, const FieldPath& path, Errors& errors) {
  constexpr std::size_t kMost = 8;
  FieldPath list = path.child("selectableFields");
  const codec::Array& fields = items_of(codec::find(version, "selectableFields"));
  if (fields.size() > kMost)
    errors.push_back(
        {schema::FieldError::Kind::TooMany, list.text(), std::to_string(fields.size()), "must have at most 8 items"});
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    FieldPath place = list.at(i);
    FieldPath here = place.child("jsonPath");
    std::string_view text = codec::string_at(fields[i], "jsonPath");
    if (!check_path(errors, here, text)) continue;
    if (!seen.insert(text).second) meta::v1::add_duplicate(errors, here, text);
    const Value* property = property_at(codec::find_path(version, {"schema", "openAPIV3Schema"}), text);
    if (text.starts_with(".metadata") || property == nullptr) {
      add_invalid(errors, here, Value(text), "is an invalid path: does not refer to a valid field");
      continue;
    }
    std::string_view type = codec::string_at(*property, "type");
    if (type != "string" && type != "boolean" && type != "integer")
      add_invalid(errors, here, Value(text), "must point to a field of type string, boolean or integer");
  }
}

void check_deprecation(const Value& version, const FieldPath& path, Errors& errors) {
  const Value* warning = codec::find(version, "deprecationWarning");
  if (warning == nullptr || !warning->is_string()) return;
  FieldPath place = path.child("deprecationWarning");
  if (!codec::bool_at(version, "deprecated").value_or(false))
    add_invalid(errors, place, *warning, "can only be set for deprecated versions");
  if (warning->get_string().size() > 256) add_invalid(errors, place, *warning, "must be <= 256 characters long");
  if (warning->get_string().empty()) add_invalid(errors, place, *warning, "must not be an empty string");
}

void check_versions(const Value& definition, const FieldPath& path, Errors& errors) {
  const codec::Array& versions = items_of(codec::find_path(definition, {"spec", "versions"}));
  std::set<std::string_view> names;
  int stored = 0;
  bool unique = true;
  for (std::size_t i = 0; i < versions.size(); ++i) {
    FieldPath here = path.at(i);
    const Value* schema = codec::find_path(versions[i], {"schema", "openAPIV3Schema"});
    FieldPath schema_path = here.child("schema");
    if (schema == nullptr || !schema->is_object())
      add_required(errors, schema_path.child("openAPIV3Schema"), "schemas are required");
    std::string_view name = codec::string_at(versions[i], "name");
    stored += codec::bool_at(versions[i], "storage").value_or(false) ? 1 : 0;
    unique = names.insert(name).second && unique;
    if (std::string wrong = joined(dns1035_label_errors(name)); !wrong.empty())
      add_invalid(errors, here.child("name"), Value(name), wrong);
    check_deprecation(versions[i], here, errors);
    if (schema != nullptr && schema->is_object()) {
      FieldPath place = schema_path.child("openAPIV3Schema");
      validate_schema(*schema, place, errors);
    }
    check_subresources(versions[i], here, errors);
    check_columns(versions[i], here, errors);
    check_selectable_fields(versions[i], here, errors);
  }
  const Value whole = codec::Array();  // as large as a definition may be: not repeated in a message
  if (!unique) add_invalid(errors, path, whole, "must contain unique version names");
  if (stored != 1) add_invalid(errors, path, whole, "must have exactly one version marked as storage version");
}

void check_webhook(const Value& conversion, const FieldPath& path, Errors& errors) {
  FieldPath client_path = path.child("webhookClientConfig");
  FieldPath versions_path = path.child("conversionReviewVersions");
  const Value* client = codec::find_path(conversion, {"webhook", "clientConfig"});
  const codec::Array& versions = items_of(codec::find_path(conversion, {"webhook", "conversionReviewVersions"}));
  if (codec::string_at(conversion, "strategy") != "Webhook") {
    constexpr std::string_view kWhy = "should not be set when strategy is not set to Webhook";
    if (client != nullptr) add_forbidden(errors, client_path, kWhy);
    if (!versions.empty()) add_forbidden(errors, versions_path, kWhy);
    return;
  }
  if (client == nullptr) {
    add_required(errors, client_path, "required when strategy is set to Webhook");
  } else if ((codec::find(*client, "url") == nullptr) == (codec::find(*client, "service") == nullptr)) {
    add_required(errors, client_path, "exactly one of url or service is required");
  } else if (std::string_view url = codec::string_at(*client, "url"); !url.empty() && !url.starts_with("https://")) {
    add_invalid(errors, client_path.child("url"), Value(url), "'https' is the only allowed URL scheme");
  }
  if (versions.empty()) return add_required(errors, versions_path);
  bool known =
      std::ranges::any_of(versions, [](const Value& version) { return version == Value("v1") || version == Value("v1beta1"); });
  if (!known) add_invalid(errors, versions_path, Value(versions), "must include at least one of v1, v1beta1");
}

void check_conversion(const Value& definition, const FieldPath& path, Errors& errors) {
  const Value* conversion = codec::find_path(definition, {"spec", "conversion"});
  if (conversion == nullptr || !conversion->is_object()) return;
  std::string_view strategy = codec::string_at(*conversion, "strategy");
  if (strategy.empty()) {
    add_required(errors, path.child("strategy"));
  } else if (strategy != "None" && strategy != "Webhook") {
    add_not_supported(errors, path.child("strategy"), strategy, {"None", "Webhook"});
  }
  check_webhook(*conversion, path, errors);
}

bool is_established(const Value& definition) {
  for (const Value& condition : items_of(codec::find_path(definition, {"status", "conditions"})))
    if (codec::string_at(condition, "type") == "Established") return codec::string_at(condition, "status") == "True";
  return false;
}

// A version in which something is stored stays until the objects have been written anew.
void check_stored_versions(const Value& definition, Errors& errors) {
  FieldPath status("status");
  FieldPath list = status.child("storedVersions");
  const codec::Array& stored = items_of(codec::find_path(definition, {"status", "storedVersions"}));
  std::set<std::string_view> names;
  for (const Value& version : items_of(codec::find_path(definition, {"spec", "versions"})))
    names.insert(codec::string_at(version, "name"));
  for (std::size_t i = 0; i < stored.size(); ++i) {
    if (!stored[i].is_string() || names.contains(codec::view(stored[i].get_string()))) continue;
    std::string name(codec::view(stored[i].get_string()));
    add_invalid(
        errors, list.at(i), stored[i],
        "missing from spec.versions; " + name +
            " was previously a storage version, and must remain in spec.versions until a storage migration ensures no data "
            "remains persisted in " +
            name + " and removes " + name + " from status.storedVersions");
  }
}

void check_update(const Value& definition, const Value& before, Errors& errors) {
  auto fixed = [&](std::initializer_list<std::string_view> names) {
    std::vector<std::string_view> steps(names);
    const Value* old_value = codec::find_path(before, {"spec"});
    const Value* new_value = codec::find_path(definition, {"spec"});
    std::string path = "spec";
    for (std::string_view step : steps) {
      path += "." + std::string(step);
      old_value = old_value != nullptr ? codec::find(*old_value, step) : nullptr;
      new_value = new_value != nullptr ? codec::find(*new_value, step) : nullptr;
    }
    meta::v1::check_immutable(errors, FieldPath(path), old_value, new_value);
  };
  if (is_established(before)) {
    fixed({"scope"});
    fixed({"names", "kind"});
  }
  fixed({"group"});
  fixed({"names", "plural"});
  check_stored_versions(definition, errors);
}

// KEP-1111: groups of the Kubernetes project need an approval.
void check_approval(const Value& definition, std::string_view group, Errors& errors) {
  auto within = [group](std::string_view domain) { return group == domain || group.ends_with("." + std::string(domain)); };
  if (!within("k8s.io") && !within("kubernetes.io")) return;
  FieldPath metadata("metadata");
  FieldPath annotations = metadata.child("annotations");
  FieldPath place = annotations.key("api-approved.kubernetes.io");
  std::string_view approval = codec::string_at_path(definition, {"metadata", "annotations", "api-approved.kubernetes.io"});
  if (approval.empty())
    return add_required(errors, place,
                        "protected groups must have approval annotation \"api-approved.kubernetes.io\", see "
                        "https://github.com/kubernetes/enhancements/pull/1111");
  if (!approval.starts_with("unapproved") && !approval.starts_with("http://") && !approval.starts_with("https://"))
    add_invalid(errors, place, Value(approval),
                "protected groups must have approval annotation \"api-approved.kubernetes.io\" with either a URL or a reason "
                "starting with \"unapproved\", see https://github.com/kubernetes/enhancements/pull/1111");
}

void check_spec(const Value& definition, const FieldPath& spec, Errors& errors) {
  std::string_view group = codec::string_at_path(definition, {"spec", "group"});
  if (group.empty()) {
    add_required(errors, spec.child("group"));
  } else if (std::string wrong = joined(dns1123_subdomain_errors(group)); !wrong.empty()) {
    add_invalid(errors, spec.child("group"), Value(group), wrong);
  } else if (group.find('.') == std::string_view::npos) {
    add_invalid(errors, spec.child("group"), Value(group), "should be a domain with at least one dot");
  }
  std::string_view scope = codec::string_at_path(definition, {"spec", "scope"});
  if (scope.empty()) {
    add_required(errors, spec.child("scope"));
  } else if (scope != "Cluster" && scope != "Namespaced") {
    add_not_supported(errors, spec.child("scope"), scope, {"Cluster", "Namespaced"});
  }
  if (codec::bool_at(*codec::find(definition, "spec"), "preserveUnknownFields").value_or(false))
    add_invalid(errors, spec.child("preserveUnknownFields"), Value(true),
                "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead");
  check_versions(definition, spec.child("versions"), errors);
  FieldPath names = spec.child("names");
  const Value* given = codec::find_path(definition, {"spec", "names"});
  const Value kNone;
  for (std::string_view member : {"plural", "singular", "kind", "listKind"})
    if (codec::string_at(given != nullptr ? *given : kNone, member).empty()) add_required(errors, names.child(member));
  if (given != nullptr) check_names(*given, names, errors);
  check_conversion(definition, spec.child("conversion"), errors);
}

void validate(const Value& definition, const model::WriteContext& context, Errors& errors) {
  if (context.subresource == "status") return;
  std::string_view group = codec::string_at_path(definition, {"spec", "group"});
  std::string_view plural = codec::string_at_path(definition, {"spec", "names", "plural"});
  std::string_view name = codec::string_at_path(definition, {"metadata", "name"});
  FieldPath metadata("metadata");
  if (name != std::string(plural) + "." + std::string(group))
    add_invalid(errors, metadata.child("name"), Value(name), "must be spec.names.plural+\".\"+spec.group");
  FieldPath spec("spec");
  if (codec::find(definition, "spec") != nullptr) check_spec(definition, spec, errors);
  check_approval(definition, group, errors);
  if (context.before != nullptr) check_update(definition, *context.before, errors);
}

// The versions that objects may be stored in: the storage version of now joins them.
void prepare(Value& definition, const model::WriteContext& context) {
  if (context.subresource == "status") return;
  codec::Object& status = codec::ensure_object(definition, {"status"});
  if (context.create) status = codec::Object();
  if (!status["storedVersions"].is_array()) status["storedVersions"].emplace_array();
  codec::Array& stored = status["storedVersions"].get_array();
  for (const Value& version : items_of(codec::find_path(definition, {"spec", "versions"}))) {
    const Value* name = codec::find(version, "name");
    bool storage = codec::bool_at(version, "storage").value_or(false) && name != nullptr;
    if (storage && std::ranges::find(stored, *name) == stored.end()) stored.push_back(*name);
  }
}

}  // namespace

const model::KindRules custom_resource_definition_rules = {
    .set_defaults = set_defaults, .prepare = prepare, .validate = validate, .update_needs_version = true};

}  // namespace charon::apiextensions::v1

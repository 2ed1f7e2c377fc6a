#include "api/core/v1/environment_validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "api/meta/v1/cells.h"
#include "base/names.h"
#include "base/quantity.h"
#include "codec/tree.h"

namespace charon::core::v1 {

using codec::string_at;
using codec::Value;
using meta::v1::add_invalid;
using meta::v1::add_not_supported;
using meta::v1::add_required;
using meta::v1::Errors;
using meta::v1::FieldPath;
using meta::v1::is_present;
using meta::v1::items_at;
using meta::v1::object_at;

namespace {

// All fields that exist for this purpose; which of them may be named depends on by whom.
constexpr std::string_view kFields[] = {
    "metadata.annotations", "metadata.labels", "metadata.name",      "metadata.namespace",
    "metadata.uid",         "spec.nodeName",   "spec.restartPolicy", "spec.serviceAccountName",
    "spec.schedulerName",   "status.phase",    "status.hostIP",      "status.hostIPs",
    "status.podIP",         "status.podIPs"};

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

bool is_variable_name(std::string_view name) {
  return std::ranges::all_of(name, [](unsigned char c) { return c >= 0x20 && c <= 0x7e && c != '='; });
}

void check_variable_name(Errors& errors, const FieldPath& path, std::string_view name) {
  if (!is_variable_name(name))
    add_invalid(errors, path, Value(name),
                "a valid environment variable name must consist only of printable ASCII characters other than '='");
}

constexpr std::string_view kSources[] = {"fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"};

void validate_value_from(Errors& errors, const FieldPath& path, const Value& variable) {
  const Value* source = object_at(variable, "valueFrom");
  if (source == nullptr) return;
  auto given = std::ranges::count_if(kSources, [&](std::string_view name) { return is_present(*source, name); });
  if (const Value* field = object_at(*source, "fieldRef"))
    validate_field_ref(errors, path.child("fieldRef"), *field, FieldRefOwner::Variable);
  if (const Value* resource = object_at(*source, "resourceFieldRef"))
    validate_resource_field_ref(errors, path.child("resourceFieldRef"), *resource, FieldRefOwner::Variable);
  for (std::string_view ref : {"configMapKeyRef", "secretKeyRef"}) {
    const Value* key = object_at(*source, ref);
    if (key == nullptr) continue;
    FieldPath here = path.child(ref);
    meta::v1::check_given_name(errors, here.child("name"), string_at(*key, "name"), dns1123_subdomain_errors);
    meta::v1::check_name(errors, here.child("key"), string_at(*key, "key"), config_map_key_errors);
  }
  if (given == 0)
    add_invalid(errors, path, Value(""),
                "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
  else if (!string_at(variable, "value").empty())
    add_invalid(errors, path, Value(""), "may not be specified when `value` is not empty");
  else if (given > 1)
    add_invalid(errors, path, Value(""), "may not have more than one field specified at a time");
}

}  // namespace

void validate_field_ref(Errors& errors, const FieldPath& path, const Value& reference, FieldRefOwner owner) {
  std::string_view field = string_at(reference, "fieldPath");
  if (field.empty()) return;  // the table says so
  FieldPath here = path.child("fieldPath");
  std::size_t bracket = field.find("['");
  if (bracket != field.npos && field.ends_with("']")) {
    std::string_view map = field.substr(0, bracket);
    std::string_view key = field.substr(bracket + 2, field.size() - bracket - 4);
    if (map == "metadata.annotations")
      meta::v1::check_given_name(errors, path, lower(key), qualified_name_errors);
    else if (map == "metadata.labels")
      meta::v1::check_given_name(errors, path, key, qualified_name_errors);
    else
      add_invalid(errors, here, Value(field),
                  fmt::format("error converting fieldPath: field label does not support subscript: {}", field));
    return;
  }
  if (std::ranges::find(kFields, field) == std::end(kFields))
    return add_invalid(errors, here, Value(field),
                       fmt::format("error converting fieldPath: field label not supported: {}", field));
  bool changes = field == "metadata.annotations" || field == "metadata.labels";
  bool known_early = field.starts_with("metadata.");
  if (owner == FieldRefOwner::Volume && !known_early)
    return add_not_supported(
        errors, here, field,
        {"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"});
  bool internal = field == "spec.restartPolicy" || field == "spec.schedulerName" || field == "status.phase";
  if (owner == FieldRefOwner::Variable && (changes || internal))
    add_not_supported(errors, here, field,
                      {"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
                       "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"});
}

void validate_resource_field_ref(Errors& errors, const FieldPath& path, const Value& reference, FieldRefOwner owner) {
  std::string_view resource = string_at(reference, "resource");
  if (owner == FieldRefOwner::Volume && string_at(reference, "containerName").empty())
    return add_required(errors, path.child("containerName"));
  if (resource.empty()) return;  // the table says so
  std::size_t dot = resource.find('.');
  std::string_view side = resource.substr(0, dot);
  std::string_view name = dot == resource.npos ? std::string_view() : resource.substr(dot + 1);
  bool counted = name == "memory" || name == "ephemeral-storage" || name.starts_with("hugepages-");
  if ((side != "limits" && side != "requests") || (name != "cpu" && !counted))
    return add_not_supported(errors, path.child("resource"), resource,
                             {"limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu",
                              "requests.ephemeral-storage", "requests.memory"});
  Result<Quantity> divisor = Quantity::parse(string_at(reference, "divisor"));
  if (!divisor || divisor->is_zero()) return;
  std::string text = divisor->text();
  if (name == "cpu" && text != "1" && text != "1m")
    add_invalid(errors, path.child("divisor"), Value(resource),
                "only divisor's values 1m and 1 are supported with the cpu resource");
  constexpr std::string_view kUnits[] = {"1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"};
  if (counted && std::ranges::find(kUnits, text) == std::end(kUnits))
    add_invalid(errors, path.child("divisor"), Value(resource),
                fmt::format("only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with "
                            "the {} resource",
                            name == "memory"              ? "memory"
                            : name == "ephemeral-storage" ? "local ephemeral storage"
                                                          : "hugepages"));
}

void validate_environment(Errors& errors, const FieldPath& path, const Value& container) {
  const codec::Array& variables = items_at(container, "env");
  FieldPath list = path.child("env");
  for (std::size_t i = 0; i < variables.size(); ++i) {
    FieldPath here = list.at(i);
    check_variable_name(errors, here.child("name"), string_at(variables[i], "name"));
    validate_value_from(errors, here.child("valueFrom"), variables[i]);
  }
  const codec::Array& sources = items_at(container, "envFrom");
  FieldPath from = path.child("envFrom");
  for (std::size_t i = 0; i < sources.size(); ++i) {
    FieldPath here = from.at(i);
    check_variable_name(errors, here.child("prefix"), string_at(sources[i], "prefix"));
    int given = 0;
    for (std::string_view member : {"configMapRef", "secretRef"}) {
      const Value* source = object_at(sources[i], member);
      if (source == nullptr) continue;
      ++given;
      FieldPath name_path = here.child(member);
      std::string_view name = string_at(*source, "name");
      if (name.empty()) add_required(errors, name_path.child("name"));
      meta::v1::check_name(errors, name_path.child("name"), name, dns1123_subdomain_errors);
    }
    if (given == 0) add_invalid(errors, here, Value(""), "must specify one of: `configMapRef` or `secretRef`");
    if (given > 1) add_invalid(errors, here, Value(""), "may not have more than one field specified at a time");
  }
}

}  // namespace charon::core::v1

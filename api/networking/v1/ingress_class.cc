#include <string>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"
#include "base/names.h"

namespace charon::networking::v1 {

using codec::string_at;
using codec::Value;
using meta::v1::FieldPath;

namespace {

void cells_of(const Value& ingress_class, Time, codec::Array& cells) {
  std::string text = "<none>";
  if (const Value* parameters = codec::find_path(ingress_class, {"spec", "parameters"});
      parameters != nullptr && parameters->is_object()) {
    text = string_at(*parameters, "kind");
    if (std::string_view group = string_at(*parameters, "apiGroup"); !group.empty()) text.append(".").append(group);
    text.append("/").append(string_at(*parameters, "name"));
  }
  meta::v1::add_cell(cells, text);
}

constexpr std::size_t kControllerBytes = 250;

// "example.com/controller": a domain and a path below it.
void validate_controller(meta::v1::Errors& errors, const FieldPath& path, std::string_view controller) {
  if (controller.empty()) return meta::v1::add_required(errors, path);
  if (controller.size() > kControllerBytes) meta::v1::add_too_long(errors, path, kControllerBytes);
  std::size_t slash = controller.find('/');
  if (slash == controller.npos || slash == 0 || slash + 1 == controller.size())
    return meta::v1::add_invalid(errors, path, Value(controller), "must be a domain-prefixed path (such as \"acme.io/foo\")");
  meta::v1::check_name(errors, path, controller.substr(0, slash), dns1123_subdomain_errors);
  std::string_view rest = controller.substr(slash + 1);
  constexpr std::string_view kPath = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-._~%!$&'()*+,;=:";
  if (rest.find_first_not_of(kPath) != rest.npos)
    meta::v1::add_invalid(errors, path, Value(rest),
                          "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')");
}

void validate_parameters(meta::v1::Errors& errors, const FieldPath& path, const Value& parameters) {
  meta::v1::check_name(errors, path.child("apiGroup"), string_at(parameters, "apiGroup"), dns1123_subdomain_errors);
  for (std::string_view member : {"kind", "name"})  // the table says that they are required
    meta::v1::check_name(errors, path.child(member), string_at(parameters, member), path_segment_errors);
  std::string_view scope = string_at(parameters, "scope");
  const Value* space = codec::find(parameters, "namespace");
  FieldPath place = path.child("namespace");
  if (scope == "Namespace") {
    if (space == nullptr) return meta::v1::add_required(errors, place, "`parameters.scope` is set to 'Namespace'");
    meta::v1::check_given_name(errors, place, string_at(parameters, "namespace"), dns1123_label_errors);
  } else if (scope == "Cluster") {
    if (space != nullptr) meta::v1::add_forbidden(errors, place, "`parameters.scope` is set to 'Cluster'");
  } else {
    meta::v1::add_not_supported(errors, path.child("scope"), scope, {"Cluster", "Namespace"});
  }
}

void validate(const Value& ingress_class, const model::WriteContext&, meta::v1::Errors& errors) {
  FieldPath spec("spec");
  validate_controller(errors, spec.child("controller"), codec::string_at_path(ingress_class, {"spec", "controller"}));
  if (const Value* parameters = codec::find_path(ingress_class, {"spec", "parameters"}); parameters && parameters->is_object())
    validate_parameters(errors, spec.child("parameters"), *parameters);
}

}  // namespace

const model::KindRules ingress_class_rules = {.validate = validate, .cells = cells_of};

}  // namespace charon::networking::v1

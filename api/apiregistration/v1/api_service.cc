#include <fmt/format.h>

#include <string>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"
#include "base/bytes.h"
#include "base/names.h"

namespace charon::apiregistration::v1 {

using codec::string_at;
using codec::Value;
using meta::v1::FieldPath;

namespace {

std::string available_text(const Value& service) {
  for (const Value& condition : meta::v1::items_of(codec::find_path(service, {"status", "conditions"}))) {
    if (string_at(condition, "type") != "Available") continue;
    std::string_view status = string_at(condition, "status");
    std::string_view reason = string_at(condition, "reason");
    return status == "True" || reason.empty() ? std::string(status) : fmt::format("{} ({})", status, reason);
  }
  return "Unknown";
}

void cells_of(const Value& service, Time, codec::Array& cells) {
  const Value* backend = codec::find_path(service, {"spec", "service"});
  bool remote = backend != nullptr && backend->is_object();
  meta::v1::add_cell(cells,
                     remote ? fmt::format("{}/{}", string_at(*backend, "namespace"), string_at(*backend, "name")) : "Local");
  meta::v1::add_cell(cells, available_text(service));
}

void validate_priority(meta::v1::Errors& errors, const FieldPath& path, const Value& spec, std::string_view member,
                       std::int64_t most) {
  std::int64_t priority = codec::int_at(spec, member).value_or(0);
  if (priority < 1 || priority > most)
    meta::v1::add_invalid(errors, path.child(member), Value(priority), fmt::format("must be positive and less than {}", most));
}

// Of one that this server serves itself.
void validate_local(meta::v1::Errors& errors, const FieldPath& path, const Value& spec) {
  if (std::string_view bundle = string_at(spec, "caBundle"); !bundle.empty())
    meta::v1::add_invalid(errors, path.child("caBundle"),
                          Value(fmt::format("{} bytes", base64_decode(bundle).value_or("").size())),
                          "local APIServices may not have a caBundle");
  if (codec::bool_at(spec, "insecureSkipTLSVerify").value_or(false))
    meta::v1::add_invalid(errors, path.child("insecureSkipTLSVerify"), Value(true),
                          "local APIServices may not have insecureSkipTLSVerify");
}

void validate_remote(meta::v1::Errors& errors, const FieldPath& path, const Value& spec, const Value& service) {
  FieldPath place = path.child("service");
  if (string_at(service, "namespace").empty()) meta::v1::add_required(errors, place.child("namespace"));
  if (string_at(service, "name").empty()) meta::v1::add_required(errors, place.child("name"));
  if (codec::bool_at(spec, "insecureSkipTLSVerify").value_or(false) && !string_at(spec, "caBundle").empty())
    meta::v1::add_invalid(errors, path.child("insecureSkipTLSVerify"), Value(true), "may not be true if caBundle is present");
}

// Source: k8s.io/kube-aggregator pkg/apis/apiregistration/validation.
void validate(const Value& object, const model::WriteContext&, meta::v1::Errors& errors) {
  static const Value kNothing = codec::Object();
  const Value* found = codec::find(object, "spec");
  const Value& spec = found != nullptr ? *found : kNothing;
  std::string_view group = string_at(spec, "group");
  std::string_view version = string_at(spec, "version");
  std::string_view name = codec::string_at_path(object, {"metadata", "name"});
  std::string wanted = fmt::format("{}.{}", version, group);
  if (!name.empty() && name != wanted)
    meta::v1::add_invalid(errors, FieldPath("metadata").child("name"), Value(name),
                          fmt::format("must be `spec.version+\".\"+spec.group`: \"{}\"", wanted));
  FieldPath path("spec");
  if (group.empty() && version != "v1")
    meta::v1::add_required(errors, path.child("group"), "only v1 may have an empty group and it better be legacy kube");
  meta::v1::check_name(errors, path.child("group"), group, dns1123_subdomain_errors);
  for (const std::string& failure : dns1035_label_errors(version))
    meta::v1::add_invalid(errors, path.child("version"), Value(version), failure);
  validate_priority(errors, path, spec, "groupPriorityMinimum", 20000);
  validate_priority(errors, path, spec, "versionPriority", 1000);
  const Value* service = codec::find(spec, "service");
  if (service != nullptr && service->is_object()) {
    validate_remote(errors, path, spec, *service);
  } else {
    validate_local(errors, path, spec);
  }
}

}  // namespace

const model::KindRules api_service_rules = {.validate = validate, .cells = cells_of, .update_needs_version = true};

}  // namespace charon::apiregistration::v1

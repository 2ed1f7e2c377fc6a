#include "api/rbac/v1/binding.h"

#include <string>
#include <vector>

#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"

namespace charon::rbac::v1 {

using codec::string_at;
using codec::string_at_path;
using codec::Value;
using meta::v1::add_cell;

namespace {

constexpr std::string_view kGroup = "rbac.authorization.k8s.io";

void validate_subject(schema::FieldErrors& errors, const meta::v1::FieldPath& path, const Value& subject) {
  std::string_view kind = string_at(subject, "kind");
  std::string_view group = string_at(subject, "apiGroup");
  if (string_at(subject, "name").empty()) meta::v1::add_required(errors, path.child("name"));
  if (kind == "ServiceAccount") {
    if (!group.empty()) meta::v1::add_not_supported(errors, path.child("apiGroup"), group, {""});
    if (string_at(subject, "namespace").empty()) meta::v1::add_required(errors, path.child("namespace"));
  } else if (kind == "User" || kind == "Group") {
    if (group != kGroup) meta::v1::add_not_supported(errors, path.child("apiGroup"), group, {kGroup});
  } else {
    meta::v1::add_not_supported(errors, path.child("kind"), kind, {"ServiceAccount", "User", "Group"});
  }
}

void validate_binding(const Value& binding, const model::WriteContext& context, schema::FieldErrors& errors) {
  meta::v1::FieldPath role("roleRef");
  std::string_view group = string_at_path(binding, {"roleRef", "apiGroup"});
  if (group != kGroup) meta::v1::add_not_supported(errors, role.child("apiGroup"), group, {kGroup});
  if (string_at_path(binding, {"roleRef", "name"}).empty()) meta::v1::add_required(errors, role.child("name"));
  meta::v1::FieldPath subjects("subjects");
  const codec::Array& list = meta::v1::items_at(binding, "subjects");
  for (std::size_t i = 0; i < list.size(); ++i) validate_subject(errors, subjects.at(i), list[i]);
  const Value* now = codec::find(binding, "roleRef");
  if (context.before != nullptr && now != nullptr && !meta::v1::same(codec::find(*context.before, "roleRef"), now))
    meta::v1::add_invalid(errors, role, *now, "cannot change roleRef");
}

}  // namespace

void validate_role_binding(const Value& binding, const model::WriteContext& context, schema::FieldErrors& errors) {
  std::string_view kind = string_at_path(binding, {"roleRef", "kind"});
  if (kind != "Role" && kind != "ClusterRole")
    meta::v1::add_not_supported(errors, meta::v1::FieldPath("roleRef").child("kind"), kind, {"Role", "ClusterRole"});
  validate_binding(binding, context, errors);
}

void validate_cluster_role_binding(const Value& binding, const model::WriteContext& context, schema::FieldErrors& errors) {
  std::string_view kind = string_at_path(binding, {"roleRef", "kind"});
  if (kind != "ClusterRole")
    meta::v1::add_not_supported(errors, meta::v1::FieldPath("roleRef").child("kind"), kind, {"ClusterRole"});
  validate_binding(binding, context, errors);
}

void default_binding(Value& binding) {
  Value* subjects = codec::find(binding, "subjects");
  if (subjects == nullptr || !subjects->is_array()) return;
  for (Value& subject : subjects->get_array()) {
    std::string_view kind = string_at(subject, "kind");
    if ((kind == "User" || kind == "Group") && string_at(subject, "apiGroup").empty())
      subject.get_object()["apiGroup"] = "rbac.authorization.k8s.io";
  }
}

void binding_cells(const Value& binding, Time, codec::Array& cells) {
  std::vector<std::string> users;
  std::vector<std::string> groups;
  std::vector<std::string> accounts;
  for (const Value& subject : meta::v1::items_at(binding, "subjects")) {
    std::string_view kind = string_at(subject, "kind");
    std::string name(string_at(subject, "name"));
    if (kind == "User") users.push_back(name);
    if (kind == "Group") groups.push_back(name);
    if (kind == "ServiceAccount") accounts.push_back(std::string(string_at(subject, "namespace")) + "/" + name);
  }
  add_cell(cells, std::string(string_at_path(binding, {"roleRef", "kind"})) + "/" +
                      std::string(string_at_path(binding, {"roleRef", "name"})));
  add_cell(cells, meta::v1::join(users, ", "));
  add_cell(cells, meta::v1::join(groups, ", "));
  add_cell(cells, meta::v1::join(accounts, ", "));
}

}  // namespace charon::rbac::v1

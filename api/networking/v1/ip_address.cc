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

// "services/default/web", "widgets.example.com/web"
void cells_of(const Value& address, Time, codec::Array& cells) {
  std::string text = "<none>";
  if (const Value* parent = codec::find_path(address, {"spec", "parentRef"}); parent != nullptr && parent->is_object()) {
    text = string_at(*parent, "resource");
    if (std::string_view group = string_at(*parent, "group"); !group.empty()) text.append(".").append(group);
    if (std::string_view space = string_at(*parent, "namespace"); !space.empty()) text.append("/").append(space);
    text.append("/").append(string_at(*parent, "name"));
  }
  meta::v1::add_cell(cells, text);
}

// An update changes nothing of it: the table says so.
void validate(const Value& address, const model::WriteContext& context, meta::v1::Errors& errors) {
  if (context.before != nullptr) return;
  FieldPath metadata("metadata");
  meta::v1::check_ip(errors, metadata.child("name"), codec::string_at_path(address, {"metadata", "name"}));
  FieldPath spec("spec");
  FieldPath path = spec.child("parentRef");
  const Value* parent = codec::find_path(address, {"spec", "parentRef"});
  if (parent == nullptr || !parent->is_object()) return meta::v1::add_required(errors, path);
  meta::v1::check_name(errors, path.child("group"), string_at(*parent, "group"), dns1123_subdomain_errors);
  for (std::string_view member : {"resource", "name", "namespace"}) {
    std::string_view text = string_at(*parent, member);
    if (text.empty() && member != "namespace") meta::v1::add_required(errors, path.child(member));
    meta::v1::check_name(errors, path.child(member), text, path_segment_errors);
  }
}

}  // namespace

const model::KindRules ip_address_rules = {.validate = validate, .cells = cells_of};

}  // namespace charon::networking::v1

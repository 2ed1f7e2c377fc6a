#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <set>
#include <string>

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

using meta::v1::FieldPath;

void validate_versions(const Value& definition, const FieldPath& path, schema::FieldErrors& errors) {
  const codec::Array& versions = meta::v1::items_of(codec::find_path(definition, {"spec", "versions"}));
  if (versions.empty()) return;
  std::set<std::string_view> names;
  int stored = 0;
  bool served = false;
  for (std::size_t i = 0; i < versions.size(); ++i) {
    FieldPath here = path.at(i);
    std::string_view name = codec::string_at(versions[i], "name");
    if (name.empty()) meta::v1::add_required(errors, here.child("name"));
    meta::v1::check_name(errors, here.child("name"), name, dns1035_label_errors);
    if (!name.empty() && !names.insert(name).second) meta::v1::add_duplicate(errors, here.child("name"), name);
    stored += codec::bool_at(versions[i], "storage").value_or(false) ? 1 : 0;
    served = served || codec::bool_at(versions[i], "served").value_or(false);
    FieldPath schema = here.child("schema");
    const Value* given = codec::find_path(versions[i], {"schema", "openAPIV3Schema"});
    if (given == nullptr || !given->is_object()) {
      meta::v1::add_required(errors, schema.child("openAPIV3Schema"), "schemas are required");
    } else if (std::string_view type = codec::string_at(*given, "type"); type != "object") {
      FieldPath body = schema.child("openAPIV3Schema");
      meta::v1::add_invalid(errors, body.child("type"), Value(type), "must be object at the root");
    }
  }
  if (stored != 1)
    meta::v1::add_invalid(errors, path, Value(codec::Array()), "must have exactly one version marked as storage version");
  if (!served) meta::v1::add_invalid(errors, path, Value(codec::Array()), "must have at least one version served");
}

void validate(const Value& definition, const model::WriteContext& context, schema::FieldErrors& errors) {
  if (context.status_subresource) return;
  FieldPath spec("spec");
  FieldPath names = spec.child("names");
  std::string_view group = codec::string_at_path(definition, {"spec", "group"});
  std::string_view plural = codec::string_at_path(definition, {"spec", "names", "plural"});
  std::string_view name = codec::string_at_path(definition, {"metadata", "name"});
  if (name != std::string(plural) + "." + std::string(group))
    meta::v1::add_invalid(errors, FieldPath("metadata").child("name"), Value(name),
                          "must be spec.names.plural+\".\"+spec.group");
  meta::v1::check_name(errors, spec.child("group"), group, dns1123_subdomain_errors);
  if (!group.empty() && group.find('.') == std::string_view::npos)
    meta::v1::add_invalid(errors, spec.child("group"), Value(group), "should be a domain with at least one dot");
  meta::v1::check_name(errors, names.child("plural"), plural, dns1035_label_errors);
  meta::v1::check_name(errors, names.child("singular"), codec::string_at_path(definition, {"spec", "names", "singular"}),
                       dns1035_label_errors);
  validate_versions(definition, spec.child("versions"), errors);
  if (context.before == nullptr) return;
  for (std::string_view member : {"group", "scope"})
    meta::v1::check_immutable(errors, spec.child(member), codec::find_path(*context.before, {"spec", member}),
                              codec::find_path(definition, {"spec", member}));
}

}  // namespace

const model::KindRules custom_resource_definition_rules = {.set_defaults = set_defaults, .validate = validate};

}  // namespace charon::apiextensions::v1

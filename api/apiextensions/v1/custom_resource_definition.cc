#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <string>

#include "api/kind_rules.h"
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

}  // namespace

const model::KindRules custom_resource_definition_rules = {.set_defaults = set_defaults};

}  // namespace charon::apiextensions::v1

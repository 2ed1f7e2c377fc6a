#include <algorithm>
#include <cctype>
#include <string>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"

namespace charon::apps::v1 {

using codec::string_at;
using codec::Value;

namespace {

// "statefulset.apps/web"
std::string controller_text(const Value& revision) {
  for (const Value& owner : meta::v1::items_of(codec::find_path(revision, {"metadata", "ownerReferences"}))) {
    if (!codec::bool_at(owner, "controller").value_or(false)) continue;
    std::string text(string_at(owner, "kind"));
    std::string_view version = string_at(owner, "apiVersion");
    if (std::size_t slash = version.find('/'); slash != std::string_view::npos)
      text.append(".").append(version.substr(0, slash));
    std::ranges::transform(text, text.begin(), [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    return text.append("/").append(string_at(owner, "name"));
  }
  return "<none>";
}

void cells_of(const Value& revision, Time, codec::Array& cells) { meta::v1::add_cell(cells, controller_text(revision)); }

void validate(const Value& revision, const model::WriteContext& context, meta::v1::Errors& errors) {
  meta::v1::FieldPath data("data");
  const Value* given = codec::find(revision, "data");
  if (context.before != nullptr)
    meta::v1::check_immutable(errors, data, codec::find(*context.before, "data"), given);
  else if (given == nullptr || given->is_null())
    meta::v1::add_required(errors, data, "data is mandatory");
  else if (!given->is_object())
    meta::v1::add_invalid(errors, data, Value("<value omitted>"), "must be a valid JSON object");
  if (std::int64_t number = codec::int_at(revision, "revision").value_or(0); number < 0)
    meta::v1::add_invalid(errors, meta::v1::FieldPath("revision"), Value(number), "must be greater than or equal to 0");
}

}  // namespace

const model::KindRules controller_revision_rules = {.validate = validate, .cells = cells_of};

}  // namespace charon::apps::v1

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"
#include "base/names.h"

namespace charon::core::v1 {

using codec::Value;

namespace {

std::int64_t size_at(const Value& object, std::string_view name) {
  const Value* map = codec::find(object, name);
  return map != nullptr && map->is_object() ? static_cast<std::int64_t>(map->get_object().size()) : 0;
}

void cells_of(const Value& config_map, Time, codec::Array& cells) {
  meta::v1::add_cell(cells, size_at(config_map, "data") + size_at(config_map, "binaryData"));
}

constexpr std::size_t kMaxBytes = 1024 * 1024;

std::size_t check_keys(const Value& config_map, std::string_view member, schema::FieldErrors& errors) {
  const Value* map = codec::find(config_map, member);
  if (map == nullptr || !map->is_object()) return 0;
  std::size_t bytes = 0;
  meta::v1::FieldPath path(member);
  for (const auto& [key, value] : map->get_object()) {
    std::string_view name(key.data(), key.size());
    meta::v1::check_name(errors, path.key(name), name, config_map_key_errors);
    if (!value.is_string()) continue;
    bytes += member == "data" ? value.get_string().size() : value.get_string().size() / 4 * 3;
    if (const Value* other = codec::find(config_map, "data");
        member == "binaryData" && other != nullptr && codec::find(*other, name))
      meta::v1::add_invalid(errors, path.key(name), Value(name), "duplicate of key present in data");
  }
  return bytes;
}

void validate(const Value& config_map, const model::WriteContext& context, schema::FieldErrors& errors) {
  std::size_t bytes = check_keys(config_map, "data", errors) + check_keys(config_map, "binaryData", errors);
  if (bytes > kMaxBytes) meta::v1::add_too_long(errors, meta::v1::FieldPath(""), kMaxBytes);
  if (context.before == nullptr || !codec::bool_at(*context.before, "immutable").value_or(false)) return;
  if (!codec::bool_at(config_map, "immutable").value_or(false))
    meta::v1::add_forbidden(errors, meta::v1::FieldPath("immutable"), "field is immutable when `immutable` is set");
  for (std::string_view member : {"data", "binaryData"})
    if (!meta::v1::same(codec::find(*context.before, member), codec::find(config_map, member)))
      meta::v1::add_forbidden(errors, meta::v1::FieldPath(member), "field is immutable when `immutable` is set");
}

}  // namespace

const model::KindRules config_map_rules = {.validate = validate, .cells = cells_of};

}  // namespace charon::core::v1

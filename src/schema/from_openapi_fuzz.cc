// A schema and a value, both by chance: the table that is built must take any value without a fault, and what it makes of one
// stays as it is when it is done again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "codec/json.h"
#include "codec/tree.h"
#include "schema/convert.h"
#include "schema/defaults.h"
#include "schema/from_openapi.h"
#include "schema/validate.h"

using namespace charon;

namespace {

const schema::Type kMeta{.name = "ObjectMeta", .full_name = "ObjectMeta", .preserve_unknown = true};

std::string made_of(const schema::Type& type, codec::Value& tree) {
  if (!schema::normalize(type, tree)) return "";
  schema::apply_defaults(type, tree);
  std::string json;
  schema::append_canonical_json(type, tree, json);
  return json;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::size_t line = text.find('\n');
  if (line == std::string_view::npos) return 0;
  auto schema_tree = codec::parse_json(text.substr(0, line));
  auto tree = codec::parse_json(text.substr(line + 1));
  if (!schema_tree || !tree || !tree->is_object()) return 0;
  schema::OpenApiType built(*schema_tree, {"Fuzz", "com.example.v1.Fuzz"}, kMeta, kMeta);
  std::string once = made_of(built.type(), *tree);
  if (once.empty()) return 0;
  auto again = codec::parse_json(once);
  if (!again) std::abort();
  // Defaults may hold what the schema does not know; pruned once, they are stable.
  std::string twice = made_of(built.type(), *again);
  auto third = codec::parse_json(twice);
  if (!third || made_of(built.type(), *third) != twice) std::abort();
  schema::FieldErrors errors;
  schema::validate(built.type(), *tree, nullptr, errors);
  schema::FieldErrors none;
  schema::validate(built.type(), *tree, &*tree, none);
  if (!none.empty()) std::abort();
  return 0;
}

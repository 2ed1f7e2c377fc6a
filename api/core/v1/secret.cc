#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "base/bytes.h"

namespace charon::core::v1 {

using codec::Value;

namespace {

void cells_of(const Value& secret, Time, codec::Array& cells) {
  const Value* data = codec::find(secret, "data");
  meta::v1::add_cell(cells, data != nullptr && data->is_object() ? static_cast<std::int64_t>(data->get_object().size()) : 0);
}

constexpr std::string_view kSelectable[] = {"type"};

// stringData is data in plain text, for writing only.
void prepare(Value& secret, const model::WriteContext&) {
  const Value* plain = codec::find(secret, "stringData");
  if (plain == nullptr) return;
  Value given = *plain;
  secret.get_object().erase("stringData");
  if (!given.is_object() || given.get_object().empty()) return;
  codec::Object& data = codec::ensure_object(secret, {"data"});
  for (const auto& [key, text] : given.get_object())
    if (text.is_string()) data[key] = base64_encode(codec::view(text.get_string()));
}

}  // namespace

const model::KindRules secret_rules = {.prepare = prepare, .cells = cells_of, .selectable_fields = kSelectable};

}  // namespace charon::core::v1

#include <fmt/format.h>

#include <map>
#include <string>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::core::v1 {

using codec::Value;

namespace {

void cells_of(const Value& quota, Time, codec::Array& cells) {
  std::string requests;
  std::string limits;
  const Value* hard = codec::find_path(quota, {"status", "hard"});
  const Value* used = codec::find_path(quota, {"status", "used"});
  std::map<std::string, const Value*> sorted;
  if (hard != nullptr && hard->is_object())
    for (const auto& entry : hard->get_object())
      sorted.emplace(std::string(entry.key().data(), entry.key().size()), &entry.value());
  for (const auto& [resource, quantity] : sorted) {
    std::string& cell = resource.starts_with("limits.") ? limits : requests;
    std::string now = used == nullptr ? "" : meta::v1::scalar_text(codec::find(*used, resource));
    cell += fmt::format("{}{}: {}/{}", cell.empty() ? "" : ", ", resource, now.empty() ? "0" : now,
                        meta::v1::scalar_text(quantity));
  }
  meta::v1::add_cell(cells, requests);
  meta::v1::add_cell(cells, limits);
}

}  // namespace

const model::KindRules resource_quota_rules = {.cells = cells_of};

}  // namespace charon::core::v1

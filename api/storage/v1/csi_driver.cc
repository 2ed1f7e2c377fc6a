#include <string>
#include <vector>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::storage::v1 {

using codec::find_path;
using codec::Value;
using meta::v1::add_cell;
using meta::v1::add_flag_cell;

namespace {

void cells_of(const Value& driver, Time, codec::Array& cells) {
  for (std::string_view flag : {"attachRequired", "podInfoOnMount", "storageCapacity"})
    add_flag_cell(cells, find_path(driver, {"spec", flag}));
  std::vector<std::string> audiences;
  const Value* tokens = find_path(driver, {"spec", "tokenRequests"});
  for (const Value& token : meta::v1::items_of(tokens)) audiences.emplace_back(codec::string_at(token, "audience"));
  add_cell(cells, tokens != nullptr && tokens->is_array() ? meta::v1::join(audiences, ",") : "<unset>");
  add_flag_cell(cells, find_path(driver, {"spec", "requiresRepublish"}));
  std::vector<std::string> modes;
  for (const Value& mode : meta::v1::items_of(find_path(driver, {"spec", "volumeLifecycleModes"})))
    modes.push_back(meta::v1::scalar_text(&mode));
  add_cell(cells, meta::v1::text_or(meta::v1::join(modes, ",")));
}

}  // namespace

const model::KindRules csi_driver_rules = {.cells = cells_of, .update_needs_version = true};

}  // namespace charon::storage::v1

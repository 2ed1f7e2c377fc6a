#include <string>
#include <vector>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::resource::v1 {

using codec::find_path;
using codec::Value;

namespace {

void cells_of(const Value& claim, Time, codec::Array& cells) {
  std::vector<std::string> states;
  bool deleted = meta::v1::is_deleted(claim);
  const Value* allocation = find_path(claim, {"status", "allocation"});
  bool allocated = allocation != nullptr && allocation->is_object();
  if (deleted) states.push_back("deleted");
  if (allocated) states.push_back("allocated");
  if (!allocated && !deleted) states.push_back("pending");
  if (allocated && !meta::v1::items_of(find_path(claim, {"status", "reservedFor"})).empty()) states.push_back("reserved");
  meta::v1::add_cell(cells, meta::v1::join(states, ","));
}

}  // namespace

const model::KindRules resource_claim_rules = {.cells = cells_of};

}  // namespace charon::resource::v1

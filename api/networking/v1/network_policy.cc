#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::networking::v1 {

namespace {

void cells_of(const codec::Value& policy, Time, codec::Array& cells) {
  meta::v1::add_cell(cells, meta::v1::selector_text(codec::find_path(policy, {"spec", "podSelector"})));
}

// Every policy is about ingress, and about egress when it has rules for it.
void set_defaults(codec::Value& policy) {
  if (!meta::v1::items_of(codec::find_path(policy, {"spec", "policyTypes"})).empty()) return;
  codec::Array types = {"Ingress"};
  if (!meta::v1::items_of(codec::find_path(policy, {"spec", "egress"})).empty()) types.emplace_back("Egress");
  codec::ensure_object(policy, {"spec"})["policyTypes"] = std::move(types);
}

}  // namespace

const model::KindRules network_policy_rules = {.set_defaults = set_defaults, .cells = cells_of};

}  // namespace charon::networking::v1

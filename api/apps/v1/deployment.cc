#include <fmt/format.h>

#include "api/core/v1/pod_defaults.h"
#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/places.h"

namespace charon::apps::v1 {

using codec::find_path;
using codec::Value;
using meta::v1::add_cell;
using meta::v1::number_at_path;

namespace {

void cells_of(const Value& deployment, Time, codec::Array& cells) {
  add_cell(cells, fmt::format("{}/{}", number_at_path(deployment, {"status", "readyReplicas"}),
                              number_at_path(deployment, {"spec", "replicas"})));
  add_cell(cells, number_at_path(deployment, {"status", "updatedReplicas"}));
  add_cell(cells, number_at_path(deployment, {"status", "availableReplicas"}));
  meta::v1::add_container_cells(cells, find_path(deployment, {"spec", "template", "spec"}));
  add_cell(cells, meta::v1::selector_text(find_path(deployment, {"spec", "selector"})));
}

void set_defaults(Value& deployment) {
  core::v1::default_pod_spec(meta::v1::place(deployment, {"spec", "template", "spec"}));
  Value* strategy = meta::v1::place(deployment, {"spec", "strategy"});
  if (strategy == nullptr || codec::string_at(*strategy, "type") != "RollingUpdate") return;
  codec::Object& rolling = codec::ensure_object(*strategy, {"rollingUpdate"});
  for (std::string_view member : {"maxUnavailable", "maxSurge"})
    if (!rolling.contains(member)) rolling[member] = "25%";
}

}  // namespace

const model::KindRules deployment_rules = {.set_defaults = set_defaults, .cells = cells_of};

}  // namespace charon::apps::v1

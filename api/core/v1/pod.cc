#include "api/core/v1/pod_cells.h"
#include "api/kind_rules.h"

namespace charon::core::v1 {

namespace {

constexpr std::string_view kSelectable[] = {
    "spec.nodeName",    "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
    "spec.hostNetwork", "status.phase",       "status.podIP",       "status.nominatedNodeName"};

}  // namespace

const model::KindRules pod_rules = {.cells = pod_cells, .selectable_fields = kSelectable};

}  // namespace charon::core::v1

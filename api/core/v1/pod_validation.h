// What must hold for pod specs beyond the table, for pods and for the templates of all workload kinds
// (Kubernetes' pkg/apis/core/validation).
#pragma once

#include <string_view>

#include "api/core/v1/container_validation.h"
#include "api/meta/v1/validation.h"
#include "codec/value.h"

namespace charon::core::v1 {

// Null specs are the table's matter.
void validate_pod_spec(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Value* spec, PodSpecOwner owner);
// A pod template of a workload: its labels, its spec, and that `selector` (a metav1.LabelSelector) selects its pods. `kind`
// names the workload: "deployment", "ReplicaSet".
struct TemplateOwner {
  std::string_view kind;
  bool always_restarts = true;  // else restartPolicy is the owner's matter
};
void validate_template(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Value* pod_template,
                       const TemplateOwner& owner);
// spec.selector and spec.template of a workload of the apps group.
void validate_workload(meta::v1::Errors& errors, const codec::Value& workload, const TemplateOwner& owner);

}  // namespace charon::core::v1

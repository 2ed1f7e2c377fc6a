// Which taints a pod tolerates (core/v1 Toleration, with the Gt and Lt operators of KEP-5471).
#pragma once

#include <vector>

#include "api/core/v1/types.h"

namespace charon::model {

bool tolerates(const core::v1::Toleration& toleration, const core::v1::Taint& taint);
bool tolerates(const std::vector<core::v1::Toleration>& tolerations, const core::v1::Taint& taint);

// The first NoSchedule or NoExecute taint that is not tolerated; null when all are.
const core::v1::Taint* untolerated_taint(const core::v1::Node& node, const std::vector<core::v1::Toleration>& tolerations);

}  // namespace charon::model

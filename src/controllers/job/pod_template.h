// The pods of a job: made of its template, held by the tracking finalizer, and of an indexed job told their index by label,
// annotation, host name and environment.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "api/batch/v1/types.h"
#include "api/core/v1/types.h"

namespace charon::controllers::job {

// `index` of an indexed job; `replaced`: with backoffLimitPerIndex the last pod that failed there, else null.
core::v1::Pod make_pod(const batch::v1::Job& job, std::optional<int> index, const core::v1::Pod* replaced);

// A name that is not in `taken`, and puts it there. It follows from the job's version, so that a create that is tried again
// because its answer was lost finds the pod.
std::string free_name(const batch::v1::Job& job, std::optional<int> index, std::set<std::string>& taken);

}  // namespace charon::controllers::job

// What must hold for job specs, of jobs and of the templates of cron jobs.
#pragma once

#include "api/meta/v1/validation.h"
#include "codec/value.h"

namespace charon::batch::v1 {

void validate_job_spec(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Value* spec);

}  // namespace charon::batch::v1

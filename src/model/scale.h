// The scale subresource: an autoscaling/v1 Scale as a view of an object's replicas. Pure.
//
// Source: Kubernetes' pkg/registry/apps/*/storage, and apiextensions-apiserver's pkg/registry/customresource for custom kinds,
// whose definitions say where their replicas are.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "codec/value.h"
#include "model/kind.h"
#include "schema/type.h"

namespace charon::model {

const schema::Type& scale_type();

// Of an object of a kind with the subresource. Where there is no number yet it has 0.
codec::Value scale_of(const Kind& kind, const codec::Value& object);
// InternalError when a custom object has no number: then it cannot be read as a Scale.
Result<void> check_has_replicas(const Kind& kind, const codec::Value& object);

// spec.replicas of a Scale; 0 when it is missing.
std::int64_t replicas_of(const codec::Value& scale);
// Invalid when they are negative. `name`: of the object.
Result<void> check_replicas(std::string_view name, std::int64_t replicas);
void set_replicas(const Kind& kind, codec::Value& object, std::int64_t replicas);

}  // namespace charon::model

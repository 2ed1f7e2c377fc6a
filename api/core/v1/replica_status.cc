#include "api/core/v1/replica_status.h"

#include <optional>
#include <string_view>

#include "codec/tree.h"

namespace charon::core::v1 {

using codec::Value;
using meta::v1::add_invalid;
using meta::v1::FieldPath;

namespace {

constexpr std::string_view kNumbers[] = {"observedGeneration",   "replicas",
                                         "fullyLabeledReplicas", "readyReplicas",
                                         "currentReplicas",      "updatedReplicas",
                                         "availableReplicas",    "unavailableReplicas",
                                         "terminatingReplicas",  "currentNumberScheduled",
                                         "numberMisscheduled",   "desiredNumberScheduled",
                                         "numberReady",          "updatedNumberScheduled",
                                         "numberAvailable",      "numberUnavailable",
                                         "collisionCount"};
constexpr std::string_view kParts[] = {"fullyLabeledReplicas", "updatedReplicas", "readyReplicas", "currentReplicas",
                                       "availableReplicas"};

}  // namespace

void validate_replica_status(meta::v1::Errors& errors, const Value& workload, const model::WriteContext& context) {
  const Value* status = meta::v1::object_at(workload, "status");
  if (status == nullptr) return;
  FieldPath path("status");
  auto number = [status](std::string_view member) { return codec::int_at(*status, member).value_or(0); };
  for (std::string_view member : kNumbers)
    if (number(member) < 0)
      add_invalid(errors, path.child(member), Value(number(member)), "must be greater than or equal to 0");
  for (std::string_view member : kParts)
    if (number(member) > number("replicas"))
      add_invalid(errors, path.child(member), Value(number(member)), "cannot be greater than status.replicas");
  if (number("availableReplicas") > number("readyReplicas"))
    add_invalid(errors, path.child("availableReplicas"), Value(number("availableReplicas")),
                "cannot be greater than readyReplicas");
  const Value* before = context.before == nullptr ? nullptr : codec::find_path(*context.before, {"status", "collisionCount"});
  if (before != nullptr && before->is_int64() && number("collisionCount") < before->get_int64())
    add_invalid(errors, path.child("collisionCount"), Value(number("collisionCount")), "cannot be decremented");
}

}  // namespace charon::core::v1

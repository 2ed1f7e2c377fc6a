// What must hold for events (Kubernetes' pkg/apis/core/validation/events.go). Errors name the members of core/v1, whichever of
// the two versions was written.
#pragma once

#include "api/core/v1/event_cells.h"
#include "api/meta/v1/validation.h"
#include "codec/value.h"

namespace charon::core::v1 {

// Of every event: old ones, without eventTime, are of their object's namespace; new ones say who did what, and why.
void validate_event(meta::v1::Errors& errors, const EventMembers& members, const codec::Value& event);
// What events.k8s.io/v1 asks besides: of a new event, and of an update of one, which may only go on with its series.
void validate_new_event(meta::v1::Errors& errors, const EventMembers& members, const codec::Value& event);
struct EventUpdate {
  const codec::Value& before;
  const codec::Value& after;
};
void validate_event_update(meta::v1::Errors& errors, const EventMembers& members, const EventUpdate& update);

}  // namespace charon::core::v1

// What may change in an existing pod, by the way it is written: the pod itself, /ephemeralcontainers (KEP-277) and /resize
// (KEP-1287). That the changed spec is valid by itself is pod_validation.h's matter.
#pragma once

#include "api/meta/v1/validation.h"
#include "codec/value.h"

namespace charon::core::v1 {

// Of a new pod: what comes only later.
void validate_pod_create(meta::v1::Errors& errors, const codec::Value& pod);
// Of an existing pod: what its annotations say of where it comes from stays.
void validate_pod_annotations_update(meta::v1::Errors& errors, const codec::Value& before, const codec::Value& after);
// Of its status: addresses that it did not have yet are addresses, and not more than one of each family.
void validate_pod_ips(meta::v1::Errors& errors, const codec::Value& before, const codec::Value& after);
// Of an existing pod only images, activeDeadlineSeconds, tolerations (added ones), and terminationGracePeriodSeconds change;
// its node and gates until it is scheduled.
void validate_pod_update(meta::v1::Errors& errors, const codec::Value& before, const codec::Value& after);
// Ephemeral containers come, and are neither changed nor removed. The two differ in nothing else.
void validate_ephemeral_containers_update(meta::v1::Errors& errors, const codec::Value& before, const codec::Value& after);
// CPU and memory of containers and sidecars change, within the pod's QoS class; they are never removed. A running pod whose
// node reports no resources in its containers' statuses is on a node that does not resize.
void validate_resize(meta::v1::Errors& errors, const codec::Value& before, const codec::Value& after);

}  // namespace charon::core::v1

// Which volume suits which claim. Pure.
//
// Source: Kubernetes' pkg/controller/volume/persistentvolume/index.go and component-helpers' storage/volume.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/v1/types.h"
#include "base/result.h"

namespace charon::controllers::persistentvolume {

using ClaimPtr = std::shared_ptr<const core::v1::PersistentVolumeClaim>;
using VolumePtr = std::shared_ptr<const core::v1::PersistentVolume>;

// The name of the class; empty: none. The annotation of old times goes before the field.
std::string class_of(const core::v1::PersistentVolumeClaim& claim);
std::string class_of(const core::v1::PersistentVolume& volume);
// Whether the claim says anything of its class: "" is an answer.
bool says_class(const core::v1::PersistentVolumeClaim& claim);

// The volume is meant for the claim: its claimRef names it, with its uid or none.
bool refers_to(const core::v1::PersistentVolume& volume, const core::v1::PersistentVolumeClaim& claim);

bool volume_modes_differ(const core::v1::PersistentVolumeClaim& claim, const core::v1::PersistentVolume& volume);

// Invalid, saying what is wrong, when a volume that a claim names is none for it: "requested PV is too small".
Result<void> check_suits(const core::v1::PersistentVolume& volume, const core::v1::PersistentVolumeClaim& claim);

// Who chooses among volumes that nobody has reserved.
enum class Chooser : unsigned char { Controller, Scheduler };

// The volume that refers to the claim, else the smallest that is large enough, first among those with the fewest access modes.
// Null when there is none; with Chooser::Scheduler only one that refers to the claim. BadRequest for a malformed selector.
Result<VolumePtr> best_match(const core::v1::PersistentVolumeClaim& claim, const std::vector<VolumePtr>& volumes,
                             Chooser chooser);

}  // namespace charon::controllers::persistentvolume

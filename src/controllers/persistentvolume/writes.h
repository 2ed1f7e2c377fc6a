// The writes of which both plans are made, each only where it changes something.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "control/plan.h"
#include "controllers/persistentvolume/match.h"

namespace charon::controllers::persistentvolume {

inline constexpr std::string_view kBindCompleted = "pv.kubernetes.io/bind-completed";
inline constexpr std::string_view kBoundByController = "pv.kubernetes.io/bound-by-controller";
inline constexpr std::string_view kProvisionedBy = "pv.kubernetes.io/provisioned-by";
inline constexpr std::string_view kSelectedNode = "volume.kubernetes.io/selected-node";
inline constexpr std::string_view kProvisioner = "volume.kubernetes.io/storage-provisioner";
inline constexpr std::string_view kBetaProvisioner = "volume.beta.kubernetes.io/storage-provisioner";

// Specs are written by version, so that two never take one volume; a later stage follows only when that succeeded.
enum Stage : int { kCheck, kVolume, kVolumePhase, kClaim, kClaimStatus };

void bind(const core::v1::PersistentVolume& volume, const core::v1::PersistentVolumeClaim& claim, Time now,
          control::Plan& plan);

void set_phase(const core::v1::PersistentVolume& volume, std::string_view phase, Time now, control::Plan& plan);
// With an event when the phase is another than before.
void set_phase(const core::v1::PersistentVolume& volume, std::string_view phase, control::EventNote why, Time now,
               control::Plan& plan);

// `volume`: what the claim is bound to; null: nothing.
void set_status(const core::v1::PersistentVolumeClaim& claim, std::string_view phase, const core::v1::PersistentVolume* volume,
                control::Plan& plan);

control::EventNote note(const core::v1::PersistentVolumeClaim& claim, control::EventSeverity severity, std::string_view reason,
                        std::string message);
control::EventNote note(const core::v1::PersistentVolume& volume, control::EventSeverity severity, std::string_view reason,
                        std::string message);

}  // namespace charon::controllers::persistentvolume

// The Pod Security Standards, baseline and restricted: what a pod does that a level forbids, by the version of the standards.
// Pure.
//
// Source: the Pod Security Standards and Kubernetes' pod-security-admission/policy (order and texts), up to v1.36.
#pragma once

#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/v1/types.h"

namespace charon::server {

enum class PodSecurityLevel : std::uint8_t { Privileged, Baseline, Restricted };

// The minor version of Kubernetes whose standards count.
inline constexpr int kLatestStandards = std::numeric_limits<int>::max();

struct PodSecurityPolicy {
  PodSecurityLevel level = PodSecurityLevel::Privileged;
  int version = kLatestStandards;
  bool operator==(const PodSecurityPolicy&) const = default;
  std::string text() const;  // "restricted:latest", "baseline:v1.25"
};

struct Violation {
  std::string reason;  // "hostPort"
  std::string detail;  // "container \"c\" uses hostPort 80"
};

using Annotations = std::map<std::string, std::string, std::less<>>;

// Baseline's first, then restricted's.
std::vector<Violation> violations(const PodSecurityPolicy& policy, const Annotations& annotations,
                                  const core::v1::PodSpec& pod);
std::string reasons_text(const std::vector<Violation>& violations);  // "hostPort, privileged"
std::string details_text(const std::vector<Violation>& violations);  // "hostPort (container ...), privileged (...)"

}  // namespace charon::server

#include "server/admission/pod_security/standards.h"

#include <array>

#include "server/admission/pod_security/checks.h"

namespace charon::server {
namespace {

struct BaselineCheck {
  CheckFunction function;
  int since = 0;
  int until = kLatestStandards;           // the first version that has another one instead
  int replaced_since = kLatestStandards;  // from here on restricted has a narrower one of its own
};

// In the order of Kubernetes' names for them.
constexpr std::array<BaselineCheck, 14> kBaseline = {{
    {forbids_app_armor},
    {.function = forbids_added_capabilities, .replaced_since = 22},
    {forbids_host_namespaces},
    {.function = forbids_host_paths, .replaced_since = 0},
    {forbids_host_ports},
    {.function = forbids_probe_hosts, .since = 34},
    {forbids_privileged},
    {.function = forbids_proc_mount, .until = 35},
    {.function = forbids_proc_mount_outside_user_namespaces, .since = 35, .replaced_since = 35},
    {forbids_selinux_options},
    {.function = forbids_seccomp_annotations, .until = 19},
    {.function = forbids_seccomp_profiles, .since = 19, .replaced_since = 19},
    {forbids_sysctls},
    {forbids_host_processes},
}};

struct RestrictedCheck {
  CheckFunction function;
  int since = 0;
};

constexpr std::array<RestrictedCheck, 7> kRestricted = {{
    {demands_no_escalation, 8},
    {demands_dropped_capabilities, 22},
    {forbids_proc_mount, 35},
    {demands_plain_volumes, 0},
    {demands_non_root, 0},
    {demands_non_root_user, 23},
    {demands_seccomp_profile, 19},
}};

std::string_view name_of(PodSecurityLevel level) {
  switch (level) {
    case PodSecurityLevel::Baseline:
      return "baseline";
    case PodSecurityLevel::Restricted:
      return "restricted";
    case PodSecurityLevel::Privileged:
      break;
  }
  return "privileged";
}

}  // namespace

std::string PodSecurityPolicy::text() const {
  std::string of = version == kLatestStandards ? "latest" : "v1." + std::to_string(version);
  return std::string(name_of(level)) + ":" + of;
}

std::vector<Violation> violations(const PodSecurityPolicy& policy, const Annotations& annotations,
                                  const core::v1::PodSpec& spec) {
  std::vector<Violation> found;
  if (policy.level == PodSecurityLevel::Privileged) return found;
  CheckedPod pod{annotations, spec, policy.version};
  bool restricted = policy.level == PodSecurityLevel::Restricted;
  int version = policy.version;
  auto run = [&](CheckFunction function) {
    Violation violation;
    if (function(pod, violation)) found.push_back(std::move(violation));
  };
  for (const BaselineCheck& check : kBaseline) {
    bool in_force = version >= check.since && (version < check.until || check.until == kLatestStandards);
    bool replaced = restricted && version >= check.replaced_since && check.replaced_since != kLatestStandards;
    if (in_force && !replaced) run(check.function);
  }
  if (!restricted) return found;
  for (const RestrictedCheck& check : kRestricted)
    if (version >= check.since) run(check.function);
  return found;
}

std::string reasons_text(const std::vector<Violation>& violations) {
  std::string text;
  for (const Violation& violation : violations) text += (text.empty() ? "" : ", ") + violation.reason;
  return text;
}

std::string details_text(const std::vector<Violation>& violations) {
  std::string text;
  for (const Violation& violation : violations) {
    text += (text.empty() ? "" : ", ") + violation.reason;
    if (!violation.detail.empty()) text += " (" + violation.detail + ")";
  }
  return text;
}

}  // namespace charon::server

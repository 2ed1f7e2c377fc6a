#include <algorithm>
#include <array>

#include "server/admission/pod_security/checks.h"
#include "server/admission/pod_security/wording.h"

namespace charon::server {
namespace {

using Strings = std::vector<std::string>;

constexpr std::string_view kAppArmorPrefix = "container.apparmor.security.beta.kubernetes.io/";
constexpr std::string_view kSeccompPod = "seccomp.security.alpha.kubernetes.io/pod";
constexpr std::string_view kSeccompPrefix = "container.seccomp.security.alpha.kubernetes.io/";

constexpr std::array<std::string_view, 13> kCapabilities = {"AUDIT_WRITE", "CHOWN",  "DAC_OVERRIDE",     "FOWNER",  "FSETID",
                                                            "KILL",        "MKNOD",  "NET_BIND_SERVICE", "SETFCAP", "SETGID",
                                                            "SETPCAP",     "SETUID", "SYS_CHROOT"};

struct SafeSysctl {
  std::string_view name;
  int since = 0;
};
constexpr std::array<SafeSysctl, 12> kSysctls = {{
    {"kernel.shm_rmid_forced", 0},
    {"net.ipv4.ip_local_port_range", 0},
    {"net.ipv4.tcp_syncookies", 0},
    {"net.ipv4.ping_group_range", 0},
    {"net.ipv4.ip_unprivileged_port_start", 0},
    {"net.ipv4.ip_local_reserved_ports", 27},
    {"net.ipv4.tcp_keepalive_time", 29},
    {"net.ipv4.tcp_fin_timeout", 29},
    {"net.ipv4.tcp_keepalive_intvl", 29},
    {"net.ipv4.tcp_keepalive_probes", 29},
    {"net.ipv4.tcp_rmem", 32},
    {"net.ipv4.tcp_wmem", 32},
}};

constexpr int kEngineTypeSince = 31;  // SELinux' container_engine_t

bool is_safe_profile(std::string_view type) { return type == "RuntimeDefault" || type == "Localhost"; }

// "pod and containers "a", "b""
std::string setters(bool pod, const Strings& containers) {
  std::string text = pod ? "pod" : "";
  if (containers.empty()) return text;
  return text + (pod ? " and " : "") + containers_text(containers);
}

std::string assignment(std::string_view key, std::string_view value) {
  return std::string(key) + "=\"" + std::string(value) + "\"";
}

template <class Handler>
void collect_hosts(const Handler& handler, NameSet& hosts) {
  if (handler.httpGet && !handler.httpGet->host.empty()) hosts.insert(handler.httpGet->host);
  if (handler.tcpSocket && !handler.tcpSocket->host.empty()) hosts.insert(handler.tcpSocket->host);
}

}  // namespace

bool forbids_app_armor(const CheckedPod& pod, Violation& violation) {
  NameSet values;
  Strings bad;
  const auto& context = pod.spec.securityContext;
  bool by_pod = context && context->appArmorProfile && !is_safe_profile(context->appArmorProfile->type);
  if (by_pod) values.insert(context->appArmorProfile->type);
  each_container(pod.spec, [&](const auto& container) {
    const auto& own = container.securityContext;
    if (!own || !own->appArmorProfile || is_safe_profile(own->appArmorProfile->type)) return;
    bad.push_back(container.name);
    values.insert(own->appArmorProfile->type);
  });
  Strings list(values.begin(), values.end());
  Strings annotations;
  for (const auto& [key, value] : pod.annotations) {
    bool allowed = value.empty() || value == "runtime/default" || value.starts_with("localhost/");
    if (key.starts_with(kAppArmorPrefix) && !allowed) annotations.push_back(assignment(key, value));
  }
  std::string who = setters(by_pod, bad);
  if (!annotations.empty())
    who += (who.empty() ? "" : " and ") + std::string(plural("annotation", "annotations", annotations.size()));
  if (who.empty()) return false;
  list.insert(list.end(), annotations.begin(), annotations.end());
  violation.reason = plural("forbidden AppArmor profile", "forbidden AppArmor profiles", list.size());
  violation.detail = who + " must not set AppArmor profile type to " + quoted(list);
  return true;
}

bool forbids_added_capabilities(const CheckedPod& pod, Violation& violation) {
  Strings bad;
  NameSet added;
  each_container(pod.spec, [&](const auto& container) {
    if (!container.securityContext || !container.securityContext->capabilities) return;
    bool valid = true;
    for (const std::string& name : container.securityContext->capabilities->add) {
      if (std::ranges::find(kCapabilities, name) != kCapabilities.end()) continue;
      valid = false;
      added.insert(name);
    }
    if (!valid) bad.push_back(container.name);
  });
  if (bad.empty()) return false;
  violation.reason = "non-default capabilities";
  violation.detail = containers_text(bad) + " must not include " + quoted(added) + " in securityContext.capabilities.add";
  return true;
}

bool forbids_host_namespaces(const CheckedPod& pod, Violation& violation) {
  Strings used;
  if (pod.spec.hostNetwork) used.emplace_back("hostNetwork=true");
  if (pod.spec.hostPID) used.emplace_back("hostPID=true");
  if (pod.spec.hostIPC) used.emplace_back("hostIPC=true");
  if (used.empty()) return false;
  violation.reason = "host namespaces";
  violation.detail = join(used, ", ");
  return true;
}

bool forbids_host_paths(const CheckedPod& pod, Violation& violation) {
  Strings bad;
  for (const auto& volume : pod.spec.volumes)
    if (volume.volumeSource.hostPath) bad.push_back(volume.name);
  if (bad.empty()) return false;
  violation.reason = "hostPath volumes";
  violation.detail = std::string(plural("volume", "volumes", bad.size())) + " " + quoted(bad);
  return true;
}

bool forbids_host_ports(const CheckedPod& pod, Violation& violation) {
  Strings bad;
  NameSet ports;
  each_container(pod.spec, [&](const auto& container) {
    bool valid = true;
    for (const auto& port : container.ports) {
      if (port.hostPort == 0) continue;
      valid = false;
      ports.insert(std::to_string(port.hostPort));
    }
    if (!valid) bad.push_back(container.name);
  });
  if (bad.empty()) return false;
  violation.reason = "hostPort";
  violation.detail = containers_text(bad) + " " + std::string(plural("uses", "use", bad.size())) + " " +
                     std::string(plural("hostPort", "hostPorts", ports.size())) + " " + join(ports, ", ");
  return true;
}

bool forbids_probe_hosts(const CheckedPod& pod, Violation& violation) {
  NameSet bad;
  NameSet hosts;
  each_container(pod.spec, [&](const auto& container) {
    NameSet own;
    for (const auto* probe : {&container.livenessProbe, &container.readinessProbe, &container.startupProbe})
      if (*probe) collect_hosts((*probe)->handler, own);
    if (container.lifecycle) {
      if (container.lifecycle->postStart) collect_hosts(*container.lifecycle->postStart, own);
      if (container.lifecycle->preStop) collect_hosts(*container.lifecycle->preStop, own);
    }
    if (own.empty()) return;
    bad.insert(container.name);
    hosts.merge(own);
  });
  if (bad.empty()) return false;
  violation.reason = "probe or lifecycle host";
  violation.detail = containers_text(bad) + " " + std::string(plural("uses", "use", bad.size())) + " " +
                     std::string(plural("probe or lifecycle host", "probe or lifecycle hosts", hosts.size())) + " " +
                     quoted(hosts);
  return true;
}

bool forbids_privileged(const CheckedPod& pod, Violation& violation) {
  Strings bad;
  each_container(pod.spec, [&](const auto& container) {
    if (container.securityContext && container.securityContext->privileged.value_or(false)) bad.push_back(container.name);
  });
  if (bad.empty()) return false;
  violation.reason = "privileged";
  violation.detail = containers_text(bad) + " must not set securityContext.privileged=true";
  return true;
}

bool forbids_proc_mount(const CheckedPod& pod, Violation& violation) {
  Strings bad;
  NameSet types;
  each_container(pod.spec, [&](const auto& container) {
    if (!container.securityContext) return;
    std::string type = container.securityContext->procMount.value_or("Default");
    if (type == "Default") return;
    bad.push_back(container.name);
    types.insert(std::move(type));
  });
  if (bad.empty()) return false;
  violation.reason = "procMount";
  violation.detail = containers_text(bad) + " must not set securityContext.procMount to " + quoted(types);
  return true;
}

bool forbids_proc_mount_outside_user_namespaces(const CheckedPod& pod, Violation& violation) {
  return pod.spec.hostUsers.value_or(true) && forbids_proc_mount(pod, violation);
}

bool forbids_selinux_options(const CheckedPod& pod, Violation& violation) {
  NameSet types;
  bool user = false;
  bool role = false;
  auto valid = [&](const core::v1::SELinuxOptions& options) {
    bool fine = options.type.empty() || options.type == "container_t" || options.type == "container_init_t" ||
                options.type == "container_kvm_t" || (options.type == "container_engine_t" && pod.version >= kEngineTypeSince);
    if (!fine) types.insert(options.type);
    user = user || !options.user.empty();
    role = role || !options.role.empty();
    return fine && options.user.empty() && options.role.empty();
  };
  const auto& context = pod.spec.securityContext;
  bool by_pod = context && context->seLinuxOptions && !valid(*context->seLinuxOptions);
  Strings bad;
  each_container(pod.spec, [&](const auto& container) {
    const auto& own = container.securityContext;
    if (own && own->seLinuxOptions && !valid(*own->seLinuxOptions)) bad.push_back(container.name);
  });
  if (!by_pod && bad.empty()) return false;
  Strings what;
  if (!types.empty()) what.push_back(std::string(plural("type", "types", types.size())) + " " + quoted(types));
  if (user) what.emplace_back("user may not be set");
  if (role) what.emplace_back("role may not be set");
  violation.reason = "seLinuxOptions";
  violation.detail = setters(by_pod, bad) + " set forbidden securityContext.seLinuxOptions: " + join(what, "; ");
  return true;
}

bool forbids_seccomp_annotations(const CheckedPod& pod, Violation& violation) {
  NameSet bad;
  auto check = [&](const std::string& key) {
    auto found = pod.annotations.find(key);
    if (found == pod.annotations.end()) return;
    const std::string& value = found->second;
    if (value != "runtime/default" && value != "docker/default" && !value.starts_with("localhost/"))
      bad.insert(assignment(key, value));
  };
  check(std::string(kSeccompPod));
  each_container(pod.spec, [&](const auto& container) { check(std::string(kSeccompPrefix) + container.name); });
  if (bad.empty()) return false;
  violation.reason = "seccompProfile";
  violation.detail = "forbidden " + std::string(plural("annotation", "annotations", bad.size())) + " " + join(bad, ", ");
  return true;
}

bool forbids_seccomp_profiles(const CheckedPod& pod, Violation& violation) {
  NameSet values;
  Strings bad;
  const auto& context = pod.spec.securityContext;
  bool by_pod = context && context->seccompProfile && !is_safe_profile(context->seccompProfile->type);
  if (by_pod) values.insert(context->seccompProfile->type);
  each_container(pod.spec, [&](const auto& container) {
    const auto& own = container.securityContext;
    if (!own || !own->seccompProfile || is_safe_profile(own->seccompProfile->type)) return;
    bad.push_back(container.name);
    values.insert(own->seccompProfile->type);
  });
  if (!by_pod && bad.empty()) return false;
  violation.reason = "seccompProfile";
  violation.detail = setters(by_pod, bad) + " must not set securityContext.seccompProfile.type to " + quoted(values);
  return true;
}

bool forbids_sysctls(const CheckedPod& pod, Violation& violation) {
  if (!pod.spec.securityContext) return false;
  Strings bad;
  for (const auto& sysctl : pod.spec.securityContext->sysctls) {
    bool safe = std::ranges::any_of(
        kSysctls, [&](const SafeSysctl& candidate) { return candidate.name == sysctl.name && pod.version >= candidate.since; });
    if (!safe) bad.push_back(sysctl.name);
  }
  if (bad.empty()) return false;
  violation.reason = "forbidden sysctls";
  violation.detail = join(bad, ", ");
  return true;
}

bool forbids_host_processes(const CheckedPod& pod, Violation& violation) {
  auto set = [](const auto& context) {
    return context && context->windowsOptions && context->windowsOptions->hostProcess.value_or(false);
  };
  bool by_pod = set(pod.spec.securityContext);
  Strings bad;
  each_container(pod.spec, [&](const auto& container) {
    if (set(container.securityContext)) bad.push_back(container.name);
  });
  if (!by_pod && bad.empty()) return false;
  violation.reason = "hostProcess";
  violation.detail = setters(by_pod, bad) + " must not set securityContext.windowsOptions.hostProcess=true";
  return true;
}

}  // namespace charon::server

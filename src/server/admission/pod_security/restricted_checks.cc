#include "server/admission/pod_security/checks.h"
#include "server/admission/pod_security/wording.h"

namespace charon::server {
namespace {

using Strings = std::vector<std::string>;

constexpr int kWindowsSparedSince = 25;         // what only Linux has is not asked of a Windows pod
constexpr int kUserNamespacesSparedSince = 35;  // root in a user namespace is nobody outside

bool is_spared_windows(const CheckedPod& pod) {
  return pod.version >= kWindowsSparedSince && pod.spec.os && pod.spec.os->name == "windows";
}

bool is_in_user_namespace(const CheckedPod& pod) {
  return pod.version >= kUserNamespacesSparedSince && !pod.spec.hostUsers.value_or(true);
}

bool is_safe_profile(std::string_view type) { return type == "RuntimeDefault" || type == "Localhost"; }

std::string setters(bool pod, const Strings& containers) {
  std::string text = pod ? "pod" : "";
  if (containers.empty()) return text;
  return text + (pod ? " and " : "") + containers_text(containers);
}

std::string_view type_of(const core::v1::VolumeSource& source) {
  if (source.hostPath) return "hostPath";
  if (source.gcePersistentDisk) return "gcePersistentDisk";
  if (source.awsElasticBlockStore) return "awsElasticBlockStore";
  if (source.gitRepo) return "gitRepo";
  if (source.nfs) return "nfs";
  if (source.iscsi) return "iscsi";
  if (source.glusterfs) return "glusterfs";
  if (source.rbd) return "rbd";
  if (source.flexVolume) return "flexVolume";
  if (source.cinder) return "cinder";
  if (source.cephfs) return "cephfs";
  if (source.flocker) return "flocker";
  if (source.fc) return "fc";
  if (source.azureFile) return "azureFile";
  if (source.vsphereVolume) return "vsphereVolume";
  if (source.quobyte) return "quobyte";
  if (source.azureDisk) return "azureDisk";
  if (source.portworxVolume) return "portworxVolume";
  if (source.photonPersistentDisk) return "photonPersistentDisk";
  if (source.scaleIO) return "scaleIO";
  if (source.storageos) return "storageos";
  return "unknown";
}

bool is_plain(const core::v1::VolumeSource& source) {
  return source.configMap || source.csi || source.downwardAPI || source.emptyDir || source.ephemeral || source.image ||
         source.persistentVolumeClaim || source.projected || source.secret;
}

}  // namespace

bool demands_no_escalation(const CheckedPod& pod, Violation& violation) {
  if (is_spared_windows(pod)) return false;
  Strings bad;
  each_container(pod.spec, [&](const auto& container) {
    if (!container.securityContext || container.securityContext->allowPrivilegeEscalation.value_or(true))
      bad.push_back(container.name);
  });
  if (bad.empty()) return false;
  violation.reason = "allowPrivilegeEscalation != false";
  violation.detail = containers_text(bad) + " must set securityContext.allowPrivilegeEscalation=false";
  return true;
}

bool demands_dropped_capabilities(const CheckedPod& pod, Violation& violation) {
  if (is_spared_windows(pod)) return false;
  Strings keeping;
  Strings adding;
  NameSet added;
  each_container(pod.spec, [&](const auto& container) {
    bool drops_all = false;
    bool adds = false;
    if (container.securityContext && container.securityContext->capabilities) {
      for (const std::string& name : container.securityContext->capabilities->drop) drops_all = drops_all || name == "ALL";
      for (const std::string& name : container.securityContext->capabilities->add) {
        if (name == "NET_BIND_SERVICE") continue;
        adds = true;
        added.insert(name);
      }
    }
    if (!drops_all) keeping.push_back(container.name);
    if (adds) adding.push_back(container.name);
  });
  Strings details;
  if (!keeping.empty()) details.push_back(containers_text(keeping) + " must set securityContext.capabilities.drop=[\"ALL\"]");
  if (!adding.empty())
    details.push_back(containers_text(adding) + " must not include " + quoted(added) + " in securityContext.capabilities.add");
  if (details.empty()) return false;
  violation.reason = "unrestricted capabilities";
  violation.detail = join(details, "; ");
  return true;
}

bool demands_plain_volumes(const CheckedPod& pod, Violation& violation) {
  Strings bad;
  NameSet types;
  for (const auto& volume : pod.spec.volumes) {
    if (is_plain(volume.volumeSource)) continue;
    bad.push_back(volume.name);
    types.emplace(type_of(volume.volumeSource));
  }
  if (bad.empty()) return false;
  violation.reason = "restricted volume types";
  violation.detail = std::string(plural("volume", "volumes", bad.size())) + " " + quoted(bad) + " " +
                     std::string(plural("uses", "use", bad.size())) + " restricted volume " +
                     std::string(plural("type", "types", types.size())) + " " + quoted(types);
  return true;
}

bool demands_non_root(const CheckedPod& pod, Violation& violation) {
  if (is_in_user_namespace(pod)) return false;
  const auto& context = pod.spec.securityContext;
  bool said = context && context->runAsNonRoot.has_value();
  bool by_pod = said && !*context->runAsNonRoot;
  bool covered = said && *context->runAsNonRoot;
  Strings bad;
  Strings silent;
  each_container(pod.spec, [&](const auto& container) {
    if (container.securityContext && container.securityContext->runAsNonRoot) {
      if (!*container.securityContext->runAsNonRoot) bad.push_back(container.name);
    } else if (!covered) {
      silent.push_back(container.name);
    }
  });
  if (!by_pod && bad.empty() && silent.empty()) return false;
  violation.reason = "runAsNonRoot != true";
  violation.detail = by_pod || !bad.empty()
                         ? setters(by_pod, bad) + " must not set securityContext.runAsNonRoot=false"
                         : "pod or " + containers_text(silent) + " must set securityContext.runAsNonRoot=true";
  return true;
}

bool demands_non_root_user(const CheckedPod& pod, Violation& violation) {
  if (is_in_user_namespace(pod)) return false;
  auto is_root = [](const auto& context) { return context && context->runAsUser == 0; };
  bool by_pod = is_root(pod.spec.securityContext);
  Strings bad;
  each_container(pod.spec, [&](const auto& container) {
    if (is_root(container.securityContext)) bad.push_back(container.name);
  });
  if (!by_pod && bad.empty()) return false;
  violation.reason = "runAsUser=0";
  violation.detail = setters(by_pod, bad) + " must not set runAsUser=0";
  return true;
}

bool demands_seccomp_profile(const CheckedPod& pod, Violation& violation) {
  if (is_spared_windows(pod)) return false;
  if (forbids_seccomp_profiles(pod, violation)) return true;
  const auto& context = pod.spec.securityContext;
  if (context && context->seccompProfile && is_safe_profile(context->seccompProfile->type)) return false;
  Strings silent;
  each_container(pod.spec, [&](const auto& container) {
    if (!container.securityContext || !container.securityContext->seccompProfile) silent.push_back(container.name);
  });
  if (silent.empty()) return false;
  violation.reason = "seccompProfile";
  violation.detail = "pod or " + containers_text(silent) +
                     " must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"";
  return true;
}

}  // namespace charon::server

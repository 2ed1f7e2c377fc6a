#include "node/cri/config.h"

#include <algorithm>

#include "node/cri/labels.h"
#include "node/cri/resources.h"
#include "node/pod/containers.h"

namespace charon::node {
namespace {

using cri::v1::NamespaceMode;

cri::v1::NamespaceOption namespaces(const core::v1::Pod& pod) {
  cri::v1::NamespaceOption out;
  out.network = pod.spec.hostNetwork ? NamespaceMode::NODE : NamespaceMode::POD;
  out.ipc = pod.spec.hostIPC ? NamespaceMode::NODE : NamespaceMode::POD;
  out.pid = pod.spec.hostPID                                 ? NamespaceMode::NODE
            : pod.spec.shareProcessNamespace.value_or(false) ? NamespaceMode::POD
                                                             : NamespaceMode::CONTAINER;
  return out;
}

cri::v1::SecurityProfile seccomp(const core::v1::Pod& pod, const core::v1::SecurityContext* container) {
  cri::v1::SecurityProfile out;
  out.profile_type = cri::v1::SecurityProfile::ProfileType::Unconfined;
  const core::v1::SeccompProfile* profile = nullptr;
  if (pod.spec.securityContext && pod.spec.securityContext->seccompProfile)
    profile = &*pod.spec.securityContext->seccompProfile;
  if (container != nullptr && container->seccompProfile) profile = &*container->seccompProfile;
  if (profile == nullptr) return out;
  if (profile->type == "RuntimeDefault") out.profile_type = cri::v1::SecurityProfile::ProfileType::RuntimeDefault;
  if (profile->type == "Localhost") {
    out.profile_type = cri::v1::SecurityProfile::ProfileType::Localhost;
    out.localhost_ref = profile->localhostProfile.value_or("");
  }
  return out;
}

std::vector<std::int64_t> supplemental_groups(const core::v1::Pod& pod) {
  std::vector<std::int64_t> out;
  if (!pod.spec.securityContext) return out;
  out = pod.spec.securityContext->supplementalGroups;
  if (pod.spec.securityContext->fsGroup) out.push_back(*pod.spec.securityContext->fsGroup);
  return out;
}

std::optional<std::int64_t> run_as_user(const core::v1::Pod& pod, const core::v1::Container& container) {
  if (container.securityContext && container.securityContext->runAsUser) return container.securityContext->runAsUser;
  if (pod.spec.securityContext) return pod.spec.securityContext->runAsUser;
  return std::nullopt;
}

std::optional<std::int64_t> run_as_group(const core::v1::Pod& pod, const core::v1::Container& container) {
  if (container.securityContext && container.securityContext->runAsGroup) return container.securityContext->runAsGroup;
  if (pod.spec.securityContext) return pod.spec.securityContext->runAsGroup;
  return std::nullopt;
}

bool non_root(const core::v1::Pod& pod, const core::v1::Container& container) {
  if (container.securityContext && container.securityContext->runAsNonRoot) return *container.securityContext->runAsNonRoot;
  return pod.spec.securityContext && pod.spec.securityContext->runAsNonRoot.value_or(false);
}

// The host's "search" line; the last one counts, as in resolv.conf(5).
std::vector<std::string> host_searches(std::string_view resolv_conf) {
  std::vector<std::string> out;
  while (!resolv_conf.empty()) {
    std::size_t end = resolv_conf.find('\n');
    std::string_view line = resolv_conf.substr(0, end);
    resolv_conf.remove_prefix(end == std::string_view::npos ? resolv_conf.size() : end + 1);
    if (!line.starts_with("search")) continue;
    out.clear();
    line.remove_prefix(6);
    while (!line.empty()) {
      std::size_t start = line.find_first_not_of(" \t\r");
      if (start == std::string_view::npos) break;
      line.remove_prefix(start);
      std::size_t stop = std::min(line.find_first_of(" \t\r"), line.size());
      if (line.substr(0, stop) != ".") out.emplace_back(line.substr(0, stop));
      line.remove_prefix(stop);
    }
  }
  return out;
}

void add_unique(std::vector<std::string>& list, const std::string& item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
}

// nullopt: the runtime copies the host's resolv.conf.
std::optional<cri::v1::DNSConfig> dns_config(const core::v1::Pod& pod, const PodSetup& setup) {
  const std::string& policy = pod.spec.dnsPolicy;
  bool cluster = (policy.empty() || policy == "ClusterFirst") && !pod.spec.hostNetwork;
  cluster = (cluster || policy == "ClusterFirstWithHostNet") && !setup.cluster_dns.empty();
  if (!cluster && policy != "None" && !pod.spec.dnsConfig) return std::nullopt;
  cri::v1::DNSConfig out;
  if (cluster) {
    out.servers = setup.cluster_dns;
    const std::string& domain = setup.cluster_domain;
    out.searches = {pod.metadata.namespace_ + ".svc." + domain, "svc." + domain, domain};
    for (const auto& search : host_searches(setup.host_resolv_conf)) add_unique(out.searches, search);
    out.options = {"ndots:5"};
  } else if (policy != "None") {
    out.searches = host_searches(setup.host_resolv_conf);
  }
  if (!pod.spec.dnsConfig) return out;
  for (const auto& server : pod.spec.dnsConfig->nameservers) add_unique(out.servers, server);
  for (const auto& search : pod.spec.dnsConfig->searches) add_unique(out.searches, search);
  for (const auto& option : pod.spec.dnsConfig->options) {
    std::string text = option.name + (option.value ? ":" + *option.value : "");
    std::erase_if(out.options,
                  [&](const std::string& old) { return old == option.name || old.starts_with(option.name + ":"); });
    out.options.push_back(std::move(text));
  }
  return out;
}

std::int32_t protocol(const std::string& name) {
  if (name == "UDP") return cri::v1::Protocol::UDP;
  if (name == "SCTP") return cri::v1::Protocol::SCTP;
  return cri::v1::Protocol::TCP;
}

cri::v1::LinuxContainerSecurityContext security(const core::v1::Pod& pod, const core::v1::Container& container,
                                                const std::optional<ImageUser>& image_user) {
  cri::v1::LinuxContainerSecurityContext out;
  const core::v1::SecurityContext* context = container.securityContext ? &*container.securityContext : nullptr;
  out.namespace_options = namespaces(pod);
  out.supplemental_groups = supplemental_groups(pod);
  if (auto user = run_as_user(pod, container)) out.run_as_user.emplace().value = *user;
  if (auto group = run_as_group(pod, container)) {
    // The runtime takes a group only beside a user.
    if (!out.run_as_user && image_user && image_user->uid) out.run_as_user.emplace().value = *image_user->uid;
    if (!out.run_as_user && image_user) out.run_as_username = image_user->name;
    out.run_as_group.emplace().value = *group;
  }
  out.seccomp = seccomp(pod, context);
  // The paths that runc masks by default; a privileged container sees them.
  out.masked_paths = {"/proc/asound",
                      "/proc/acpi",
                      "/proc/kcore",
                      "/proc/keys",
                      "/proc/latency_stats",
                      "/proc/timer_list",
                      "/proc/timer_stats",
                      "/proc/sched_debug",
                      "/proc/scsi",
                      "/sys/firmware",
                      "/sys/devices/virtual/powercap"};
  out.readonly_paths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
  if (context == nullptr) return out;
  out.privileged = context->privileged.value_or(false);
  out.readonly_rootfs = context->readOnlyRootFilesystem.value_or(false);
  out.no_new_privs = !context->allowPrivilegeEscalation.value_or(true);
  if (context->capabilities) {
    auto& capabilities = out.capabilities.emplace();
    capabilities.add_capabilities = context->capabilities->add;
    capabilities.drop_capabilities = context->capabilities->drop;
  }
  if (out.privileged || context->procMount == "Unmasked") {
    out.masked_paths.clear();
    out.readonly_paths.clear();
  }
  return out;
}

Result<void> check_not_root(const core::v1::Pod& pod, const core::v1::Container& container,
                            const std::optional<ImageUser>& image_user) {
  std::string why;
  if (auto user = run_as_user(pod, container)) {
    if (*user == 0) why = "container's runAsUser breaks non-root policy";
  } else if (!image_user || image_user->uid == 0) {
    why = "container has runAsNonRoot and image will run as root";
  } else if (!image_user->uid) {
    why =
        "container has runAsNonRoot and image has non-numeric user (" + image_user->name + "), cannot verify user is non-root";
  }
  if (why.empty()) return {};
  return fail(Reason::BadRequest, why + " (pod: \"" + pod.metadata.name + "_" + pod.metadata.namespace_ + "(" +
                                      pod.metadata.uid + ")\", container: " + container.name + ")");
}

}  // namespace

std::string pod_log_directory(const PodSetup& setup, const core::v1::Pod& pod) {
  return setup.log_root + "/" + pod.metadata.namespace_ + "_" + pod.metadata.name + "_" + pod.metadata.uid;
}

std::string pod_directory(const PodSetup& setup, std::string_view uid) { return setup.pods_dir + "/" + std::string(uid); }

std::string pod_hostname(const core::v1::Pod& pod) {
  std::string name = pod.spec.hostnameOverride.value_or(pod.spec.hostname.empty() ? pod.metadata.name : pod.spec.hostname);
  // The kernel takes 63 characters; a name must not end in "-" or ".".
  if (name.size() > 63) name.resize(63);
  while (!name.empty() && (name.back() == '-' || name.back() == '.')) name.pop_back();
  return name;
}

std::string hosts_file(const core::v1::Pod& pod, const std::vector<std::string>& ips, const std::string& cluster_domain) {
  std::string out =
      "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
      "fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n";
  std::string hostname = pod_hostname(pod);
  for (const auto& ip : ips) {
    out += ip + "\t";
    if (!pod.spec.subdomain.empty())
      out += hostname + "." + pod.spec.subdomain + "." + pod.metadata.namespace_ + ".svc." + cluster_domain + "\t";
    out += hostname + "\n";
  }
  if (!pod.spec.hostAliases.empty()) out += "\n# Entries added by HostAliases.\n";
  for (const auto& alias : pod.spec.hostAliases) {
    out += alias.ip;
    for (const auto& name : alias.hostnames) out += "\t" + name;
    out += "\n";
  }
  return out;
}

cri::v1::PodSandboxConfig sandbox_config(const core::v1::Pod& pod, std::uint32_t attempt, const PodSetup& setup) {
  cri::v1::PodSandboxConfig out;
  auto& metadata = out.metadata.emplace();
  metadata.name = pod.metadata.name;
  metadata.uid = pod.metadata.uid;
  metadata.namespace_ = pod.metadata.namespace_;
  metadata.attempt = attempt;
  if (!pod.spec.hostNetwork) out.hostname = pod_hostname(pod);
  out.log_directory = pod_log_directory(setup, pod);
  if (auto dns = dns_config(pod, setup)) out.dns_config = std::move(*dns);
  for (const ContainerView& view : containers_of(pod))
    for (const auto& port : view.spec->ports) {
      cri::v1::PortMapping mapping;
      mapping.protocol = protocol(port.protocol);
      mapping.container_port = port.containerPort;
      mapping.host_port = port.hostPort;
      mapping.host_ip = port.hostIP;
      if (!pod.spec.hostNetwork) out.port_mappings.push_back(std::move(mapping));
    }
  out.labels = pod.metadata.labels;
  out.labels[labels::kPodName] = pod.metadata.name;
  out.labels[labels::kPodNamespace] = pod.metadata.namespace_;
  out.labels[labels::kPodUid] = pod.metadata.uid;
  out.annotations = pod.metadata.annotations;
  out.annotations[labels::kConfigSource] = "api";
  auto& linux_config = out.linux.emplace();
  linux_config.cgroup_parent = pod_cgroup(pod);
  auto& security_context = linux_config.security_context.emplace();
  security_context.namespace_options = namespaces(pod);
  security_context.supplemental_groups = supplemental_groups(pod);
  security_context.seccomp.emplace().profile_type = cri::v1::SecurityProfile::ProfileType::RuntimeDefault;
  for (const ContainerView& view : containers_of(pod))
    if (view.spec->securityContext && view.spec->securityContext->privileged.value_or(false))
      security_context.privileged = true;
  // The runtime starts a privileged container only in what it is told to be a privileged sandbox.
  for (const auto& added : pod.spec.ephemeralContainers)
    if (const auto& context = added.ephemeralContainerCommon.securityContext; context && context->privileged.value_or(false))
      security_context.privileged = true;
  if (pod.spec.securityContext) {
    if (pod.spec.securityContext->runAsUser)
      security_context.run_as_user.emplace().value = *pod.spec.securityContext->runAsUser;
    if (pod.spec.securityContext->runAsGroup && pod.spec.securityContext->runAsUser)
      security_context.run_as_group.emplace().value = *pod.spec.securityContext->runAsGroup;
    for (const auto& sysctl : pod.spec.securityContext->sysctls) linux_config.sysctls[sysctl.name] = sysctl.value;
  }
  return out;
}

bool depends_on_image_user(const core::v1::Pod& pod, const core::v1::Container& container) {
  return (non_root(pod, container) || run_as_group(pod, container)) && !run_as_user(pod, container);
}

Result<cri::v1::ContainerConfig> container_config(const core::v1::Pod& pod, const core::v1::Container& container,
                                                  ContainerSetup container_setup, const PodSetup& setup) {
  if (non_root(pod, container)) TRY(check_not_root(pod, container, container_setup.image_user));
  cri::v1::ContainerConfig out;
  auto& metadata = out.metadata.emplace();
  metadata.name = container.name;
  metadata.attempt = container_setup.attempt;
  auto& image = out.image.emplace();
  image.image = container_setup.image_ref;
  image.user_specified_image = container.image;
  for (const auto& word : container.command) out.command.push_back(expand(word, container_setup.environment));
  for (const auto& word : container.args) out.args.push_back(expand(word, container_setup.environment));
  out.working_dir = container.workingDir;
  for (auto& [name, value] : container_setup.environment) {
    auto& entry = out.envs.emplace_back();
    entry.key = name;
    entry.value = std::move(value);
  }
  out.mounts = std::move(container_setup.mounts);
  out.labels[labels::kContainerName] = container.name;
  out.labels[labels::kPodName] = pod.metadata.name;
  out.labels[labels::kPodNamespace] = pod.metadata.namespace_;
  out.labels[labels::kPodUid] = pod.metadata.uid;
  out.annotations[labels::kContainerHash] = spec_hash(container);
  out.annotations[labels::kRestartCount] = std::to_string(container_setup.attempt);
  out.annotations[labels::kTerminationMessagePath] = container.terminationMessagePath;
  out.annotations[labels::kTerminationMessagePolicy] = container.terminationMessagePolicy;
  out.annotations[labels::kGracePeriod] = std::to_string(pod.spec.terminationGracePeriodSeconds.value_or(30));
  out.log_path = container.name + "/" + std::to_string(container_setup.attempt) + ".log";
  out.stdin = container.stdin;
  out.stdin_once = container.stdinOnce;
  out.tty = container.tty;
  auto& linux_config = out.linux.emplace();
  linux_config.resources = linux_resources(pod, container, setup.memory_bytes);
  linux_config.security_context = security(pod, container, container_setup.image_user);
  if (!container_setup.target_id.empty()) {
    auto& joined = linux_config.security_context->namespace_options;
    if (!joined) joined.emplace();
    joined->pid = NamespaceMode::TARGET;
    joined->target_id = std::move(container_setup.target_id);
  }
  return out;
}

}  // namespace charon::node

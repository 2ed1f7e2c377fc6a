#include "node/worker/actions.h"

#include <algorithm>
#include <utility>

#include "base/time.h"
#include "node/cri/cgroups.h"
#include "node/probes/check.h"
#include "rt/timeout.h"

namespace charon::node {

using namespace std::chrono_literals;
using control::EventSeverity;

namespace {

std::string field_path(const core::v1::Pod& pod, std::string_view container) {
  if (container.empty()) return "";
  for (const auto& init : pod.spec.initContainers)
    if (init.name == container) return "spec.initContainers{" + std::string(container) + "}";
  for (const auto& added : pod.spec.ephemeralContainers)
    if (added.ephemeralContainerCommon.name == container) return "spec.ephemeralContainers{" + std::string(container) + "}";
  return "spec.containers{" + std::string(container) + "}";
}

// "1.234s", "850ms", as Go prints a duration that was cut to milliseconds.
std::string short_duration(std::chrono::nanoseconds duration) {
  return format_go_duration(std::chrono::duration_cast<std::chrono::milliseconds>(duration));
}

VolumeRoots volume_roots(const PodSetup& setup, std::string_view uid) {
  return {pod_directory(setup, uid), setup.pods_memory_dir + "/" + std::string(uid)};
}

std::string rpc_text(const Error& error) { return "rpc error: code = Unknown desc = " + error.message; }

}  // namespace

PodActions::PodActions(rt::Loop& loop, rt::Net& net, rt::Files& files, rt::Process& process, Runtime& runtime, Images& images,
                       Volumes& volumes, PodObjects& objects, control::EventRecorder& events, PodSetup setup)
    : loop_(loop),
      net_(net),
      files_(files),
      process_(process),
      runtime_(runtime),
      images_(images),
      volumes_(volumes),
      objects_(objects),
      events_(events),
      setup_(std::move(setup)) {}

TimePoint PodActions::now() const { return to_time_point(loop_.clock().wall()); }

void PodActions::tell(const core::v1::Pod& pod, std::string_view container, EventSeverity severity, std::string reason,
                      std::string message) {
  control::EventNote note;
  note.about = control::reference_to(pod);
  note.about.field_path = field_path(pod, container);
  note.severity = severity;
  note.reason = std::move(reason);
  note.message = std::move(message);
  events_.record(std::move(note));
}

rt::Task<Result<ObservedPod>> PodActions::observe(std::string uid, ExitedContainers& exited) {
  return observe_pod(runtime_, files_, std::move(uid), exited);
}

rt::Task<void> PodActions::prepare_volumes(PodPtr pod, PodMemory& memory, PreparedVolumes& volumes) {
  auto prepared =
      co_await volumes_.prepare(pod, volume_roots(setup_, pod->metadata.uid), setup_.allocatable, loop_.clock().wall());
  if (!prepared) {
    Backoff::Delay delay = memory.volumes_retry.next(now(), now());
    memory.volumes_trouble = Trouble{"FailedMount", prepared.error().message, now() + delay};
    tell(*pod, "", EventSeverity::Warning, "FailedMount", prepared.error().message);
    co_return;
  }
  memory.volumes_trouble.reset();
  memory.volumes_ready = true;
  volumes = std::move(*prepared);
}

rt::Task<void> PodActions::refresh_volumes(PodPtr pod) {
  auto done = co_await volumes_.refresh(pod, volume_roots(setup_, pod->metadata.uid), setup_.allocatable, loop_.clock().wall());
  if (!done) tell(*pod, "", EventSeverity::Warning, "FailedMount", done.error().message);
}

rt::Task<std::optional<ObservedSandbox>> PodActions::create_sandbox(PodPtr pod, CreateSandbox action, PodMemory& memory) {
  if (action.attempt > 0)
    tell(*pod, "", EventSeverity::Normal, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
  cri::v1::PodSandboxConfig config = sandbox_config(*pod, action.attempt, setup_);
  Result<void> made = files_.make_dirs(config.log_directory, 0755);
  Result<std::string> id = fail(Reason::Unknown, "");
  if (made)
    id = co_await runtime_.run_sandbox(std::move(config), "");
  else
    id = fail(std::move(made.error()));
  if (id) {
    memory.sandbox_trouble.reset();
    auto seen = co_await observe_sandbox(runtime_, std::move(*id));
    if (!seen) co_return std::nullopt;
    co_return std::move(*seen);
  }
  Backoff::Delay delay = memory.sandbox_retry.next(now(), now());
  std::string message = "Failed to create pod sandbox: " + rpc_text(id.error());
  memory.sandbox_trouble = Trouble{"FailedCreatePodSandBox", message, now() + delay};
  tell(*pod, "", EventSeverity::Warning, "FailedCreatePodSandBox", message);
  co_return std::nullopt;
}

rt::Task<void> PodActions::stop_sandbox(StopSandbox action, PodMemory& memory) {
  auto stopped = co_await runtime_.stop_sandbox(action.id);
  if (stopped || stopped.error().reason == Reason::NotFound) {
    memory.sandbox_trouble.reset();
    co_return;
  }
  Backoff::Delay delay = memory.sandbox_retry.next(now(), now());
  memory.sandbox_trouble = Trouble{"FailedKillPod", stopped.error().message, now() + delay};
}

rt::Task<void> PodActions::remove_sandbox(RemoveSandbox action) { (void)co_await runtime_.remove_sandbox(action.id); }

rt::Task<void> PodActions::remove_container(RemoveContainer action) {
  auto removed = co_await runtime_.remove_container(action.id);
  if (removed && !action.log_path.empty()) (void)files_.remove_all(action.log_path);
}

Result<void> PodActions::add_own_mounts(const core::v1::Pod& pod, const core::v1::Container& container, std::uint32_t attempt,
                                        const std::vector<std::string>& ips, std::vector<cri::v1::Mount>& mounts) {
  std::string directory = pod_directory(setup_, pod.metadata.uid);
  auto mounted = [&](std::string_view path) {
    return std::any_of(mounts.begin(), mounts.end(), [&](const cri::v1::Mount& mount) { return mount.container_path == path; });
  };
  if (!pod.spec.hostNetwork && !mounted("/etc/hosts")) {
    TRY(files_.make_dirs(directory, 0750));
    TRY(files_.write(directory + "/etc-hosts", hosts_file(pod, ips, setup_.cluster_domain), 0644));
    cri::v1::Mount mount;
    mount.container_path = "/etc/hosts";
    mount.host_path = directory + "/etc-hosts";
    mounts.push_back(std::move(mount));
  }
  if (!container.terminationMessagePath.empty()) {
    std::string folder = directory + "/containers/" + container.name;
    TRY(files_.make_dirs(folder, 0750));
    std::string file = folder + "/" + std::to_string(attempt);
    TRY(files_.write(file, "", 0666));
    TRY(files_.set_mode(file, 0666));
    cri::v1::Mount mount;
    mount.container_path = container.terminationMessagePath;
    mount.host_path = file;
    mounts.push_back(std::move(mount));
  }
  return {};
}

rt::Task<std::expected<cri::v1::ContainerConfig, PodActions::Failure>> PodActions::config_of(
    PodPtr pod, const core::v1::Container* container, StartContainer action, std::vector<std::string> ips,
    const PreparedVolumes& volumes, std::string image_ref) {
  const char* kConfigError = "CreateContainerConfigError";
  ReferenceNames names;
  add_environment_references(*container, names);
  auto references = co_await objects_.references(pod, std::move(names));
  if (!references) co_return std::unexpected(Failure{kConfigError, references.error()});
  auto environment = container_environment(*pod, *container, *references, setup_.allocatable);
  if (!environment) co_return std::unexpected(Failure{kConfigError, environment.error()});
  const std::string sub_paths = sub_paths_directory(volume_roots(setup_, pod->metadata.uid));
  auto mounts = container_mounts(files_, *container, volumes, *environment, sub_paths);
  if (!mounts) co_return std::unexpected(Failure{kConfigError, mounts.error()});
  if (auto added = add_own_mounts(*pod, *container, action.attempt, ips, *mounts); !added)
    co_return std::unexpected(Failure{kConfigError, added.error()});
  ContainerSetup container_setup;
  if (depends_on_image_user(*pod, *container)) {
    auto user = co_await images_.user(image_ref);
    if (!user) co_return std::unexpected(Failure{kConfigError, user.error()});
    container_setup.image_user = std::move(*user);
  }
  container_setup.attempt = action.attempt;
  container_setup.target_id = action.target_id;
  container_setup.image_ref = std::move(image_ref);
  container_setup.mounts = std::move(*mounts);
  container_setup.environment = std::move(*environment);
  auto config = container_config(*pod, *container, std::move(container_setup), setup_);
  if (!config) co_return std::unexpected(Failure{kConfigError, config.error()});
  co_return std::move(*config);
}

rt::Task<std::optional<ObservedContainer>> PodActions::start_container(PodPtr pod, StartContainer action,
                                                                       std::vector<std::string> ips,
                                                                       const PreparedVolumes& volumes, PodMemory& memory) {
  ContainerMemory& mine = memory.containers[action.container];
  const std::optional<core::v1::Container> container = find_container(*pod, action.container);
  std::string image_ref = mine.image.ref;
  // The next start looks at the image again, as its policy says.
  mine.image = {};
  std::optional<Failure> failure;
  std::string id;
  auto config = co_await config_of(pod, &*container, action, std::move(ips), volumes, std::move(image_ref));
  if (!config) {
    failure = std::move(config.error());
  } else {
    auto created = co_await runtime_.create_container(action.sandbox_id, std::move(*config), sandbox_config(*pod, 0, setup_));
    if (created) {
      id = std::move(*created);
      tell(*pod, action.container, EventSeverity::Normal, "Created", "Container created");
    } else {
      failure = Failure{"CreateContainerError", std::move(created.error())};
    }
  }
  if (!failure) {
    auto started = co_await runtime_.start_container(id);
    if (!started) failure = Failure{"RunContainerError", std::move(started.error())};
  }
  if (failure) {
    Backoff::Delay delay = mine.retry.next(now(), now());
    mine.trouble = Trouble{failure->reason, failure->error.message, now() + delay};
    tell(*pod, action.container, EventSeverity::Warning, "Failed", "Error: " + failure->error.message);
    co_return std::nullopt;
  }
  mine.trouble.reset();
  mine.probes = {};
  mine.probes.container_id = id;
  tell(*pod, action.container, EventSeverity::Normal, "Started", "Container started");
  if (container->lifecycle && container->lifecycle->postStart) {
    auto hooked = co_await run_hook(*container->lifecycle->postStart, id, pod, action.container, pod->status.podIP, 30s);
    if (!hooked) {
      tell(*pod, action.container, EventSeverity::Warning, "FailedPostStartHook", "PostStartHook failed");
      mine.probes.unhealthy = "FailedPostStartHook";
    }
  }
  auto seen = co_await observe_container(runtime_, files_, action.sandbox_id, std::move(id));
  if (!seen) co_return std::nullopt;
  co_return std::move(*seen);
}

rt::Task<Result<void>> PodActions::run_hook(core::v1::LifecycleHandler handler, std::string container_id, PodPtr pod,
                                            std::string container, std::string pod_ip, rt::Duration limit) {
  if (handler.sleep) {
    co_await rt::sleep(loop_, std::min<rt::Duration>(std::chrono::seconds(handler.sleep->seconds), limit));
    co_return Result<void>();
  }
  core::v1::ProbeHandler probe;
  probe.exec = std::move(handler.exec);
  probe.httpGet = std::move(handler.httpGet);
  probe.tcpSocket = std::move(handler.tcpSocket);
  CheckTarget target{std::move(container_id), std::move(pod_ip), {}};
  if (const auto spec = find_container(*pod, container)) target.ports = spec->ports;
  CheckResult result = co_await check(loop_, net_, runtime_, std::move(probe), std::move(target), limit);
  if (!result.success()) co_return fail(Reason::InternalError, std::move(result.output));
  co_return Result<void>();
}

rt::Task<void> PodActions::stop_container(PodPtr pod, StopContainer action, std::string pod_ip) {
  std::int64_t grace_s = action.grace_s;
  if (pod) {
    tell(*pod, action.container, EventSeverity::Normal, "Killing", action.why);
    const std::optional<core::v1::Container> container = find_container(*pod, action.container);
    if (container && container->lifecycle && container->lifecycle->preStop && grace_s > 0) {
      rt::Instant start = loop_.clock().now();
      auto hooked = co_await run_hook(*container->lifecycle->preStop, action.id, pod, action.container, std::move(pod_ip),
                                      std::chrono::seconds(grace_s));
      if (!hooked) tell(*pod, action.container, EventSeverity::Warning, "FailedPreStopHook", "PreStopHook failed");
      std::int64_t used = std::chrono::duration_cast<std::chrono::seconds>(loop_.clock().now() - start).count();
      // The kubelet leaves at least two seconds for the container itself.
      grace_s = std::max<std::int64_t>(grace_s - used, 2);
    }
  }
  (void)co_await runtime_.stop_container(action.id, grace_s);
}

rt::Task<std::optional<ImageState>> PodActions::find_image(PodPtr pod, std::string name, ContainerMemory& memory) {
  const std::optional<core::v1::Container> container = find_container(*pod, name);
  ImageState state;
  auto image = normalized_image(container->image);
  if (!image) {
    state.kind = ImageState::Kind::Failed;
    state.reason = "InvalidImageName";
    state.message = "Failed to apply default image tag \"" + container->image + "\": couldn't parse image name \"" +
                    container->image + "\": invalid reference format";
    state.failed_at = now();
    tell(*pod, name, EventSeverity::Warning, "InspectFailed", state.message);
    tell(*pod, name, EventSeverity::Warning, "Failed", "Error: InvalidImageName");
    co_return state;
  }
  PullPolicy policy = pull_policy(*container);
  if (policy == PullPolicy::Always) co_return std::nullopt;
  auto found = co_await images_.find(*image);
  if (found && *found) {
    state.kind = ImageState::Kind::Present;
    state.ref = **found;
    tell(*pod, name, EventSeverity::Normal, "Pulled",
         "Container image \"" + container->image + "\" already present on machine");
    co_return state;
  }
  if (found && policy == PullPolicy::IfNotPresent) co_return std::nullopt;
  state.kind = ImageState::Kind::Failed;
  state.failed_at = now();
  state.retry_at = now() + memory.pull.next(now(), now());
  if (!found) {
    state.reason = "ImageInspectError";
    state.message = "Failed to inspect image \"" + container->image + "\": " + rpc_text(found.error());
    tell(*pod, name, EventSeverity::Warning, "InspectFailed", state.message);
  } else {
    state.reason = "ErrImageNeverPull";
    state.message = "Container image \"" + container->image + "\" is not present with pull policy of Never";
    tell(*pod, name, EventSeverity::Warning, "ErrImageNeverPull", state.message);
  }
  tell(*pod, name, EventSeverity::Warning, "Failed", "Error: " + state.reason);
  co_return state;
}

rt::Task<ImageState> PodActions::pull_image(PodPtr pod, std::string name, Backoff& backoff) {
  const std::optional<core::v1::Container> container = find_container(*pod, name);
  ImageState state;
  tell(*pod, name, EventSeverity::Normal, "Pulling", "Pulling image \"" + container->image + "\"");
  auto image = normalized_image(container->image);
  auto pulled = co_await images_.pull(pod, image.value_or(container->image), sandbox_config(*pod, 0, setup_));
  if (pulled) {
    state.kind = ImageState::Kind::Present;
    state.ref = pulled->image_ref;
    backoff.reset();
    std::string took = short_duration(pulled->took);
    tell(*pod, name, EventSeverity::Normal, "Pulled",
         "Successfully pulled image \"" + container->image + "\" in " + took + " (" + took +
             " including waiting). Image size: " + std::to_string(pulled->size_bytes) + " bytes.");
    co_return state;
  }
  state.kind = ImageState::Kind::Failed;
  state.reason = "ErrImagePull";
  state.message = rpc_text(pulled.error());
  state.failed_at = now();
  state.retry_at = now() + backoff.next(now(), now());
  tell(*pod, name, EventSeverity::Warning, "Failed", "Failed to pull image \"" + container->image + "\": " + state.message);
  tell(*pod, name, EventSeverity::Warning, "Failed", "Error: ErrImagePull");
  co_return state;
}

rt::Task<void> PodActions::clean_up(std::string uid, std::string log_directory) {
  (void)co_await volumes_.remove(files_, process_, volume_roots(setup_, uid));
  if (!log_directory.empty()) (void)files_.remove_all(log_directory);
  co_await remove_pod_cgroups(files_, process_, {uid});
}

}  // namespace charon::node

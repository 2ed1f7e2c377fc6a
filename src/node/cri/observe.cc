#include "node/cri/observe.h"

#include <algorithm>
#include <utility>

#include "node/cri/labels.h"

namespace charon::node {
namespace {

constexpr std::size_t kTerminationMessageBytes = 4096;

TimePoint from_nanos(std::int64_t nanos) {
  // The runtime prints "never" as year 1 or as 0.
  if (nanos <= 0) return {};
  return TimePoint(std::chrono::duration_cast<TimePoint::duration>(std::chrono::nanoseconds(nanos)));
}

std::string annotation(const std::map<std::string, std::string, std::less<>>& map, std::string_view key) {
  auto found = map.find(key);
  return found == map.end() ? "" : found->second;
}

// The container's last words: the file that it wrote, else (by policy) the end of its log.
std::string termination_message(const rt::Files& files, const cri::v1::ContainerStatus& status) {
  std::string path = annotation(status.annotations, labels::kTerminationMessagePath);
  std::string text;
  for (const auto& mount : status.mounts)
    if (!path.empty() && mount.container_path == path)
      if (auto read = files.read(mount.host_path)) text = std::move(*read);
  bool fall_back = annotation(status.annotations, labels::kTerminationMessagePolicy) == "FallbackToLogsOnError";
  if (text.empty() && fall_back && status.exit_code != 0) {
    if (auto log = files.read(status.log_path)) {
      std::string_view rest = *log;
      std::vector<std::string> lines;
      while (!rest.empty()) {
        std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        // "<time> <stream> <tag> <text>"
        for (int i = 0; i < 3 && line.find(' ') != std::string_view::npos; ++i) line.remove_prefix(line.find(' ') + 1);
        lines.emplace_back(line);
      }
      for (std::size_t i = lines.size() > 80 ? lines.size() - 80 : 0; i < lines.size(); ++i) text += lines[i] + "\n";
      if (text.size() > 2048) text.erase(0, text.size() - 2048);
    }
  }
  if (text.size() > kTerminationMessageBytes) text.resize(kTerminationMessageBytes);
  return text;
}

ObservedContainer::State state_of(std::int32_t state) {
  switch (state) {
    case cri::v1::ContainerState::CONTAINER_CREATED:
      return ObservedContainer::State::Created;
    case cri::v1::ContainerState::CONTAINER_RUNNING:
      return ObservedContainer::State::Running;
    case cri::v1::ContainerState::CONTAINER_EXITED:
      return ObservedContainer::State::Exited;
    default:
      return ObservedContainer::State::Unknown;
  }
}

}  // namespace

rt::Task<Result<ObservedSandbox>> observe_sandbox(Runtime& runtime, std::string id) {
  CO_TRY_ASSIGN(auto status, co_await runtime.sandbox_status(std::move(id)));
  ObservedSandbox out;
  out.id = status.id;
  if (status.metadata) out.attempt = status.metadata->attempt;
  out.ready = status.state == cri::v1::PodSandboxState::SANDBOX_READY;
  out.created_at = from_nanos(status.created_at);
  if (out.ready && status.network && !status.network->ip.empty()) {
    out.ips.push_back(status.network->ip);
    for (const auto& ip : status.network->additional_ips) out.ips.push_back(ip.ip);
  }
  co_return out;
}

rt::Task<Result<ObservedContainer>> observe_container(Runtime& runtime, rt::Files& files, std::string sandbox_id,
                                                      std::string id) {
  CO_TRY_ASSIGN(auto status, co_await runtime.container_status(std::move(id)));
  ObservedContainer out;
  out.id = status.id;
  out.sandbox_id = std::move(sandbox_id);
  out.name = annotation(status.labels, labels::kContainerName);
  if (status.metadata) out.attempt = status.metadata->attempt;
  out.state = state_of(status.state);
  out.created_at = from_nanos(status.created_at);
  out.started_at = from_nanos(status.started_at);
  out.finished_at = from_nanos(status.finished_at);
  out.exit_code = status.exit_code;
  out.reason = status.reason;
  if (status.image) out.image = status.image->image;
  out.image_id = status.image_ref;
  out.spec_hash = annotation(status.annotations, labels::kContainerHash);
  out.log_path = status.log_path;
  if (out.state == ObservedContainer::State::Exited) {
    out.message = termination_message(files, status);
    if (out.message.empty()) out.message = status.message;
  }
  co_return out;
}

rt::Task<Result<ObservedPod>> observe_pod(Runtime& runtime, rt::Files& files, std::string uid, ExitedContainers& exited) {
  std::map<std::string, std::string, std::less<>> selector;
  selector[labels::kPodUid] = uid;
  CO_TRY_ASSIGN(auto sandboxes, co_await runtime.list_sandboxes(selector));
  CO_TRY_ASSIGN(auto containers, co_await runtime.list_containers(selector));
  ObservedPod out;
  for (const auto& sandbox : sandboxes) {
    if (sandbox.state == cri::v1::PodSandboxState::SANDBOX_READY) {
      auto seen = co_await observe_sandbox(runtime, sandbox.id);
      if (!seen && seen.error().reason == Reason::NotFound) continue;
      if (!seen) co_return fail(std::move(seen.error()));
      out.sandboxes.push_back(std::move(*seen));
      continue;
    }
    ObservedSandbox ended;
    ended.id = sandbox.id;
    if (sandbox.metadata) ended.attempt = sandbox.metadata->attempt;
    ended.created_at = from_nanos(sandbox.created_at);
    out.sandboxes.push_back(std::move(ended));
  }
  ExitedContainers still;
  for (const auto& container : containers) {
    if (auto known = exited.find(container.id); known != exited.end()) {
      out.containers.push_back(known->second);
      still.insert(*known);
      continue;
    }
    auto seen = co_await observe_container(runtime, files, container.pod_sandbox_id, container.id);
    if (!seen && seen.error().reason == Reason::NotFound) continue;
    if (!seen) co_return fail(std::move(seen.error()));
    if (seen->state == ObservedContainer::State::Exited) still.emplace(seen->id, *seen);
    out.containers.push_back(std::move(*seen));
  }
  exited = std::move(still);
  std::sort(out.sandboxes.begin(), out.sandboxes.end(), [](const ObservedSandbox& a, const ObservedSandbox& b) {
    return std::pair(a.created_at, a.attempt) > std::pair(b.created_at, b.attempt);
  });
  std::sort(out.containers.begin(), out.containers.end(), [](const ObservedContainer& a, const ObservedContainer& b) {
    return std::pair(a.created_at, a.attempt) > std::pair(b.created_at, b.attempt);
  });
  co_return out;
}

}  // namespace charon::node

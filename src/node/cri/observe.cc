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

ObservedContainer observed(const cri::v1::Container& container) {
  ObservedContainer out;
  out.id = container.id;
  out.sandbox_id = container.pod_sandbox_id;
  out.name = annotation(container.labels, labels::kContainerName);
  if (container.metadata) out.attempt = container.metadata->attempt;
  out.created_at = from_nanos(container.created_at);
  switch (container.state) {
    case cri::v1::ContainerState::CONTAINER_CREATED:
      out.state = ObservedContainer::State::Created;
      break;
    case cri::v1::ContainerState::CONTAINER_RUNNING:
      out.state = ObservedContainer::State::Running;
      break;
    case cri::v1::ContainerState::CONTAINER_EXITED:
      out.state = ObservedContainer::State::Exited;
      break;
    default:
      out.state = ObservedContainer::State::Unknown;
  }
  if (container.image) out.image = container.image->image;
  out.image_id = container.image_ref;
  out.spec_hash = annotation(container.annotations, labels::kContainerHash);
  return out;
}

void complete(const rt::Files& files, const cri::v1::ContainerStatus& status, ObservedContainer& out) {
  out.started_at = from_nanos(status.started_at);
  out.finished_at = from_nanos(status.finished_at);
  out.exit_code = status.exit_code;
  out.reason = status.reason;
  out.log_path = status.log_path;
  if (!status.image_ref.empty()) out.image_id = status.image_ref;
  switch (status.state) {
    case cri::v1::ContainerState::CONTAINER_CREATED:
      out.state = ObservedContainer::State::Created;
      break;
    case cri::v1::ContainerState::CONTAINER_RUNNING:
      out.state = ObservedContainer::State::Running;
      break;
    case cri::v1::ContainerState::CONTAINER_EXITED:
      out.state = ObservedContainer::State::Exited;
      out.message = termination_message(files, status);
      if (out.message.empty()) out.message = status.message;
      break;
    default:
      out.state = ObservedContainer::State::Unknown;
  }
}

}  // namespace

rt::Task<Result<ObservedPod>> observe_pod(Runtime& runtime, rt::Files& files, std::string uid, ExitedContainers& exited) {
  std::map<std::string, std::string, std::less<>> selector;
  selector[labels::kPodUid] = uid;
  CO_TRY_ASSIGN(auto sandboxes, co_await runtime.list_sandboxes(selector));
  CO_TRY_ASSIGN(auto containers, co_await runtime.list_containers(selector));
  ObservedPod out;
  for (const auto& sandbox : sandboxes) {
    ObservedSandbox seen;
    seen.id = sandbox.id;
    if (sandbox.metadata) seen.attempt = sandbox.metadata->attempt;
    seen.ready = sandbox.state == cri::v1::PodSandboxState::SANDBOX_READY;
    seen.created_at = from_nanos(sandbox.created_at);
    if (seen.ready) {
      auto status = co_await runtime.sandbox_status(sandbox.id);
      if (!status && status.error().reason == Reason::NotFound) continue;
      if (!status) co_return fail(std::move(status.error()));
      if (status->network && !status->network->ip.empty()) {
        seen.ips.push_back(status->network->ip);
        for (const auto& ip : status->network->additional_ips) seen.ips.push_back(ip.ip);
      }
    }
    out.sandboxes.push_back(std::move(seen));
  }
  ExitedContainers still;
  for (const auto& container : containers) {
    if (auto known = exited.find(container.id); known != exited.end()) {
      out.containers.push_back(known->second);
      still.insert(*known);
      continue;
    }
    ObservedContainer seen = observed(container);
    auto status = co_await runtime.container_status(container.id);
    if (!status && status.error().reason == Reason::NotFound) continue;
    if (!status) co_return fail(std::move(status.error()));
    complete(files, *status, seen);
    if (seen.state == ObservedContainer::State::Exited) still.emplace(seen.id, seen);
    out.containers.push_back(std::move(seen));
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

#include "node/cri/observe.h"

#include <algorithm>
#include <utility>

#include "codec/utf8.h"
#include "node/cri/labels.h"
#include "node/logs/cri_log.h"

namespace charon::node {
namespace {

constexpr std::size_t kTerminationMessageBytes = 4096;
// Of the log where it stands in for the message, as in the kubelet; the bytes read hold that much even of short lines.
constexpr int kLogLines = 80;
constexpr std::size_t kLogMessageBytes = 2048;
constexpr std::size_t kLogTailBytes = 64u << 10;

TimePoint from_nanos(std::int64_t nanos) {
  // The runtime prints "never" as year 1 or as 0.
  if (nanos <= 0) return {};
  return TimePoint(std::chrono::duration_cast<TimePoint::duration>(std::chrono::nanoseconds(nanos)));
}

std::string annotation(const std::map<std::string, std::string, std::less<>>& map, std::string_view key) {
  auto found = map.find(key);
  return found == map.end() ? "" : found->second;
}

// The last bytes of a file, which may be of any size; empty for what is no regular file.
std::string tail_of(const rt::Files& files, const std::string& path, std::size_t limit) {
  auto info = files.info(path);
  if (!info || info->kind != rt::FileInfo::Kind::Regular) return "";
  std::uint64_t start = info->size_bytes > limit ? info->size_bytes - limit : 0;
  return files.read_at(path, start, limit).value_or("");
}

// The last lines of a container's log.
std::string log_end(const rt::Files& files, const std::string& path) {
  std::string raw = tail_of(files, path, kLogTailBytes);
  if (raw.size() == kLogTailBytes) raw.erase(0, raw.find('\n') + 1);  // begins inside a line
  std::string text;
  LogFilter(LogOptions{}).feed(raw, text);
  std::size_t start = text.size();
  for (int lines = 0; lines < kLogLines && start > 0; ++lines) start = start >= 2 ? text.rfind('\n', start - 2) + 1 : 0;
  return text.substr(std::max(start, text.size() - std::min(text.size(), kLogMessageBytes)));
}

// The container's last words: what it wrote to its file, else (by policy) the end of its log. What a container writes may be
// anything, of any size.
std::string termination_message(const rt::Files& files, const cri::v1::ContainerStatus& status) {
  const std::string path = annotation(status.annotations, labels::kTerminationMessagePath);
  // The agent's file is the last that is mounted there; before it may stand what the pod itself mounts.
  auto mount = std::find_if(status.mounts.rbegin(), status.mounts.rend(),
                            [&](const cri::v1::Mount& candidate) { return candidate.container_path == path; });
  std::string text;
  if (!path.empty() && mount != status.mounts.rend()) text = tail_of(files, mount->host_path, kTerminationMessageBytes);
  bool fall_back = annotation(status.annotations, labels::kTerminationMessagePolicy) == "FallbackToLogsOnError";
  if (text.empty() && fall_back && status.exit_code != 0) text = log_end(files, status.log_path);
  return codec::to_valid_utf8(text);
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

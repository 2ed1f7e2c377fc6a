#include "node/downward/fields.h"

#include "codec/json.h"

namespace charon::node {
namespace {

std::string joined_ips(const auto& list) {
  std::string out;
  for (const auto& item : list) out += (out.empty() ? "" : ",") + item.ip;
  return out;
}

std::string lines(const std::map<std::string, std::string, std::less<>>& map) {
  std::string out;
  for (const auto& [key, value] : map) {
    if (!out.empty()) out += '\n';
    out += key + "=";
    codec::append_json_string(value, out);
  }
  return out;
}

// "metadata.labels['a/b']" with prefix "metadata.labels" gives a/b.
std::optional<std::string_view> subscript(std::string_view path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return std::nullopt;
  path.remove_prefix(prefix.size());
  if (path.size() < 4 || !path.starts_with("['") || !path.ends_with("']")) return std::nullopt;
  return path.substr(2, path.size() - 4);
}

std::string value_of(const std::map<std::string, std::string, std::less<>>& map, std::string_view key) {
  auto found = map.find(key);
  return found == map.end() ? "" : found->second;
}

}  // namespace

Result<std::string> field_text(const core::v1::Pod& pod, std::string_view path) {
  if (auto key = subscript(path, "metadata.labels")) return value_of(pod.metadata.labels, *key);
  if (auto key = subscript(path, "metadata.annotations")) return value_of(pod.metadata.annotations, *key);
  if (path == "metadata.name") return pod.metadata.name;
  if (path == "metadata.namespace") return pod.metadata.namespace_;
  if (path == "metadata.uid") return pod.metadata.uid;
  if (path == "metadata.labels") return lines(pod.metadata.labels);
  if (path == "metadata.annotations") return lines(pod.metadata.annotations);
  if (path == "spec.nodeName") return pod.spec.nodeName;
  if (path == "spec.serviceAccountName") return pod.spec.serviceAccountName;
  if (path == "status.hostIP") return pod.status.hostIP;
  if (path == "status.hostIPs") return joined_ips(pod.status.hostIPs);
  if (path == "status.podIP") return pod.status.podIP;
  if (path == "status.podIPs") return joined_ips(pod.status.podIPs);
  return fail(Reason::BadRequest, "unsupported fieldPath: " + std::string(path));
}

Result<std::string> resource_text(const core::v1::Container& container, const core::v1::ResourceFieldSelector& selector,
                                  const NodeAllocatable& node) {
  std::string_view resource = selector.resource;
  bool limits = resource.starts_with("limits.");
  if (!limits && !resource.starts_with("requests."))
    return fail(Reason::BadRequest, "unsupported container resource : " + selector.resource);
  std::string_view name = resource.substr(limits ? 7 : 9);
  const auto& map = limits ? container.resources.limits : container.resources.requests;
  Quantity amount;
  if (auto found = map.find(name); found != map.end())
    amount = found->second;
  else if (limits && name == "cpu")
    amount = node.cpu;
  else if (limits && name == "memory")
    amount = node.memory;
  Quantity divisor = selector.divisor.is_zero() ? Quantity::of(1) : selector.divisor;
  // cpu counts in thousandths, all else in units; both round up.
  std::int64_t value = name == "cpu" ? amount.milli_value() : amount.value();
  std::int64_t by = name == "cpu" ? divisor.milli_value() : divisor.value();
  if (by <= 0) return fail(Reason::BadRequest, "invalid divisor of " + selector.resource);
  return std::to_string(value / by + (value % by > 0 ? 1 : 0));
}

}  // namespace charon::node

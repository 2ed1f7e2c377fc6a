#include "scheduler/resources.h"

#include <algorithm>

namespace charon::scheduler {

namespace {

enum class Missing : std::uint8_t { IsZero, HasDefault };

Resources container_requests(const core::v1::Container& container, Missing missing) {
  const ResourceList& requests = container.resources.requests;
  Resources out = resources_of(requests);
  if (missing == Missing::HasDefault) {
    if (!requests.contains("cpu")) out.milli_cpu = kDefaultMilliCpu;
    if (!requests.contains("memory")) out.memory_bytes = kDefaultMemoryBytes;
  }
  return out;
}

void override_pod_level(Resources& total, const ResourceList& requests) {
  Resources given = resources_of(requests);
  if (requests.contains("cpu")) total.milli_cpu = given.milli_cpu;
  if (requests.contains("memory")) total.memory_bytes = given.memory_bytes;
  for (const auto& [name, amount] : given.extended) {
    if (!name.starts_with("hugepages-")) continue;
    Resources difference;
    difference.extended = {{name, amount - total.extended_amount(name)}};
    total += difference;
  }
}

Resources total_requests(const core::v1::Pod& pod, Missing missing) {
  Resources running;
  for (const auto& container : pod.spec.containers) running += container_requests(container, missing);
  Resources sidecars;
  Resources starting;
  for (const auto& container : pod.spec.initContainers) {
    Resources needed = container_requests(container, missing);
    if (container.restartPolicy == "Always") {
      running += needed;
      sidecars += needed;
      starting.raise_to(sidecars);
    } else {
      needed += sidecars;
      starting.raise_to(needed);
    }
  }
  running.raise_to(starting);
  if (pod.spec.resources) override_pod_level(running, pod.spec.resources->requests);
  if (!pod.spec.overhead.empty()) running += resources_of(pod.spec.overhead);
  return running;
}

// Merges two lists sorted by name; entries that come out as zero are left out.
template <class Combine>
void merge(std::vector<std::pair<std::string, std::int64_t>>& into,
           const std::vector<std::pair<std::string, std::int64_t>>& from, Combine combine) {
  if (from.empty()) return;
  std::vector<std::pair<std::string, std::int64_t>> out;
  auto a = into.begin();
  auto b = from.begin();
  while (a != into.end() || b != from.end()) {
    bool left = b == from.end() || (a != into.end() && a->first <= b->first);
    bool right = a == into.end() || (b != from.end() && b->first <= a->first);
    std::int64_t amount = combine(left ? a->second : 0, right ? b->second : 0);
    if (amount != 0) out.emplace_back(left ? a->first : b->first, amount);
    if (left) ++a;
    if (right) ++b;
  }
  into = std::move(out);
}

}  // namespace

Resources& Resources::operator+=(const Resources& other) {
  milli_cpu += other.milli_cpu;
  memory_bytes += other.memory_bytes;
  ephemeral_bytes += other.ephemeral_bytes;
  merge(extended, other.extended, [](std::int64_t a, std::int64_t b) { return a + b; });
  return *this;
}

Resources& Resources::operator-=(const Resources& other) {
  milli_cpu -= other.milli_cpu;
  memory_bytes -= other.memory_bytes;
  ephemeral_bytes -= other.ephemeral_bytes;
  merge(extended, other.extended, [](std::int64_t a, std::int64_t b) { return a - b; });
  return *this;
}

void Resources::raise_to(const Resources& other) {
  milli_cpu = std::max(milli_cpu, other.milli_cpu);
  memory_bytes = std::max(memory_bytes, other.memory_bytes);
  ephemeral_bytes = std::max(ephemeral_bytes, other.ephemeral_bytes);
  merge(extended, other.extended, [](std::int64_t a, std::int64_t b) { return std::max(a, b); });
}

std::int64_t Resources::amount(std::string_view name) const {
  if (name == "cpu") return milli_cpu;
  if (name == "memory") return memory_bytes;
  if (name == "ephemeral-storage") return ephemeral_bytes;
  return extended_amount(name);
}

std::int64_t Resources::extended_amount(std::string_view name) const {
  auto found = std::ranges::lower_bound(extended, name, {}, [](const auto& entry) { return std::string_view(entry.first); });
  return found != extended.end() && found->first == name ? found->second : 0;
}

Resources resources_of(const ResourceList& list) {
  Resources out;
  for (const auto& [name, quantity] : list) {
    if (name == "cpu")
      out.milli_cpu = quantity.milli_value();
    else if (name == "memory")
      out.memory_bytes = quantity.value();
    else if (name == "ephemeral-storage")
      out.ephemeral_bytes = quantity.value();
    else if (name != "pods" && !quantity.is_zero())
      out.extended.emplace_back(name, quantity.value());
  }
  return out;
}

Resources pod_requests(const core::v1::Pod& pod) { return total_requests(pod, Missing::IsZero); }

Resources pod_requests_for_scoring(const core::v1::Pod& pod) { return total_requests(pod, Missing::HasDefault); }

}  // namespace charon::scheduler

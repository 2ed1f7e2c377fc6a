#include "model/pod_resources.h"

namespace charon::model {
namespace {

using namespace core::v1;

void add(ResourceList& list, const ResourceList& more) {
  for (const auto& [name, amount] : more) {
    auto [place, is_new] = list.try_emplace(name, amount);
    if (!is_new) place->second += amount;
  }
}

void raise(ResourceList& list, const ResourceList& least) {
  for (const auto& [name, amount] : least) {
    auto [place, is_new] = list.try_emplace(name, amount);
    if (!is_new && place->second < amount) place->second = amount;
  }
}

template <class Resources>
ResourceList sum(const PodSpec& pod, Resources resources) {
  ResourceList total;
  for (const Container& container : pod.containers) add(total, resources(container));
  ResourceList sidecars;
  ResourceList most;  // of what is needed at once before the containers run
  for (const Container& container : pod.initContainers) {
    ResourceList needed = resources(container);
    if (container.restartPolicy.value_or("") == "Always") {
      add(total, needed);
      add(sidecars, needed);
      raise(most, sidecars);
    } else {
      add(needed, sidecars);
      raise(most, needed);
    }
  }
  raise(total, most);
  return total;
}

bool may_be_the_pods(std::string_view resource) {
  return resource == "cpu" || resource == "memory" || resource.starts_with("hugepages-");
}

void take_own(ResourceList& total, const ResourceList& own) {
  for (const auto& [name, amount] : own)
    if (may_be_the_pods(name)) total[name] = amount;
}

}  // namespace

ResourceList sum_of_requests(const PodSpec& pod) {
  return sum(pod, [](const Container& container) { return container.resources.requests; });
}

ResourceList sum_of_limits(const PodSpec& pod) {
  return sum(pod, [](const Container& container) { return container.resources.limits; });
}

ResourceList pod_requests(const PodSpec& pod) {
  ResourceList total = sum_of_requests(pod);
  if (pod.resources) take_own(total, pod.resources->requests);
  add(total, pod.overhead);
  return total;
}

ResourceList pod_limits(const PodSpec& pod) {
  ResourceList total = sum_of_limits(pod);
  if (pod.resources) take_own(total, pod.resources->limits);
  // Overhead counts where there is a limit; without one it would make one.
  for (const auto& [name, amount] : pod.overhead)
    if (auto place = total.find(name); place != total.end() && !place->second.is_zero()) place->second += amount;
  return total;
}

}  // namespace charon::model

#include "controllers/job/pod_template.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "control/controller.h"
#include "control/ownership.h"
#include "controllers/job/failure_policy.h"
#include "controllers/job/job_pods.h"

namespace charon::controllers::job {
namespace {

using batch::v1::Job;
using core::v1::Pod;

constexpr std::string_view kIndexVariable = "JOB_COMPLETION_INDEX";
constexpr std::size_t kNameLimit = 63;
constexpr std::size_t kSuffixSize = 5;

void add_index_variable(std::vector<core::v1::Container>& containers) {
  for (core::v1::Container& container : containers) {
    if (std::ranges::find(container.env, kIndexVariable, &core::v1::EnvVar::name) != container.env.end()) continue;
    core::v1::EnvVar& variable = container.env.emplace_back();
    variable.name = kIndexVariable;
    variable.valueFrom.emplace().fieldRef.emplace().fieldPath = "metadata.labels['" + std::string(kIndexAnnotation) + "']";
  }
}

void add_failure_counts(const Job& job, const Pod* replaced, Pod& pod) {
  int counted = 0;
  int ignored = 0;
  if (replaced != nullptr) {
    counted = counted_failures_before(*replaced);
    ignored = failures_before(*replaced) - counted;
    ++(judge_failure(job, *replaced).counts() ? counted : ignored);
  }
  pod.metadata.annotations[std::string(kFailureCountAnnotation)] = std::to_string(counted);
  if (ignored > 0) pod.metadata.annotations[std::string(kIgnoredFailureCountAnnotation)] = std::to_string(ignored);
}

std::string name_prefix(const Job& job, std::optional<int> index) {
  const std::string tail = index ? "-" + std::to_string(*index) + "-" : "-";
  return job.metadata.name.substr(0, kNameLimit - kSuffixSize - tail.size()) + tail;
}

}  // namespace

Pod make_pod(const Job& job, std::optional<int> index, const Pod* replaced) {
  Pod pod;
  pod.metadata.generateName = name_prefix(job, index);
  pod.metadata.namespace_ = job.metadata.namespace_;
  pod.metadata.labels = job.spec.template_.metadata.labels;
  pod.metadata.annotations = job.spec.template_.metadata.annotations;
  pod.metadata.finalizers = job.spec.template_.metadata.finalizers;
  if (!is_tracked(pod)) pod.metadata.finalizers.emplace_back(kTrackingFinalizer);
  pod.metadata.ownerReferences.push_back(control::controller_reference(job));
  pod.spec = job.spec.template_.spec;
  if (!index) return pod;
  pod.metadata.labels[std::string(kIndexAnnotation)] = std::to_string(*index);
  pod.metadata.annotations[std::string(kIndexAnnotation)] = std::to_string(*index);
  pod.spec.hostname = job.metadata.name + "-" + std::to_string(*index);
  add_index_variable(pod.spec.initContainers);
  add_index_variable(pod.spec.containers);
  if (job.spec.backoffLimitPerIndex) add_failure_counts(job, replaced, pod);
  return pod;
}

std::string free_name(const Job& job, std::optional<int> index, std::set<std::string>& taken) {
  const std::string seed = job.metadata.uid + "/" + job.metadata.resourceVersion;
  for (std::uint64_t attempt = 0;; ++attempt) {
    std::string name = name_prefix(job, index) + control::stable_suffix(seed, attempt);
    if (taken.insert(name).second) return name;
  }
}

}  // namespace charon::controllers::job

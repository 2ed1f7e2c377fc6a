#include "server/admission/priority/priority.h"

#include <boost/json.hpp>

#include "api/scheduling/v1/types.h"
#include "codec/tree.h"
#include "model/kind.h"

namespace charon::server {
namespace {

using codec::Object;
using codec::Value;
using scheduling::v1::PriorityClass;

constexpr std::string_view kPreempt = "PreemptLowerPriority";

class PriorityAdmission final : public AdmissionPlugin {
 public:
  explicit PriorityAdmission(Caches& caches)
      : classes_(caches.of(*model::find_kind({"scheduling.k8s.io", "v1"}, "PriorityClass"))) {}
  std::string_view name() const override { return "Priority"; }

  rt::Task<Result<void>> admit(AdmissionReview review) override {
    const Request& request = *review.request;
    if (request.kind->kind != "Pod" || !request.subresource.empty()) co_return Result<void>();
    if (review.operation == Operation::Create) co_return resolve(request, *review.object);
    if (review.operation == Operation::Update) keep(*review.before, *review.object);
    co_return Result<void>();
  }

  rt::Task<Result<void>> validate(AdmissionReview review) override {
    const Request& request = *review.request;
    if (review.operation == Operation::Delete) co_return may_go(request);
    bool writes = review.operation == Operation::Create || review.operation == Operation::Update;
    if (!writes || request.kind != &classes_.kind()) co_return Result<void>();
    if (!codec::bool_at(*review.object, "globalDefault").value_or(false)) co_return Result<void>();
    auto present = default_class();
    if (present && present->metadata.name != request.name)
      co_return fail(admission_forbidden(
          request, "PriorityClass " + present->metadata.name + " is already marked as default. Only one default can exist"));
    co_return Result<void>();
  }

 private:
  std::shared_ptr<const PriorityClass> default_class() const {
    std::shared_ptr<const PriorityClass> found;
    classes_.each({}, nullptr, [&found](const DocumentPtr& document) {
      auto candidate = document->as<PriorityClass>();
      // Of several, which only an older mistake could have left, the lowest counts.
      if (candidate->globalDefault && (!found || candidate->value < found->value)) found = candidate;
      return true;
    });
    return found;
  }

  // Pods of every distribution refer to those of the system.
  Result<void> may_go(const Request& request) const {
    if (request.kind != &classes_.kind() || !request.name.starts_with("system-")) return {};
    return fail(admission_forbidden(request, "this is a system priority class and cannot be deleted"));
  }

  Result<void> resolve(const Request& request, Value& pod) const {
    Object& spec = codec::ensure_object(pod, {"spec"});
    std::string name(codec::string_at_path(pod, {"spec", "priorityClassName"}));
    std::shared_ptr<const PriorityClass> chosen;
    if (name.empty()) {
      chosen = default_class();
      if (chosen) spec["priorityClassName"] = chosen->metadata.name;
    } else {
      DocumentPtr document = classes_.get({"", name});
      if (!document) return fail(admission_forbidden(request, "no PriorityClass with name " + name + " was found"));
      chosen = document->as<PriorityClass>();
    }
    std::int64_t priority = chosen ? chosen->value : 0;
    std::string policy(chosen ? chosen->preemptionPolicy.value_or(std::string(kPreempt)) : std::string(kPreempt));
    const Value& tree = pod.at("spec");
    auto given = codec::int_at(tree, "priority");
    if (given && *given != priority)
      return fail(
          admission_forbidden(request, "the integer value of priority (" + std::to_string(*given) +
                                           ") must not be provided in pod spec; priority admission controller computed " +
                                           std::to_string(priority) + " from the given PriorityClass name"));
    std::string_view given_policy = codec::string_at(tree, "preemptionPolicy");
    if (!given_policy.empty() && given_policy != policy)
      return fail(
          admission_forbidden(request, "the string value of PreemptionPolicy (" + std::string(given_policy) +
                                           ") must not be provided in pod spec; priority admission controller computed " +
                                           policy + " from the given PriorityClass name"));
    spec["priority"] = priority;
    spec["preemptionPolicy"] = policy;
    return {};
  }

  // An update that leaves them out does not take them away.
  static void keep(const model::Document& before, Value& pod) {
    Value old = before.tree();
    Object& spec = codec::ensure_object(pod, {"spec"});
    for (std::string_view member : {"priority", "preemptionPolicy"})
      if (const Value* value = codec::find_path(old, {"spec", member}); value != nullptr && !spec.contains(member))
        spec[member] = *value;
  }

  Cache& classes_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_priority_admission(Caches& caches) { return std::make_unique<PriorityAdmission>(caches); }

}  // namespace charon::server

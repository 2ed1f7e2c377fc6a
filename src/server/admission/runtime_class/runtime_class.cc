#include "server/admission/runtime_class/runtime_class.h"

#include <boost/json.hpp>

#include "codec/tree.h"
#include "server/api.h"

namespace charon::server {
namespace {

using codec::Value;

std::string_view text_of(const Value& value) {
  return value.is_string() ? codec::view(value.get_string()) : std::string_view();
}

bool is_filled(const Value* object) { return object != nullptr && object->is_object() && !object->get_object().empty(); }

class RuntimeClassAdmission final : public AdmissionPlugin {
 public:
  explicit RuntimeClassAdmission(Caches& caches)
      : classes_(caches.of(*model::find_kind({"node.k8s.io", "v1"}, "RuntimeClass"))),
        pod_(model::find_kind({"", "v1"}, "Pod")) {}
  std::string_view name() const override { return "RuntimeClass"; }

  rt::Task<Result<void>> admit(AdmissionReview review) override {
    if (!concerns(review)) co_return Result<void>();
    CO_TRY_ASSIGN(Value runtime, class_of(review));
    if (runtime.is_null()) co_return Result<void>();
    CO_TRY(set_overhead(review, runtime));
    CO_TRY(set_scheduling(review, runtime));
    co_return Result<void>();
  }

  rt::Task<Result<void>> validate(AdmissionReview review) override {
    if (!concerns(review)) co_return Result<void>();
    CO_TRY_ASSIGN(Value runtime, class_of(review));
    const Value* fixed = codec::find_path(runtime, {"overhead", "podFixed"});
    const Value* given = codec::find_path(*review.object, {"spec", "overhead"});
    if (codec::find(runtime, "overhead") != nullptr) {
      bool same = is_filled(fixed) ? is_filled(given) && codec::equal(*fixed, *given) : !is_filled(given);
      if (!same)
        co_return fail(
            admission_forbidden(*review.request, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"));
    } else if (is_filled(given)) {
      co_return fail(admission_forbidden(*review.request,
                                         "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"));
    }
    co_return Result<void>();
  }

 private:
  bool concerns(const AdmissionReview& review) const {
    return review.operation == Operation::Create && review.request->kind == pod_ && review.request->subresource.empty();
  }

  // Null for a pod without one.
  Result<Value> class_of(const AdmissionReview& review) const {
    std::string name(codec::string_at_path(*review.object, {"spec", "runtimeClassName"}));
    if (name.empty()) return Value(nullptr);
    DocumentPtr found = classes_.get({"", name});
    if (!found) return fail(admission_forbidden(*review.request, "pod rejected: RuntimeClass \"" + name + "\" not found"));
    return found->tree();
  }

  static Result<void> set_overhead(const AdmissionReview& review, const Value& runtime) {
    const Value* fixed = codec::find_path(runtime, {"overhead", "podFixed"});
    if (!is_filled(fixed)) return {};
    Value& overhead = codec::ensure_object(*review.object, {"spec"})["overhead"];
    if (is_filled(&overhead) && !codec::equal(overhead, *fixed))
      return fail(
          admission_forbidden(*review.request, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"));
    overhead = *fixed;
    return {};
  }

  static Result<void> set_scheduling(const AdmissionReview& review, const Value& runtime) {
    if (const Value* selector = codec::find_path(runtime, {"scheduling", "nodeSelector"}); is_filled(selector)) {
      codec::Object& own = codec::ensure_object(*review.object, {"spec", "nodeSelector"});
      for (const auto& [key, value] : selector->get_object()) {
        const Value* present = own.if_contains(key);
        if (present != nullptr && text_of(*present) != text_of(value)) {
          std::string name(key);
          return fail(admission_forbidden(
              *review.request, "conflict: runtimeClass.scheduling.nodeSelector[" + name + "] = " + std::string(text_of(value)) +
                                   "; pod.spec.nodeSelector[" + name + "] = " + std::string(text_of(*present))));
        }
        own[key] = value;
      }
    }
    const Value* tolerations = codec::find_path(runtime, {"scheduling", "tolerations"});
    if (tolerations == nullptr || !tolerations->is_array()) return {};
    Value& own = codec::ensure_object(*review.object, {"spec"})["tolerations"];
    if (!own.is_array()) own.emplace_array();
    for (const Value& toleration : tolerations->get_array()) {
      bool present = false;
      for (const Value& candidate : own.get_array()) present = present || codec::equal(candidate, toleration);
      if (!present) own.get_array().push_back(toleration);
    }
    return {};
  }

  const Cache& classes_;
  const model::Kind* pod_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_runtime_class(Caches& caches) { return std::make_unique<RuntimeClassAdmission>(caches); }

}  // namespace charon::server

#include "server/admission/taint_nodes_by_condition/taint_nodes_by_condition.h"

#include <boost/json.hpp>

#include "codec/tree.h"

namespace charon::server {
namespace {

using codec::Object;
using codec::Value;

constexpr std::string_view kNotReady = "node.kubernetes.io/not-ready";

class TaintNodesByCondition final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "TaintNodesByCondition"; }

  rt::Task<Result<void>> admit(AdmissionReview review) override {
    const Request& request = *review.request;
    if (review.operation != Operation::Create || request.kind->kind != "Node" || !request.subresource.empty())
      co_return Result<void>();
    Value& taints = codec::ensure_object(*review.object, {"spec"})["taints"];
    if (!taints.is_array()) taints.emplace_array();
    for (const Value& taint : taints.get_array())
      if (codec::string_at(taint, "key") == kNotReady && codec::string_at(taint, "effect") == "NoSchedule")
        co_return Result<void>();
    taints.get_array().push_back(Object{{"key", kNotReady}, {"effect", "NoSchedule"}});
    co_return Result<void>();
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_taint_nodes_by_condition() { return std::make_unique<TaintNodesByCondition>(); }

}  // namespace charon::server

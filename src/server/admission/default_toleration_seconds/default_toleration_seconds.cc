#include "server/admission/default_toleration_seconds/default_toleration_seconds.h"

#include <boost/json.hpp>

#include "codec/tree.h"

namespace charon::server {
namespace {

using codec::Object;
using codec::Value;

constexpr int kSeconds = 300;

bool tolerates(const codec::Array& tolerations, std::string_view taint) {
  for (const Value& toleration : tolerations) {
    std::string_view key = codec::string_at(toleration, "key");
    std::string_view effect = codec::string_at(toleration, "effect");
    if ((key.empty() || key == taint) && (effect.empty() || effect == "NoExecute")) return true;
  }
  return false;
}

class DefaultTolerationSeconds final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "DefaultTolerationSeconds"; }

  rt::Task<Result<void>> admit(AdmissionReview review) override {
    const Request& request = *review.request;
    bool writes = review.operation == Operation::Create || review.operation == Operation::Update;
    if (!writes || request.kind->kind != "Pod" || !request.subresource.empty()) co_return Result<void>();
    Value& member = codec::ensure_object(*review.object, {"spec"})["tolerations"];
    if (!member.is_array()) member.emplace_array();
    codec::Array& tolerations = member.get_array();
    for (std::string_view taint : {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"})
      if (!tolerates(tolerations, taint))
        tolerations.push_back(
            Object{{"key", taint}, {"operator", "Exists"}, {"effect", "NoExecute"}, {"tolerationSeconds", kSeconds}});
    co_return Result<void>();
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_default_toleration_seconds() { return std::make_unique<DefaultTolerationSeconds>(); }

}  // namespace charon::server

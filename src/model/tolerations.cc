#include "model/tolerations.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace charon::model {

namespace {

std::optional<std::int64_t> integer(const std::string& text) {
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

bool tolerates(const core::v1::Toleration& toleration, const core::v1::Taint& taint) {
  if (!toleration.effect.empty() && toleration.effect != taint.effect) return false;
  if (!toleration.key.empty() && toleration.key != taint.key) return false;
  if (toleration.operator_ == "Exists") return true;
  if (toleration.operator_.empty() || toleration.operator_ == "Equal") return toleration.value == taint.value;
  if (toleration.operator_ == "Gt" || toleration.operator_ == "Lt") {
    auto limit = integer(toleration.value);
    auto value = integer(taint.value);
    return limit && value && (toleration.operator_ == "Gt" ? *value > *limit : *value < *limit);
  }
  return false;
}

bool tolerates(const std::vector<core::v1::Toleration>& tolerations, const core::v1::Taint& taint) {
  return std::ranges::any_of(tolerations, [&](const auto& toleration) { return tolerates(toleration, taint); });
}

const core::v1::Taint* untolerated_taint(const core::v1::Node& node, const std::vector<core::v1::Toleration>& tolerations) {
  for (const auto& taint : node.spec.taints) {
    bool repels = taint.effect == "NoSchedule" || taint.effect == "NoExecute";
    if (repels && !tolerates(tolerations, taint)) return &taint;
  }
  return nullptr;
}

}  // namespace charon::model

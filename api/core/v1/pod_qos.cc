#include "api/core/v1/pod_qos.h"

#include <map>
#include <optional>

#include "api/meta/v1/cells.h"
#include "base/quantity.h"
#include "codec/tree.h"

namespace charon::core::v1 {

using codec::find_path;
using codec::Value;

namespace {

constexpr std::string_view kResources[] = {"cpu", "memory"};

std::optional<Quantity> amount(const Value& owner, std::string_view side, std::string_view resource) {
  std::string_view text = codec::string_at_path(owner, {"resources", side, resource});
  if (text.empty()) return std::nullopt;
  Result<Quantity> parsed = Quantity::parse(text);
  return parsed && parsed->sign() > 0 ? std::optional(*parsed) : std::nullopt;
}

struct Demands {
  bool any = false;        // some request or limit
  bool guaranteed = true;  // cpu and memory limited everywhere, and requested to the limit

  void add(const Value& owner) {
    for (std::string_view resource : kResources) {
      std::optional<Quantity> request = amount(owner, "requests", resource);
      std::optional<Quantity> limit = amount(owner, "limits", resource);
      any = any || request || limit;
      guaranteed = guaranteed && request && limit && *request == *limit;
    }
  }
};

}  // namespace

std::string_view qos_class(const Value& pod) {
  static const Value kNone;
  const Value* found = codec::find(pod, "spec");
  const Value& spec = found == nullptr ? kNone : *found;
  Demands demands;
  if (find_path(spec, {"resources", "requests"}) != nullptr || find_path(spec, {"resources", "limits"}) != nullptr) {
    demands.add(spec);
  } else {
    for (std::string_view list : {"containers", "initContainers"})
      for (const Value& container : meta::v1::items_at(spec, list)) demands.add(container);
  }
  if (!demands.any) return "BestEffort";
  return demands.guaranteed ? "Guaranteed" : "Burstable";
}

}  // namespace charon::core::v1

#include "server/condition.h"

#include "codec/tree.h"

namespace charon::server {

void set_condition(codec::Value& object, const Condition& condition, Time now) {
  codec::Object& status = codec::ensure_object(object, {"status"});
  if (!status["conditions"].is_array()) status["conditions"].emplace_array();
  codec::Object made{{"type", condition.type},
                     {"status", condition.status},
                     {"lastTransitionTime", format_rfc3339(now)},
                     {"reason", condition.reason},
                     {"message", condition.message}};
  for (codec::Value& there : status["conditions"].get_array()) {
    if (codec::string_at(there, "type") != condition.type) continue;
    if (codec::string_at(there, "status") == condition.status)
      made["lastTransitionTime"] = codec::string_at(there, "lastTransitionTime");
    there = std::move(made);
    return;
  }
  status["conditions"].get_array().push_back(std::move(made));
}

bool is_condition_true(const codec::Value& object, std::string_view type) {
  const codec::Value* conditions = codec::find_path(object, {"status", "conditions"});
  if (conditions == nullptr || !conditions->is_array()) return false;
  for (const codec::Value& condition : conditions->get_array())
    if (codec::string_at(condition, "type") == type) return codec::string_at(condition, "status") == "True";
  return false;
}

}  // namespace charon::server

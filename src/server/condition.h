// Conditions in the status of objects that the server itself looks after (api-conventions, "Typical status properties").
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "codec/value.h"

namespace charon::server {

struct Condition {
  std::string_view type;
  std::string_view status;  // True, False, Unknown
  std::string reason;
  std::string message;
};

// Puts the condition into `status.conditions`, in the place of the one of its type. Its time changes with its status only.
void set_condition(codec::Value& object, const Condition& condition, Time now);
bool is_condition_true(const codec::Value& object, std::string_view type);

}  // namespace charon::server

// The row of an event in `kubectl get events`, for both versions of it (core/v1 and events.k8s.io/v1), which name their
// members differently.
#pragma once

#include <string_view>

#include "base/time.h"
#include "codec/value.h"

namespace charon::core::v1 {

struct EventMembers {
  std::string_view target;  // "involvedObject"
  std::string_view source;
  std::string_view controller;  // who reports
  std::string_view message;
  std::string_view first;
  std::string_view last;
  std::string_view count;
};

// Last Seen, Object, Subobject, Source, Message, First Seen, Count, Name.
void event_cells(const EventMembers& members, const codec::Value& event, Time now, codec::Array& cells);

}  // namespace charon::core::v1

// What this version does with a kind: a stub that pretends would be a defect, so what is not done says so.
#pragma once

#include "model/kind.h"

namespace charon::server {

enum class Support : unsigned char {
  Full,    // served, and acted on where Kubernetes acts on it
  Stored,  // served, but no controller acts on it yet: creating one gives a warning
  Refused  // storing it would promise what is not kept (admission, new APIs): creating one is NotImplemented
};

Support support_of(const model::Kind& kind);

}  // namespace charon::server

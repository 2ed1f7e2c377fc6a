#include "server/support.h"

#include <algorithm>
#include <array>

namespace charon::server {
namespace {

constexpr std::array<std::string_view, 2> kRefused = {
    "ValidatingAdmissionPolicy",
    "MutatingAdmissionPolicy",
};

constexpr std::array<std::string_view, 2> kStored = {"NetworkPolicy", "Ingress"};

}  // namespace

Support support_of(const model::Kind& kind) {
  if (kind.custom) return Support::Full;
  if (std::ranges::find(kRefused, kind.kind) != kRefused.end()) return Support::Refused;
  if (std::ranges::find(kStored, kind.kind) != kStored.end()) return Support::Stored;
  return Support::Full;
}

}  // namespace charon::server

#include "controllers/tokencleaner/plan.h"

#include <chrono>

namespace charon::controllers::tokencleaner {

control::Plan plan_token(const core::v1::Secret& secret, Time now) {
  control::Plan plan;
  auto expiration = secret.data.find("expiration");
  bool ends = secret.type == "bootstrap.kubernetes.io/token" && secret.metadata.namespace_ == "kube-system" &&
              expiration != secret.data.end() && !expiration->second.empty();
  if (!ends) return plan;
  auto until = parse_rfc3339(expiration->second);
  if (until && *until > now) {
    plan.requeue(std::chrono::seconds(until->seconds - now.seconds + 1));
  } else {
    // An expiration that nobody can read counts as past, as it does for the authenticator.
    plan.remove(secret);
  }
  return plan;
}

}  // namespace charon::controllers::tokencleaner

#include "controllers/bootstrapsigner/plan.h"

#include <chrono>
#include <map>

#include "base/bytes.h"
#include "jose/jws.h"

namespace charon::controllers::bootstrapsigner {
namespace {

using core::v1::ConfigMap;
using core::v1::Secret;

constexpr std::string_view kSignaturePrefix = "jws-kubeconfig-";
constexpr const char* kContentKey = "kubeconfig";

std::string kubeconfig_of(const ClusterAddress& address) {
  return "apiVersion: v1\n"
         "clusters:\n"
         "- cluster:\n"
         "    certificate-authority-data: " +
         base64_encode(address.ca_pem) +
         "\n"
         "    server: " +
         address.server_url +
         "\n"
         "  name: \"\"\n"
         "contexts: null\n"
         "current-context: \"\"\n"
         "kind: Config\n"
         "preferences: {}\n"
         "users: null\n";
}

std::string_view value_of(const Secret& secret, std::string_view key) {
  auto found = secret.data.find(key);
  return found == secret.data.end() ? std::string_view() : std::string_view(found->second);
}

struct Token {
  std::string id;
  std::string secret;
};

// The tokens that may sign; `next` is the first time at which one of them no longer may.
std::vector<Token> tokens_of(const State& state, Time now, std::optional<Time>& next) {
  std::vector<Token> tokens;
  for (const auto& secret : state.token_secrets) {
    std::string id(value_of(*secret, "token-id"));
    bool good = secret->type == "bootstrap.kubernetes.io/token" && !secret->metadata.deletionTimestamp && !id.empty() &&
                secret->metadata.name == "bootstrap-token-" + id && !value_of(*secret, "token-secret").empty() &&
                value_of(*secret, "usage-bootstrap-signing") == "true";
    if (!good) continue;
    if (std::string_view text = value_of(*secret, "expiration"); !text.empty()) {
      auto until = parse_rfc3339(text);
      if (!until || *until <= now) continue;
      if (!next || *until < *next) next = *until;
    }
    tokens.push_back({std::move(id), std::string(value_of(*secret, "token-secret"))});
  }
  return tokens;
}

}  // namespace

control::Plan plan_cluster_info(const State& state, const ClusterAddress& address, Time now) {
  control::Plan plan;
  ConfigMap wanted;
  if (state.cluster_info) wanted = *state.cluster_info;
  wanted.metadata.name = "cluster-info";
  wanted.metadata.namespace_ = "kube-public";
  std::string& content = wanted.data[kContentKey];
  if (content.empty()) {
    if (address.server_url.empty()) return plan;
    content = kubeconfig_of(address);
  }
  std::erase_if(wanted.data, [](const auto& entry) { return entry.first.starts_with(kSignaturePrefix); });
  std::optional<Time> next;
  for (const Token& token : tokens_of(state, now, next))
    wanted.data[std::string(kSignaturePrefix) + token.id] = jose::sign_detached(content, {token.id, token.secret});
  if (next) plan.requeue(std::chrono::seconds(next->seconds - now.seconds + 1));
  if (!state.cluster_info) {
    plan.create(wanted).exists_is_fine = true;
  } else if (wanted.data != state.cluster_info->data) {
    plan.update(wanted).missing_is_fine = true;
  }
  return plan;
}

}  // namespace charon::controllers::bootstrapsigner

#include "controllers/accounts.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <utility>

#include "model/kind.h"

namespace charon::controllers {
namespace {

// The first line of a controller and resource counts.
struct Account {
  std::string_view controller;
  std::string_view resource;  // empty: all
  std::string_view name;      // of the service account in kube-system; empty: the controller manager itself
};

// The bootstrap signer is not among them: it makes cluster-info, which elsewhere kubeadm does.
constexpr Account kAccounts[] = {
    {"clusterrole-aggregation-controller", "", "clusterrole-aggregation-controller"},
    {"controllermanager", "", "disruption-controller"},
    {"cronjob-controller", "", "cronjob-controller"},
    {"csrapproving", "", "certificate-controller"},
    {"csrcleaner", "", "certificate-controller"},
    {"csrsigning", "", "certificate-controller"},
    {"daemonset-controller", "", "daemon-set-controller"},
    {"deployment-controller", "", "deployment-controller"},
    {"endpoint-slice-controller", "endpoints", "endpoint-controller"},
    {"endpoint-slice-controller", "", "endpointslice-controller"},
    {"ephemeral_volume", "", "ephemeral-volume-controller"},
    {"garbage-collector-controller", "", "generic-garbage-collector"},
    {"horizontal-pod-autoscaler", "", "horizontal-pod-autoscaler"},
    {"job-controller", "", "job-controller"},
    {"namespace-controller", "", "namespace-controller"},
    {"node-controller", "", "node-controller"},
    {"node-ipam-controller", "", "node-controller"},
    {"persistentvolume-controller", "", "persistent-volume-binder"},
    {"pod-garbage-collector-controller", "", "pod-garbage-collector"},
    {"pv-protection-controller", "", "pv-protection-controller"},
    {"pvc-protection-controller", "", "pvc-protection-controller"},
    {"replicaset-controller", "", "replicaset-controller"},
    {"replication-controller", "", "replication-controller"},
    {"resourcequota-controller", "", "resourcequota-controller"},
    {"serviceaccount-controller", "configmaps", "root-ca-cert-publisher"},
    {"serviceaccount-controller", "", "service-account-controller"},
    {"serviceaccount-token-controller", "", ""},
    {"statefulset-controller", "", "statefulset-controller"},
    {"taint-eviction-controller", "", "node-controller"},
    {"token-cleaner", "", "token-cleaner"},
    {"ttl-after-finished-controller", "", "ttl-after-finished-controller"},
};

std::string user_of(const Account& account) {
  if (account.name.empty()) return "system:kube-controller-manager";
  return "system:serviceaccount:kube-system:" + std::string(account.name);
}

class AccountTransport final : public client::Transport {
 public:
  AccountTransport(std::string controller, client::Transport& otherwise, Connect connect)
      : controller_(std::move(controller)), otherwise_(otherwise), connect_(std::move(connect)) {}

  rt::Task<Result<model::DocumentPtr>> get(client::ResourceRef ref, model::ObjectKey key) override {
    return of(ref).get(ref, std::move(key));
  }
  rt::Task<Result<client::ListResult>> list(client::ResourceRef ref, client::ListOptions options) override {
    return of(ref).list(ref, std::move(options));
  }
  rt::Task<Result<std::unique_ptr<client::WatchStream>>> watch(client::ResourceRef ref, client::ListOptions options,
                                                               model::Revision after) override {
    return of(ref).watch(ref, std::move(options), after);
  }
  rt::Task<Result<model::DocumentPtr>> create(client::ResourceRef ref, std::string ns, codec::Value object) override {
    return of(ref).create(ref, std::move(ns), std::move(object));
  }
  rt::Task<Result<model::DocumentPtr>> update(client::ResourceRef ref, model::ObjectKey key, codec::Value object) override {
    return of(ref).update(ref, std::move(key), std::move(object));
  }
  rt::Task<Result<model::DocumentPtr>> patch(client::ResourceRef ref, model::ObjectKey key, client::PatchType type,
                                             codec::Value patch) override {
    return of(ref).patch(ref, std::move(key), type, std::move(patch));
  }
  rt::Task<Result<model::DocumentPtr>> remove(client::ResourceRef ref, model::ObjectKey key,
                                              client::DeleteOptions options) override {
    return of(ref).remove(ref, std::move(key), std::move(options));
  }

 private:
  client::Transport& of(const client::ResourceRef& ref) {
    const std::string user = controllers::user_of(controller_, ref.kind->plural);
    if (user.empty()) return otherwise_;
    std::unique_ptr<client::Transport>& line = lines_[user];
    if (line == nullptr) line = connect_(user);
    return *line;
  }

  std::string controller_;
  client::Transport& otherwise_;
  Connect connect_;
  std::map<std::string, std::unique_ptr<client::Transport>> lines_;  // by user
};

}  // namespace

std::string user_of(std::string_view controller, std::string_view resource) {
  auto found = std::ranges::find_if(kAccounts, [&](const Account& account) {
    return account.controller == controller && (account.resource.empty() || account.resource == resource);
  });
  return found == std::end(kAccounts) ? std::string() : user_of(*found);
}

std::vector<std::string> users_of(std::string_view controller) {
  std::vector<std::string> users;
  for (const Account& account : kAccounts)
    if (account.controller == controller) users.push_back(user_of(account));
  return users;
}

std::unique_ptr<client::Transport> make_account_transport(std::string controller, client::Transport& otherwise,
                                                          Connect connect) {
  return std::make_unique<AccountTransport>(std::move(controller), otherwise, std::move(connect));
}

}  // namespace charon::controllers

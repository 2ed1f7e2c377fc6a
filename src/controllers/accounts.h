// As whom controllers write: each as Kubernetes' controller of the same work, whose rights the default roles name
// (system:controller:*). One of ours that does the work of two is two users.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/transport.h"

namespace charon::controllers {

// "system:serviceaccount:kube-system:replicaset-controller"; empty: the controller has no user of its own.
std::string user_of(std::string_view controller, std::string_view resource);
// All that it writes as.
std::vector<std::string> users_of(std::string_view controller);

using Connect = std::function<std::unique_ptr<client::Transport>(const std::string& user)>;

// Writes objects of each kind as the controller's user for it; `otherwise`, which must outlive it, is for those that have none.
// `connect` is called once for each user, when it is first needed.
std::unique_ptr<client::Transport> make_account_transport(std::string controller, client::Transport& otherwise,
                                                          Connect connect);

}  // namespace charon::controllers

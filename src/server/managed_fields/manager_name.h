// The names of field managers (metadata.managedFields[].manager): what a client may call itself, and what it is called when it
// does not say.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "schema/validate.h"

namespace charon::server {

inline constexpr std::size_t kManagerNameBytes = 128;

// Of a request that names no manager: the program in its User-Agent, "kubectl" of "kubectl/v1.36.0 (linux/amd64)"; without what
// cannot be printed, and cut to kManagerNameBytes.
std::string manager_of_user_agent(std::string_view user_agent);
// Of a component in this process, by its user: "system:kube-scheduler" is "kube-scheduler", a node is "kubelet", the service
// accounts of kube-system are "kube-controller-manager".
std::string manager_of_user(std::string_view user);

// Too long, or with characters that cannot be printed. `field` is named in the errors.
void validate_manager_name(std::string_view name, std::string_view field, schema::FieldErrors& errors);

}  // namespace charon::server

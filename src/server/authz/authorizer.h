// Authorizer: may this user do this? Answers from memory, on the server's loop.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/rbac/v1/types.h"
#include "model/selector.h"
#include "server/request.h"

namespace charon::server {

// authorization.k8s.io attributes. For paths that are no resources only `verb` (the HTTP method in lower case) and `path`.
struct Attributes {
  const User* user = nullptr;
  std::string_view verb;
  std::string_view group;
  std::string_view version;
  std::string_view resource;
  std::string_view subresource;
  std::string_view ns;
  // Of a list, watch or deletecollection: what the field selector demands of metadata.name.
  std::string name;
  std::string_view path = {};
  bool resource_request = true;
  // Of a list, watch or deletecollection; empty where they are malformed, which is another's matter.
  std::vector<model::FieldRequirement> field_requirements = {};
  std::vector<model::LabelRequirement> label_requirements = {};
};

struct Decision {
  bool allowed = false;
  std::string reason;  // which rule allowed it, or why not
};

// What a user may do in a namespace. `incomplete` when there is more that cannot be listed; `error` says why.
struct UserRules {
  std::vector<rbac::v1::PolicyRule> rules;
  bool incomplete = false;
  std::string error;
};

class Authorizer {
 public:
  virtual ~Authorizer() = default;
  virtual Decision authorize(const Attributes& attributes) const = 0;
  virtual UserRules rules_for(const User& user, std::string_view ns) const = 0;
};

// Allows what one of them allows; asked in their order. A refusal has the reasons of all, a line each.
std::unique_ptr<Authorizer> make_authorizer_union(std::vector<std::unique_ptr<Authorizer>> parts);

Attributes attributes_of(const Request& request);
// Forbidden in Kubernetes' words: `pods "web" is forbidden: User "jane" cannot delete resource "pods" in API group "" in the
// namespace "default"`.
Error forbidden(const Attributes& attributes, const Decision& decision);

}  // namespace charon::server

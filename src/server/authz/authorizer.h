// Authorizer: may this user do this? Answers from memory, on the server's loop.
#pragma once

#include <string>
#include <string_view>

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
  std::string_view name;
  std::string_view path = {};
  bool resource_request = true;
};

struct Decision {
  bool allowed = false;
  std::string reason;  // which rule allowed it, or why not
};

class Authorizer {
 public:
  virtual ~Authorizer() = default;
  virtual Decision authorize(const Attributes& attributes) const = 0;
};

Attributes attributes_of(const Request& request);
// Forbidden in Kubernetes' words: `pods "web" is forbidden: User "jane" cannot delete resource "pods" in API group "" in the
// namespace "default"`.
Error forbidden(const Attributes& attributes, const Decision& decision);

}  // namespace charon::server

// SubjectIndex: which bindings name a user or one of its groups, so that a decision looks at those alone.
//
// It follows the cache of RoleBindings or of ClusterRoleBindings, at once with each change. A service account stands under its
// user name (system:serviceaccount:<namespace>:<name>).
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "api/rbac/v1/types.h"
#include "server/cache.h"
#include "server/request.h"

namespace charon::server {

class SubjectIndex {
 public:
  // One subject of one binding.
  struct Entry {
    DocumentPtr binding;
    std::size_t subject = 0;  // its place among the binding's subjects
  };

  // Of "RoleBinding" or "ClusterRoleBinding" of rbac.authorization.k8s.io/v1. `caches` must outlive it.
  SubjectIndex(Caches& caches, std::string_view kind);
  SubjectIndex(const SubjectIndex&) = delete;

  // Those in `ns` (empty for ClusterRoleBindings) that name the user or its groups: a binding once for each subject that fits,
  // those of one subject by name. Stops when `visit` returns false; false then.
  bool each(std::string_view ns, const User& user, const std::function<bool(const Entry&)>& visit) const;

 private:
  void add(const DocumentPtr& binding);
  void remove(const DocumentPtr& binding);
  bool each_of(const std::string& key, const std::function<bool(const Entry&)>& visit) const;

  std::unordered_map<std::string, std::vector<Entry>> entries_;
  bool namespaced_;
  Cache::Observation observation_;
};

}  // namespace charon::server

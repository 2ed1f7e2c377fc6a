#include "server/authz/subject_index.h"

#include <algorithm>

#include "model/kind.h"

namespace charon::server {
namespace {

using rbac::v1::ClusterRoleBinding;
using rbac::v1::RoleBinding;
using rbac::v1::Subject;

std::string key_of(std::string_view ns, char kind, std::string_view name) {
  std::string key;
  key.reserve(ns.size() + name.size() + 2);
  key += ns;
  key += '\n';
  key += kind;
  key += name;
  return key;
}

// Empty for a subject of an unknown kind, which nobody is.
std::string key_of(const Subject& subject, std::string_view binding_ns) {
  if (subject.kind == "User") return key_of(binding_ns, 'U', subject.name);
  if (subject.kind == "Group") return key_of(binding_ns, 'G', subject.name);
  if (subject.kind != "ServiceAccount") return "";
  const std::string_view ns = subject.namespace_.empty() ? binding_ns : std::string_view(subject.namespace_);
  return key_of(binding_ns, 'U', "system:serviceaccount:" + std::string(ns) + ":" + subject.name);
}

}  // namespace

SubjectIndex::SubjectIndex(Caches& caches, std::string_view kind) : namespaced_(kind == "RoleBinding") {
  Cache& cache = caches.of(*model::find_kind({"rbac.authorization.k8s.io", "v1"}, kind));
  cache.each({}, nullptr, [this](const DocumentPtr& document) {
    add(document);
    return true;
  });
  observation_ = cache.observe([this](const Change& change) {
    if (change.before) remove(change.before);
    if (change.after) add(change.after);
  });
}

void SubjectIndex::add(const DocumentPtr& binding) {
  auto add_all = [&](const std::vector<Subject>& subjects) {
    for (std::size_t i = 0; i < subjects.size(); ++i) {
      std::string key = key_of(subjects[i], binding->key().ns);
      if (key.empty()) continue;
      std::vector<Entry>& entries = entries_[std::move(key)];
      auto place = std::ranges::upper_bound(entries, binding->key().name, {},
                                            [](const Entry& entry) -> const std::string& { return entry.binding->key().name; });
      entries.insert(place, {binding, i});
    }
  };
  namespaced_ ? add_all(binding->as<RoleBinding>()->subjects) : add_all(binding->as<ClusterRoleBinding>()->subjects);
}

void SubjectIndex::remove(const DocumentPtr& binding) {
  auto remove_all = [&](const std::vector<Subject>& subjects) {
    for (const Subject& subject : subjects) {
      auto found = entries_.find(key_of(subject, binding->key().ns));
      if (found == entries_.end()) continue;
      std::erase_if(found->second, [&](const Entry& entry) { return entry.binding->key() == binding->key(); });
      if (found->second.empty()) entries_.erase(found);
    }
  };
  namespaced_ ? remove_all(binding->as<RoleBinding>()->subjects) : remove_all(binding->as<ClusterRoleBinding>()->subjects);
}

bool SubjectIndex::each(std::string_view ns, const User& user, const std::function<bool(const Entry&)>& visit) const {
  if (!each_of(key_of(ns, 'U', user.name), visit)) return false;
  return std::ranges::all_of(user.groups, [&](const std::string& group) { return each_of(key_of(ns, 'G', group), visit); });
}

bool SubjectIndex::each_of(const std::string& key, const std::function<bool(const Entry&)>& visit) const {
  auto found = entries_.find(key);
  return found == entries_.end() || std::ranges::all_of(found->second, visit);
}

}  // namespace charon::server

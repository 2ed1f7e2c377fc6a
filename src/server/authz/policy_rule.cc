#include "server/authz/policy_rule.h"

#include <algorithm>

namespace charon::server {
namespace {

using rbac::v1::PolicyRule;
using Texts = std::vector<std::string>;

bool has(const Texts& list, std::string_view wanted) { return std::ranges::find(list, wanted) != list.end(); }

bool any_or(const Texts& list, std::string_view wanted) { return has(list, "*") || has(list, wanted); }

// `wanted`: "pods" or "pods/log"; rules name those, "*/log" or "*".
bool covers_resource(const Texts& held, std::string_view wanted) {
  if (any_or(held, wanted)) return true;
  std::size_t slash = wanted.find('/');
  if (slash == std::string_view::npos) return false;
  return std::ranges::any_of(held, [sub = wanted.substr(slash)](const std::string& resource) {
    return resource.size() == sub.size() + 1 && resource.front() == '*' && resource.ends_with(sub);
  });
}

bool covers_url(const Texts& held, std::string_view wanted) {
  return std::ranges::any_of(held, [wanted](const std::string& pattern) {
    return pattern == wanted ||
           (pattern.ends_with('*') && wanted.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1)));
  });
}

// One verb on one thing: either a URL, or a resource of a group with a name (empty: any).
struct Grant {
  std::string verb;
  std::string url;
  std::string group;
  std::string resource;
  std::string name;
};

bool covers(const PolicyRule& held, const Grant& grant) {
  if (!any_or(held.verbs, grant.verb)) return false;
  if (!grant.url.empty()) return covers_url(held.nonResourceURLs, grant.url);
  return any_or(held.apiGroups, grant.group) && covers_resource(held.resources, grant.resource) &&
         (held.resourceNames.empty() || (!grant.name.empty() && has(held.resourceNames, grant.name)));
}

std::vector<Grant> grants_of(const PolicyRule& rule) {
  std::vector<Grant> grants;
  const Texts names = rule.resourceNames.empty() ? Texts{""} : rule.resourceNames;
  for (const std::string& group : rule.apiGroups)
    for (const std::string& resource : rule.resources)
      for (const std::string& verb : rule.verbs)
        for (const std::string& name : names) grants.push_back({verb, "", group, resource, name});
  for (const std::string& url : rule.nonResourceURLs)
    for (const std::string& verb : rule.verbs) grants.push_back({verb, url, "", "", ""});
  return grants;
}

// Joins the verb to the rule about the same thing, where there is one.
void add_grant(const Grant& grant, std::vector<PolicyRule>& rules) {
  PolicyRule wanted;
  wanted.verbs = {grant.verb};
  if (!grant.url.empty()) {
    wanted.nonResourceURLs = {grant.url};
    rules.push_back(std::move(wanted));
    return;
  }
  wanted.apiGroups = {grant.group};
  wanted.resources = {grant.resource};
  if (!grant.name.empty()) wanted.resourceNames = {grant.name};
  auto same = std::ranges::find_if(rules, [&wanted](const PolicyRule& rule) {
    return rule.apiGroups == wanted.apiGroups && rule.resources == wanted.resources &&
           rule.resourceNames == wanted.resourceNames && rule.nonResourceURLs.empty();
  });
  if (same == rules.end()) {
    rules.push_back(std::move(wanted));
  } else if (!has(same->verbs, grant.verb)) {
    same->verbs.push_back(grant.verb);
  }
}

}  // namespace

bool rule_allows(const PolicyRule& rule, const Attributes& attributes) {
  if (!any_or(rule.verbs, attributes.verb)) return false;
  if (!attributes.resource_request) return covers_url(rule.nonResourceURLs, attributes.path);
  if (!any_or(rule.apiGroups, attributes.group)) return false;
  if (!rule.resourceNames.empty() && !has(rule.resourceNames, attributes.name)) return false;
  if (attributes.subresource.empty()) return any_or(rule.resources, attributes.resource);
  std::string both = std::string(attributes.resource) + "/" + std::string(attributes.subresource);
  return covers_resource(rule.resources, both);
}

bool rules_allow(const std::vector<PolicyRule>& rules, const Attributes& attributes) {
  return std::ranges::any_of(rules, [&attributes](const PolicyRule& rule) { return rule_allows(rule, attributes); });
}

std::vector<PolicyRule> missing_rules(const std::vector<PolicyRule>& held, const std::vector<PolicyRule>& wanted) {
  std::vector<PolicyRule> missing;
  for (const PolicyRule& rule : wanted)
    for (const Grant& grant : grants_of(rule))
      if (std::ranges::none_of(held, [&grant](const PolicyRule& own) { return covers(own, grant); })) add_grant(grant, missing);
  return missing;
}

std::string quoted_list(const Texts& texts) {
  std::string list = "[";
  for (const std::string& text : texts) list += (list.size() > 1 ? " \"" : "\"") + text + "\"";
  return list + "]";
}

std::string rule_text(const PolicyRule& rule) {
  std::string text;
  auto add = [&text](std::string_view name, const Texts& list) {
    if (!list.empty()) text += (text.empty() ? "" : ", ") + std::string(name) + ":" + quoted_list(list);
  };
  add("APIGroups", rule.apiGroups);
  add("Resources", rule.resources);
  add("ResourceNames", rule.resourceNames);
  add("NonResourceURLs", rule.nonResourceURLs);
  add("Verbs", rule.verbs);
  return "{" + text + "}";
}

}  // namespace charon::server

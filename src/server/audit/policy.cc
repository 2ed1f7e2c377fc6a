#include "server/audit/policy.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/names.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "codec/yaml.h"
#include "schema/convert.h"
#include "schema/validate.h"

namespace charon::server::audit {
namespace {

using ::charon::audit::v1::GroupResources;
using ::charon::audit::v1::PolicyRule;
using schema::FieldError;
using schema::FieldErrors;

constexpr std::string_view kApiVersion = "audit.k8s.io/v1";

constexpr std::array<std::string_view, 4> kLevels = {"None", "Metadata", "Request", "RequestResponse"};
constexpr std::array<std::string_view, 4> kStages = {"RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"};

constexpr std::string_view kStandard = R"(
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  userGroups: ["system:nodes"]
  resources:
  - {group: coordination.k8s.io, resources: [leases]}
  - {group: "", resources: [events, nodes/status, pods/status]}
  - {group: events.k8s.io, resources: [events]}
- level: None
  users: ["system:kube-controller-manager", "system:kube-scheduler", "system:apiserver"]
  resources:
  - {group: coordination.k8s.io, resources: [leases]}
  - {group: "", resources: [events, endpoints]}
  - {group: events.k8s.io, resources: [events]}
  - {group: discovery.k8s.io, resources: [endpointslices]}
- level: None
  userGroups: ["system:serviceaccounts:kube-system"]
  resources:
  - {group: coordination.k8s.io, resources: [leases]}
  - {group: "", resources: [events, endpoints]}
  - {group: events.k8s.io, resources: [events]}
  - {group: discovery.k8s.io, resources: [endpointslices]}
- level: Metadata
  verbs: [create, update, patch, delete, deletecollection]
- level: Metadata
  resources:
  - group: ""
    resources: [secrets, pods/log, pods/exec, pods/attach, pods/portforward, "*/proxy"]
)";

template <std::size_t N>
std::uint8_t place_of(const std::array<std::string_view, N>& names, std::string_view name) {
  return static_cast<std::uint8_t>(std::ranges::find(names, name) - names.begin());
}

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

bool path_matches(std::string_view path, std::string_view pattern) {
  if (pattern == "*" || pattern == path) return true;
  return pattern.ends_with('*') && path.starts_with(pattern.substr(0, pattern.size() - 1));
}

bool resource_matches(std::string_view pattern, const Attributes& attributes) {
  if (pattern == "*") return true;
  std::string_view resource = attributes.resource;
  std::string_view subresource = attributes.subresource;
  std::size_t slash = pattern.find('/');
  if (slash == std::string_view::npos) return subresource.empty() && pattern == resource;
  std::string_view wanted = pattern.substr(slash + 1);
  // "pods/*" are the pods, too.
  if (wanted == "*") return pattern.substr(0, slash) == resource;
  return wanted == subresource && (pattern.starts_with("*/") || pattern.substr(0, slash) == resource);
}

bool group_matches(const GroupResources& group, const Attributes& attributes) {
  if (group.group != attributes.group) return false;
  if (group.resources.empty()) return true;
  if (!group.resourceNames.empty() && !contains(group.resourceNames, attributes.name)) return false;
  return std::ranges::any_of(group.resources,
                             [&attributes](const std::string& pattern) { return resource_matches(pattern, attributes); });
}

std::string at(const std::string& path, std::string_view member, std::size_t index) {
  return path + "." + std::string(member) + "[" + std::to_string(index) + "]";
}

std::string quoted(std::string_view text) {
  std::string json;
  codec::append_json_string(text, json);
  return json;
}

void check_paths(const PolicyRule& rule, const std::string& path, FieldErrors& errors) {
  for (std::size_t i = 0; i < rule.nonResourceURLs.size(); ++i) {
    const std::string& url = rule.nonResourceURLs[i];
    if (url == "*") continue;
    if (!url.starts_with('/'))
      errors.push_back({FieldError::Kind::Invalid, at(path, "nonResourceURLs", i), quoted(url),
                        "non-resource URL rules must begin with a '/' character"});
    if (std::size_t star = url.find('*'); star != std::string::npos && star + 1 != url.size())
      errors.push_back({FieldError::Kind::Invalid, at(path, "nonResourceURLs", i), quoted(url),
                        "non-resource URL wildcards '*' must be the final character of the rule"});
  }
  if (!rule.nonResourceURLs.empty() && (!rule.resources.empty() || !rule.namespaces.empty()))
    errors.push_back({FieldError::Kind::Invalid, path + ".nonResourceURLs", quoted(rule.nonResourceURLs.front()),
                      "rules cannot apply to both regular resources and non-resource URLs"});
}

void check_resources(const PolicyRule& rule, const std::string& path, FieldErrors& errors) {
  for (std::size_t i = 0; i < rule.resources.size(); ++i) {
    const GroupResources& group = rule.resources[i];
    if (!group.group.empty())
      for (std::string& problem : dns1123_subdomain_errors(group.group))
        errors.push_back(
            {FieldError::Kind::Invalid, at(path, "resources", i) + ".group", quoted(group.group), std::move(problem)});
    if (!group.resourceNames.empty() && group.resources.empty())
      errors.push_back({FieldError::Kind::Invalid, at(path, "resources", i) + ".resourceNames",
                        quoted(group.resourceNames.front()), "using resourceNames requires at least one resource"});
  }
}

std::string joined(const std::vector<std::string>& problems) {
  std::string text;
  for (const std::string& problem : problems) text += (text.empty() ? "" : ", ") + problem;
  return text;
}

std::uint8_t bits_of(const std::vector<std::string>& stages) {
  unsigned bits = 0;
  for (const std::string& stage : stages) bits |= 1u << place_of(kStages, stage);
  return static_cast<std::uint8_t>(bits);
}

}  // namespace

std::string_view name_of(Level level) { return kLevels[static_cast<std::size_t>(level)]; }
std::string_view name_of(Stage stage) { return kStages[static_cast<std::size_t>(stage)]; }

Result<Policy> Policy::parse(std::string_view text) {
  TRY_ASSIGN(codec::Value tree, codec::parse_yaml(text));
  if (!tree.is_object() || codec::string_at(tree, "apiVersion") != kApiVersion || codec::string_at(tree, "kind") != "Policy")
    return fail(Reason::BadRequest, "it must be an object with apiVersion: audit.k8s.io/v1 and kind: Policy");
  const schema::Type& type = ::charon::audit::v1::Policy::table();
  schema::UnknownFields unknown;
  TRY(schema::normalize(type, tree, &unknown));
  std::vector<std::string> problems;
  for (const std::string& path : unknown.paths) problems.push_back("unknown field \"" + path + "\"");
  FieldErrors errors;
  schema::validate(type, tree, errors);
  TRY_ASSIGN(auto given, schema::from_tree<::charon::audit::v1::Policy>(tree));
  for (std::size_t i = 0; i < given.rules.size(); ++i) {
    std::string path = "rules[" + std::to_string(i) + "]";
    check_paths(given.rules[i], path, errors);
    check_resources(given.rules[i], path, errors);
  }
  for (const FieldError& error : errors) problems.push_back(schema::field_error_text(error));
  if (given.rules.empty()) problems.emplace_back("it has no rules");
  if (!problems.empty()) return fail(Reason::BadRequest, joined(problems));
  Policy policy;
  for (PolicyRule& rule : given.rules) {
    Treatment treatment;
    treatment.level = static_cast<Level>(place_of(kLevels, rule.level));
    treatment.omitted = bits_of(given.omitStages) | bits_of(rule.omitStages);
    treatment.omit_managed_fields = rule.omitManagedFields.value_or(given.omitManagedFields);
    policy.rules_.push_back({std::move(rule), treatment});
  }
  return policy;
}

Policy Policy::standard() {
  auto policy = parse(kStandard);
  CHECK(policy);
  return *std::move(policy);
}

bool Policy::matches(const PolicyRule& rule, const Attributes& attributes) {
  // The cheapest first: most reads end here.
  if (!rule.verbs.empty() && !contains(rule.verbs, attributes.verb)) return false;
  const User& user = *attributes.user;
  if (!rule.users.empty() && !contains(rule.users, user.name)) return false;
  if (!rule.userGroups.empty() &&
      std::ranges::none_of(rule.userGroups, [&user](const std::string& group) { return user.in_group(group); }))
    return false;
  if (!rule.namespaces.empty() || !rule.resources.empty()) {
    if (!attributes.resource_request) return false;
    if (!rule.namespaces.empty() && !contains(rule.namespaces, attributes.ns)) return false;
    return rule.resources.empty() || std::ranges::any_of(rule.resources, [&attributes](const GroupResources& group) {
             return group_matches(group, attributes);
           });
  }
  if (rule.nonResourceURLs.empty()) return true;
  return !attributes.resource_request && std::ranges::any_of(rule.nonResourceURLs, [&attributes](const std::string& pattern) {
    return path_matches(attributes.path, pattern);
  });
}

Treatment Policy::treatment(const Attributes& attributes) const {
  auto found = std::ranges::find_if(rules_, [&attributes](const Rule& rule) { return matches(rule.match, attributes); });
  return found == rules_.end() ? Treatment() : found->treatment;
}

}  // namespace charon::server::audit

#include "api/core/v1/pod_validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include "api/core/v1/scheduling_validation.h"
#include "api/core/v1/security_validation.h"
#include "api/meta/v1/cells.h"
#include "base/names.h"
#include "codec/tree.h"
#include "model/selector.h"

namespace charon::core::v1 {

using codec::find;
using codec::find_path;
using codec::string_at;
using codec::Value;
using meta::v1::add_duplicate;
using meta::v1::add_forbidden;
using meta::v1::add_invalid;
using meta::v1::add_required;
using meta::v1::check_name;
using meta::v1::Errors;
using meta::v1::FieldPath;
using meta::v1::items_at;
using meta::v1::object_at;

namespace {

std::string_view text_of(const Value& value) {
  return value.is_string() ? codec::view(value.get_string()) : std::string_view();
}

constexpr std::int64_t kDefaultGraceSeconds = 30;
constexpr std::int64_t kMaxInt32 = std::numeric_limits<std::int32_t>::max();

constexpr std::size_t kMaxNameservers = 3;
constexpr std::size_t kMaxSearches = 32;
constexpr std::size_t kMaxSearchCharacters = 2048;

void validate_dns(Errors& errors, const FieldPath& path, const Value& spec) {
  const Value* config = object_at(spec, "dnsConfig");
  if (string_at(spec, "dnsPolicy") == "None") {
    if (config == nullptr) return add_required(errors, path, "must provide `dnsConfig` when `dnsPolicy` is None");
    if (items_at(*config, "nameservers").empty())
      return add_required(errors, path.child("nameservers"),
                          "must provide at least one DNS nameserver when `dnsPolicy` is None");
  }
  if (config == nullptr) return;
  const codec::Array& servers = items_at(*config, "nameservers");
  FieldPath servers_path = path.child("nameservers");
  if (servers.size() > kMaxNameservers)
    add_invalid(errors, servers_path, Value(servers), fmt::format("must not have more than {} nameservers", kMaxNameservers));
  for (std::size_t i = 0; i < servers.size(); ++i) meta::v1::check_ip(errors, servers_path.at(i), text_of(servers[i]));
  const codec::Array& searches = items_at(*config, "searches");
  FieldPath searches_path = path.child("searches");
  if (searches.size() > kMaxSearches)
    add_invalid(errors, searches_path, Value(searches), fmt::format("must not have more than {} search paths", kMaxSearches));
  std::size_t characters = 0;
  for (std::size_t i = 0; i < searches.size(); ++i) {
    std::string name(text_of(searches[i]));
    characters += name.size() + (i > 0 ? 1 : 0);
    if (name == ".") continue;
    if (name.ends_with('.')) name.pop_back();
    // Names of services have underscores ("_tcp").
    std::ranges::replace(name, '_', '0');
    for (const std::string& problem : dns1123_subdomain_errors(name))
      add_invalid(errors, searches_path.at(i), searches[i], problem);
  }
  if (characters > kMaxSearchCharacters)
    add_invalid(
        errors, searches_path, Value(searches),
        fmt::format("must not have more than {} characters (including spaces) in the search list", kMaxSearchCharacters));
  const codec::Array& options = items_at(*config, "options");
  FieldPath options_path = path.child("options");
  for (std::size_t i = 0; i < options.size(); ++i)
    if (string_at(options[i], "name").empty()) add_required(errors, options_path.at(i), "must not be empty");
}

void validate_host_aliases(Errors& errors, const FieldPath& path, const Value& spec) {
  const codec::Array& aliases = items_at(spec, "hostAliases");
  for (std::size_t i = 0; i < aliases.size(); ++i) {
    FieldPath here = path.at(i);
    if (std::string_view ip = string_at(aliases[i], "ip"); !ip.empty()) meta::v1::check_ip(errors, here.child("ip"), ip);
    const codec::Array& names = items_at(aliases[i], "hostnames");
    FieldPath list = here.child("hostnames");
    for (std::size_t k = 0; k < names.size(); ++k)
      meta::v1::check_given_name(errors, list.at(k), text_of(names[k]), dns1123_subdomain_errors);
  }
}

// The names of the pod's resource claims.
std::set<std::string_view> validate_claims(Errors& errors, const FieldPath& path, const Value& spec) {
  std::set<std::string_view> names;
  const codec::Array& claims = items_at(spec, "resourceClaims");
  for (std::size_t i = 0; i < claims.size(); ++i) {
    FieldPath here = path.at(i);
    std::string_view name = string_at(claims[i], "name");
    if (name.empty())
      add_required(errors, here.child("name"));
    else if (!names.insert(name).second)
      add_duplicate(errors, here.child("name"), name);
    else
      check_name(errors, here.child("name"), name, dns1123_label_errors);
    bool direct = meta::v1::is_present(claims[i], "resourceClaimName");
    bool made = meta::v1::is_present(claims[i], "resourceClaimTemplateName");
    if (direct && made)
      add_invalid(errors, here, claims[i],
                  "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified");
    if (!direct && !made)
      add_invalid(errors, here, claims[i], "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`");
    for (std::string_view member : {"resourceClaimName", "resourceClaimTemplateName"})
      check_name(errors, here.child(member), string_at(claims[i], member), dns1123_subdomain_errors);
  }
  return names;
}

void validate_names(Errors& errors, const FieldPath& path, const Value& spec) {
  for (std::string_view member : {"serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName", "schedulerName"})
    check_name(errors, path.child(member), string_at(spec, member), dns1123_subdomain_errors);
  for (std::string_view member : {"hostname", "subdomain"})
    check_name(errors, path.child(member), string_at(spec, member), dns1123_label_errors);
}

model::LabelMap labels_of(const Value* labels) {
  model::LabelMap map;
  if (labels == nullptr || !labels->is_object()) return map;
  for (const auto& [key, value] : labels->get_object())
    if (value.is_string()) map.emplace(std::string(key.data(), key.size()), std::string(codec::view(value.get_string())));
  return map;
}

}  // namespace

void validate_pod_spec(Errors& errors, const FieldPath& path, const Value* spec, PodSpecOwner owner) {
  if (spec == nullptr || !spec->is_object()) return;
  ContainerScope scope;
  scope.owner = owner;
  scope.host_network = codec::bool_at(*spec, "hostNetwork").value_or(false);
  scope.host_users = codec::bool_at(*spec, "hostUsers").value_or(true);
  scope.never_restarts = string_at(*spec, "restartPolicy") == "Never";
  scope.probes.grace_s = codec::int_at(*spec, "terminationGracePeriodSeconds").value_or(kDefaultGraceSeconds);
  scope.probes.names_system = object_at(*spec, "os") != nullptr;
  scope.volumes = validate_volumes(errors, path.child("volumes"), *spec);
  scope.claims = validate_claims(errors, path.child("resourceClaims"), *spec);
  validate_containers(errors, path.child("containers"), find(*spec, "containers"), ContainerRole::Main, scope);
  // An init container may use a host port that a main one uses later.
  scope.host_ports.clear();
  validate_containers(errors, path.child("initContainers"), find(*spec, "initContainers"), ContainerRole::Init, scope);
  validate_containers(errors, path.child("ephemeralContainers"), find(*spec, "ephemeralContainers"), ContainerRole::Ephemeral,
                      scope);
  validate_resources(errors, path.child("resources"), find(*spec, "resources"));
  std::optional<std::int64_t> deadline = codec::int_at(*spec, "activeDeadlineSeconds");
  meta::v1::check_range(errors, path.child("activeDeadlineSeconds"), deadline, 1, kMaxInt32);
  validate_pod_security(errors, path, *spec);
  validate_scheduling(errors, path, *spec);
  validate_names(errors, path, *spec);
  validate_dns(errors, path.child("dnsConfig"), *spec);
  validate_host_aliases(errors, path.child("hostAliases"), *spec);
}

void validate_template(Errors& errors, const FieldPath& path, const Value* pod_template, const TemplateOwner& owner) {
  if (pod_template == nullptr || !pod_template->is_object()) return;
  meta::v1::check_labels(errors, path.child("labels"), find_path(*pod_template, {"metadata", "labels"}));
  FieldPath spec_path = path.child("spec");
  const Value* spec = find(*pod_template, "spec");
  validate_pod_spec(errors, spec_path, spec, PodSpecOwner::Template);
  if (spec != nullptr && !items_at(*spec, "ephemeralContainers").empty())
    add_forbidden(errors, spec_path.child("ephemeralContainers"), "ephemeral containers not allowed in pod template");
  if (!owner.always_restarts || spec == nullptr) return;
  std::string_view restart = string_at(*spec, "restartPolicy");
  if (restart == "OnFailure" || restart == "Never")
    meta::v1::add_not_supported(errors, spec_path.child("restartPolicy"), restart, {"Always"});
  if (find(*spec, "activeDeadlineSeconds") != nullptr)
    add_forbidden(errors, spec_path.child("activeDeadlineSeconds"),
                  fmt::format("activeDeadlineSeconds in {} is not Supported", owner.kind));
}

void validate_workload(Errors& errors, const Value& workload, const TemplateOwner& owner) {
  FieldPath spec("spec");
  const Value* selector = find_path(workload, {"spec", "selector"});
  const Value* pod_template = find_path(workload, {"spec", "template"});
  const Value* labels = find_path(workload, {"spec", "template", "metadata", "labels"});
  if (selector != nullptr && selector->is_object()) {
    meta::v1::check_selector(errors, spec.child("selector"), selector);
    if (meta::v1::is_empty_selector(selector))
      add_invalid(errors, spec.child("selector"), *selector, fmt::format("empty selector is invalid for {}", owner.kind));
    Result<model::LabelSelector> parsed = model::LabelSelector::of_tree(selector);
    FieldPath template_path = spec.child("template");
    FieldPath meta_path = template_path.child("metadata");
    static const Value kNone = codec::Object();
    if (parsed && !parsed->matches(labels_of(labels)))
      add_invalid(errors, meta_path.child("labels"), labels == nullptr ? kNone : *labels,
                  "`selector` does not match template `labels`");
  }
  validate_template(errors, spec.child("template"), pod_template, owner);
}

}  // namespace charon::core::v1

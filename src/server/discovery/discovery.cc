#include "server/discovery/discovery.h"

#include <algorithm>
#include <boost/json.hpp>
#include <tuple>
#include <vector>

#include "codec/json.h"
#include "codec/tree.h"
#include "model/kind.h"
#include "server/aggregation/priorities.h"
#include "server/discovery/forms.h"
#include "server/version.h"

namespace charon::server {

using codec::Array;
using codec::Object;

std::vector<std::string_view> subresource_verbs(std::string_view name) {
  if (name == "binding" || name == "eviction" || name == "token") return {"create"};
  if (name == "exec" || name == "attach" || name == "portforward") return {"create", "get"};
  if (name == "log") return {"get"};
  if (name == "proxy") return {"create", "delete", "get", "patch", "update"};
  if (name == "finalize") return {"update"};
  return {"get", "patch", "update"};
}

ForeignKind subresource_kind(const model::Kind& kind, std::string_view name) {
  if (name == "scale") return {"autoscaling", "v1", "Scale"};
  if (name == "binding") return {"", "v1", "Binding"};
  if (name == "eviction") return {"policy", "v1", "Eviction"};
  if (name == "token") return {"authentication.k8s.io", "v1", "TokenRequest"};
  if (name == "exec") return {"", "v1", "PodExecOptions"};
  if (name == "attach") return {"", "v1", "PodAttachOptions"};
  if (name == "portforward") return {"", "v1", "PodPortForwardOptions"};
  if (name == "proxy" && kind.kind == "Pod") return {"", "v1", "PodProxyOptions"};
  if (name == "proxy" && kind.kind == "Node") return {"", "v1", "NodeProxyOptions"};
  if (name == "proxy" && kind.kind == "Service") return {"", "v1", "ServiceProxyOptions"};
  return {kind.gv.group, kind.gv.version, kind.kind};
}

namespace {

template <class Range>
Array strings(const Range& range) {
  Array list;
  for (std::string_view text : range) list.emplace_back(text);
  return list;
}

// What is served, as it stands in discovery: groups, and their versions, the preferred first.
struct Version {
  std::string name;
  int priority = 0;
  std::vector<model::KindRef> kinds;    // of this server's own
  RemoteDocumentsPtr remote = nullptr;  // else of an aggregated one
};
struct Group {
  std::string name;
  int priority = 0;  // the highest that one of its versions asks for
  std::vector<Version> versions;
};
using Groups = std::vector<Group>;

// The version, made where it is not there yet.
Version& version_of(Groups& groups, model::GroupVersion gv, ApiPriority priority) {
  auto group = std::ranges::find(groups, gv.group, &Group::name);
  if (group == groups.end()) group = groups.insert(group, Group{std::string(gv.group)});
  group->priority = std::max(group->priority, priority.group);
  auto version = std::ranges::find(group->versions, gv.version, &Version::name);
  if (version == group->versions.end())
    version = group->versions.insert(version, Version{std::string(gv.version), priority.version});
  return *version;
}

Groups groups_of(const model::KindRegistry& registry, const ApiServices* services) {
  Groups groups;
  for (model::KindRef& kind : registry.all()) {
    if (!model::served(*kind)) continue;
    ApiServicePtr service = services == nullptr ? nullptr : services->find(kind->gv.group, kind->gv.version);
    if (service && service->remote) continue;
    ApiPriority priority = service ? ApiPriority{service->group_priority, service->version_priority} : local_priority(*kind);
    version_of(groups, kind->gv, priority).kinds.push_back(std::move(kind));
  }
  if (services != nullptr)
    for (ApiServices::Remote& remote : services->remotes()) {
      const ApiService& service = *remote.service;
      version_of(groups, {service.group, service.version}, {service.group_priority, service.version_priority}).remote =
          std::move(remote.documents);
    }
  std::ranges::sort(groups, [](const Group& one, const Group& other) {
    return std::tuple(-one.priority, std::string_view(one.name)) < std::tuple(-other.priority, std::string_view(other.name));
  });
  for (Group& group : groups)
    std::ranges::sort(group.versions, [](const Version& one, const Version& other) {
      return one.priority != other.priority ? one.priority > other.priority : version_before(one.name, other.name);
    });
  return groups;
}

// "v2beta1" -> its parts; nullopt for what does not look like that.
struct VersionParts {
  int stage = 0;  // 2: stable, 1: beta, 0: alpha
  std::uint64_t major = 0;
  std::uint64_t minor = 0;
};

std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  if (digits == 0 || digits > 18) return std::nullopt;
  std::uint64_t number = std::stoull(std::string(text.substr(0, digits)));
  text.remove_prefix(digits);
  return number;
}

std::optional<VersionParts> parts_of(std::string_view version) {
  if (!version.starts_with('v')) return std::nullopt;
  version.remove_prefix(1);
  VersionParts parts;
  auto major = take_number(version);
  if (!major) return std::nullopt;
  parts.major = *major;
  parts.stage = 2;
  if (version.empty()) return parts;
  if (version.starts_with("beta")) {
    parts.stage = 1;
    version.remove_prefix(4);
  } else if (version.starts_with("alpha")) {
    parts.stage = 0;
    version.remove_prefix(5);
  } else {
    return std::nullopt;
  }
  auto minor = take_number(version);
  if (!minor || !version.empty()) return std::nullopt;
  parts.minor = *minor;
  return parts;
}

Object resource_entry(const model::Kind& kind) {
  Object entry{{"name", kind.plural},
               {"singularName", kind.singular},
               {"namespaced", kind.namespaced},
               {"kind", kind.kind},
               {"verbs", strings(kind.verbs)}};
  if (!kind.short_names.empty()) entry["shortNames"] = strings(kind.short_names);
  if (!kind.categories.empty()) entry["categories"] = strings(kind.categories);
  if (kind.has_verb("list"))
    entry["storageVersionHash"] =
        base64_encode(std::to_string(fnv1a_64(kind.gv.text() + "/" + std::string(kind.kind))).substr(0, 8));
  return entry;
}

Object legacy_resources(std::string_view group, const Version& version) {
  Array resources;
  for (const model::KindRef& kind : version.kinds) {
    resources.push_back(resource_entry(*kind));
    for (std::string_view name : kind->subresources) {
      ForeignKind spoken = subresource_kind(*kind, name);
      Object entry{{"name", std::string(kind->plural) + "/" + std::string(name)},
                   {"singularName", ""},
                   {"namespaced", kind->namespaced},
                   {"kind", spoken.kind},
                   {"verbs", strings(subresource_verbs(name))}};
      if (spoken.group != kind->gv.group || spoken.version != kind->gv.version) {
        entry["group"] = spoken.group;
        entry["version"] = spoken.version;
      }
      resources.push_back(std::move(entry));
    }
  }
  std::string gv = model::GroupVersion{group, version.name}.text();
  return {{"kind", "APIResourceList"}, {"apiVersion", "v1"}, {"groupVersion", gv}, {"resources", std::move(resources)}};
}

Object legacy_group(const Group& group) {
  Array list;
  for (const Version& each : group.versions)
    list.push_back({{"groupVersion", model::GroupVersion{group.name, each.name}.text()}, {"version", each.name}});
  Object preferred = list.front().as_object();
  return {{"name", group.name}, {"versions", std::move(list)}, {"preferredVersion", std::move(preferred)}};
}

Object aggregated_resource(const model::Kind& kind) {
  Array subresources;
  for (std::string_view name : kind.subresources) {
    ForeignKind spoken = subresource_kind(kind, name);
    subresources.push_back({{"subresource", name},
                            {"responseKind", {{"group", spoken.group}, {"version", spoken.version}, {"kind", spoken.kind}}},
                            {"verbs", strings(subresource_verbs(name))}});
  }
  Object entry{{"resource", kind.plural},
               {"responseKind", {{"group", kind.gv.group}, {"version", kind.gv.version}, {"kind", kind.kind}}},
               {"scope", kind.namespaced ? "Namespaced" : "Cluster"},
               {"singularResource", kind.singular},
               {"verbs", strings(kind.verbs)}};
  if (!kind.short_names.empty()) entry["shortNames"] = strings(kind.short_names);
  if (!kind.categories.empty()) entry["categories"] = strings(kind.categories);
  if (!subresources.empty()) entry["subresources"] = std::move(subresources);
  return entry;
}

Object aggregated(const Groups& groups, bool core, std::string_view version_of_form) {
  Array items;
  for (const Group& group : groups) {
    if (group.name.empty() != core) continue;
    Array list;
    for (const Version& version : group.versions) {
      Array resources = version.remote ? version.remote->resources : Array();
      for (const model::KindRef& kind : version.kinds) resources.push_back(aggregated_resource(*kind));
      bool current = !version.remote || version.remote->current;
      list.push_back(
          {{"version", version.name}, {"resources", std::move(resources)}, {"freshness", current ? "Current" : "Stale"}});
    }
    Object meta;
    if (!group.name.empty()) meta["name"] = group.name;
    meta["creationTimestamp"] = nullptr;
    items.push_back({{"metadata", std::move(meta)}, {"versions", std::move(list)}});
  }
  return {{"kind", "APIGroupDiscoveryList"},
          {"apiVersion", "apidiscovery.k8s.io/" + std::string(version_of_form)},
          {"metadata", Object()},
          {"items", std::move(items)}};
}

Answer make_answer(const Object& object, std::string content_type, bool tagged) {
  std::string body = codec::write_json(object) + "\n";
  Answer answer{nullptr, std::move(content_type), ""};
  if (tagged) answer.etag = "\"" + std::to_string(fnv1a_64(body)) + "\"";
  answer.body = share(std::move(body));
  return answer;
}

std::optional<Answer> build(const Groups& groups, std::string_view path, std::string_view form) {
  bool core = path == "/api";
  if (core || path == "/apis") {
    if (!form.empty())
      return make_answer(aggregated(groups, core, form),
                         "application/json;g=apidiscovery.k8s.io;v=" + std::string(form) + ";as=APIGroupDiscoveryList", true);
    if (core)
      return make_answer({{"kind", "APIVersions"}, {"versions", Array{"v1"}}, {"serverAddressByClientCIDRs", Array()}},
                         "application/json", false);
    Array list;
    for (const Group& group : groups)
      if (!group.name.empty()) list.push_back(legacy_group(group));
    return make_answer({{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(list)}}, "application/json",
                       false);
  }
  if (path == "/api/v1") {
    auto found = std::ranges::find(groups, std::string_view(), &Group::name);
    return make_answer(legacy_resources("", found->versions.front()), "application/json", false);
  }
  if (!path.starts_with("/apis/")) return std::nullopt;
  std::string_view rest = path.substr(6);
  std::size_t slash = std::min(rest.find('/'), rest.size());
  auto found = std::ranges::find(groups, rest.substr(0, slash), &Group::name);
  if (found == groups.end()) return std::nullopt;
  if (slash == rest.size()) {
    Object group = legacy_group(*found);
    group["kind"] = "APIGroup";
    group["apiVersion"] = "v1";
    return make_answer(group, "application/json", false);
  }
  std::string_view version = rest.substr(slash + 1);
  auto place = std::ranges::find(found->versions, version, &Version::name);
  if (place == found->versions.end() || place->remote) return std::nullopt;
  return make_answer(legacy_resources(found->name, *place), "application/json", false);
}

}  // namespace

bool version_before(std::string_view left, std::string_view right) {
  auto one = parts_of(left), other = parts_of(right);
  if (!one || !other) return one.has_value() != other.has_value() ? one.has_value() : left < right;
  return std::tuple(one->stage, one->major, one->minor) > std::tuple(other->stage, other->major, other->minor);
}

std::optional<Answer> Discovery::answer(std::string_view path, std::string_view accept) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  if (path == "/version") return make_answer(version_info(), "application/json", false);
  if (path != "/api" && path != "/apis" && path != "/api/v1" && !path.starts_with("/apis/")) return std::nullopt;
  const std::uint64_t services_generation = services_ == nullptr ? 0 : services_->generation();
  if (generation_ != kinds_.generation() || services_generation_ != services_generation) made_.clear();
  generation_ = kinds_.generation();
  services_generation_ = services_generation;
  Media media = negotiate_discovery(accept).value_or(Media());
  std::string_view form = media.as_version;
  std::string key = std::string(path) + "|" + std::string(form) + "|" + std::to_string(static_cast<int>(media.format));
  auto place = made_.find(key);
  if (place != made_.end()) return place->second;
  std::optional<Answer> answer = build(groups_of(kinds_, services_), path, form);
  if (answer) answer = in_form(*std::move(answer), media);
  if (answer) made_[key] = answer;  // unknown paths are not remembered: there is no end of them
  return answer;
}

}  // namespace charon::server

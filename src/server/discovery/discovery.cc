#include "server/discovery/discovery.h"

#include <boost/json.hpp>
#include <map>
#include <tuple>
#include <vector>

#include "codec/json.h"
#include "codec/tree.h"
#include "model/kind.h"
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

// The kinds that are served, as they stand in discovery: group -> version, the preferred first -> kinds.
struct VersionKinds {
  std::string version;
  std::vector<model::KindRef> kinds;
};
using Groups = std::map<std::string, std::vector<VersionKinds>, std::less<>>;

Groups groups_of(const model::KindRegistry& registry) {
  Groups groups;
  for (model::KindRef& kind : registry.all()) {
    if (!model::served(*kind)) continue;
    std::vector<VersionKinds>& versions = groups[std::string(kind->gv.group)];
    auto place = std::ranges::find(versions, kind->gv.version, &VersionKinds::version);
    if (place == versions.end()) place = versions.insert(place, VersionKinds{std::string(kind->gv.version), {}});
    place->kinds.push_back(std::move(kind));
  }
  for (auto& [group, versions] : groups) std::ranges::sort(versions, version_before, &VersionKinds::version);
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

Object legacy_resources(std::string_view group, const VersionKinds& version) {
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
  std::string gv = model::GroupVersion{group, version.version}.text();
  return {{"kind", "APIResourceList"}, {"apiVersion", "v1"}, {"groupVersion", gv}, {"resources", std::move(resources)}};
}

Object legacy_group(std::string_view group, const std::vector<VersionKinds>& versions) {
  Array list;
  for (const VersionKinds& each : versions)
    list.push_back({{"groupVersion", model::GroupVersion{group, each.version}.text()}, {"version", each.version}});
  Object preferred = list.front().as_object();
  return {{"name", group}, {"versions", std::move(list)}, {"preferredVersion", std::move(preferred)}};
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
  for (const auto& [group, versions] : groups) {
    if (group.empty() != core) continue;
    Array list;
    for (const VersionKinds& version : versions) {
      Array resources;
      for (const model::KindRef& kind : version.kinds) resources.push_back(aggregated_resource(*kind));
      list.push_back({{"version", version.version}, {"resources", std::move(resources)}, {"freshness", "Current"}});
    }
    Object meta;
    if (!group.empty()) meta["name"] = group;
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
    for (const auto& [group, versions] : groups)
      if (!group.empty()) list.push_back(legacy_group(group, versions));
    return make_answer({{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(list)}}, "application/json",
                       false);
  }
  if (path == "/api/v1") return make_answer(legacy_resources("", groups.at("").front()), "application/json", false);
  if (!path.starts_with("/apis/")) return std::nullopt;
  std::string_view rest = path.substr(6);
  std::size_t slash = std::min(rest.find('/'), rest.size());
  auto found = groups.find(rest.substr(0, slash));
  if (found == groups.end()) return std::nullopt;
  if (slash == rest.size()) {
    Object group = legacy_group(found->first, found->second);
    group["kind"] = "APIGroup";
    group["apiVersion"] = "v1";
    return make_answer(group, "application/json", false);
  }
  std::string_view version = rest.substr(slash + 1);
  auto place = std::ranges::find(found->second, version, &VersionKinds::version);
  if (place == found->second.end()) return std::nullopt;
  return make_answer(legacy_resources(found->first, *place), "application/json", false);
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
  if (generation_ != kinds_.generation()) made_.clear();
  generation_ = kinds_.generation();
  Media media = negotiate_discovery(accept).value_or(Media());
  std::string_view form = media.as_version;
  std::string key = std::string(path) + "|" + std::string(form) + "|" + std::to_string(static_cast<int>(media.format));
  auto place = made_.find(key);
  if (place != made_.end()) return place->second;
  std::optional<Answer> answer = build(groups_of(kinds_), path, form);
  if (answer) answer = in_form(*std::move(answer), media);
  if (answer) made_[key] = answer;  // unknown paths are not remembered: there is no end of them
  return answer;
}

}  // namespace charon::server

#include "server/discovery/discovery.h"

#include <boost/json.hpp>
#include <map>
#include <set>
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

std::vector<const model::Kind*> kinds_of(std::string_view group, std::string_view version) {
  std::vector<const model::Kind*> kinds;
  for (const model::Kind& kind : model::builtin_kinds())
    if (kind.gv.group == group && kind.gv.version == version && model::served(kind)) kinds.push_back(&kind);
  return kinds;
}

// Group -> versions, the preferred first (the highest, v2 before v1 before v1beta1).
using Groups = std::map<std::string_view, std::vector<std::string_view>>;

bool better(std::string_view left, std::string_view right) {
  bool left_beta = left.find("beta") != std::string_view::npos, right_beta = right.find("beta") != std::string_view::npos;
  return left_beta != right_beta ? right_beta : left > right;
}

const Groups& groups() {
  static const Groups all = [] {
    std::map<std::string_view, std::set<std::string_view>> found;
    for (const model::Kind& kind : model::builtin_kinds())
      if (model::served(kind)) found[kind.gv.group].insert(kind.gv.version);
    Groups sorted;
    for (const auto& [group, versions] : found) {
      std::vector<std::string_view> list(versions.begin(), versions.end());
      std::ranges::sort(list, better);
      sorted[group] = std::move(list);
    }
    return sorted;
  }();
  return all;
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

Object legacy_resources(std::string_view group, std::string_view version) {
  Array resources;
  for (const model::Kind* kind : kinds_of(group, version)) {
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
  std::string gv = model::GroupVersion{group, version}.text();
  return {{"kind", "APIResourceList"}, {"apiVersion", "v1"}, {"groupVersion", gv}, {"resources", std::move(resources)}};
}

Object legacy_group(std::string_view group, const std::vector<std::string_view>& versions) {
  Array list;
  for (std::string_view version : versions)
    list.push_back({{"groupVersion", model::GroupVersion{group, version}.text()}, {"version", version}});
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

Object aggregated(bool core, std::string_view version_of_form) {
  Array items;
  for (const auto& [group, versions] : groups()) {
    if (group.empty() != core) continue;
    Array list;
    for (std::string_view version : versions) {
      Array resources;
      for (const model::Kind* kind : kinds_of(group, version)) resources.push_back(aggregated_resource(*kind));
      list.push_back({{"version", version}, {"resources", std::move(resources)}, {"freshness", "Current"}});
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

std::optional<Answer> build(std::string_view path, std::string_view form) {
  bool core = path == "/api";
  if (core || path == "/apis") {
    if (!form.empty())
      return make_answer(aggregated(core, form),
                         "application/json;g=apidiscovery.k8s.io;v=" + std::string(form) + ";as=APIGroupDiscoveryList", true);
    if (core)
      return make_answer({{"kind", "APIVersions"}, {"versions", Array{"v1"}}, {"serverAddressByClientCIDRs", Array()}},
                         "application/json", false);
    Array list;
    for (const auto& [group, versions] : groups())
      if (!group.empty()) list.push_back(legacy_group(group, versions));
    return make_answer({{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(list)}}, "application/json",
                       false);
  }
  if (path == "/api/v1") return make_answer(legacy_resources("", "v1"), "application/json", false);
  if (!path.starts_with("/apis/")) return std::nullopt;
  std::string_view rest = path.substr(6);
  std::size_t slash = std::min(rest.find('/'), rest.size());
  auto found = groups().find(rest.substr(0, slash));
  if (found == groups().end()) return std::nullopt;
  if (slash == rest.size()) {
    Object group = legacy_group(found->first, found->second);
    group["kind"] = "APIGroup";
    group["apiVersion"] = "v1";
    return make_answer(group, "application/json", false);
  }
  std::string_view version = rest.substr(slash + 1);
  if (std::ranges::find(found->second, version) == found->second.end()) return std::nullopt;
  return make_answer(legacy_resources(found->first, version), "application/json", false);
}

}  // namespace

std::optional<Answer> discovery_answer(std::string_view path, std::string_view accept) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  if (path == "/version") return make_answer(version_info(), "application/json", false);
  if (path != "/api" && path != "/apis" && path != "/api/v1" && !path.starts_with("/apis/")) return std::nullopt;
  // Only the server's loop asks, so the cache needs no lock.
  static std::map<std::string, std::optional<Answer>> made;
  Media media = negotiate_discovery(accept).value_or(Media());
  std::string_view form = media.as_version;
  std::string key = std::string(path) + "|" + std::string(form) + "|" + std::to_string(static_cast<int>(media.format));
  auto place = made.find(key);
  if (place != made.end()) return place->second;
  std::optional<Answer> answer = build(path, form);
  if (answer) answer = in_form(*std::move(answer), media);
  if (answer) made[key] = answer;  // unknown paths are not remembered: there is no end of them
  return answer;
}

}  // namespace charon::server

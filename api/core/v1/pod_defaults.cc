#include "api/core/v1/pod_defaults.h"

#include <boost/json.hpp>

#include "codec/tree.h"

namespace charon::core::v1 {

using codec::find;
using codec::string_at;
using codec::Value;

namespace {

template <class Visit>
void each_item(Value& spec, std::string_view list, Visit visit) {
  Value* items = find(spec, list);
  if (items == nullptr || !items->is_array()) return;
  for (Value& item : items->get_array())
    if (item.is_object()) visit(item);
}

template <class Visit>
void each_container(Value& spec, Visit visit) {
  each_item(spec, "initContainers", visit);
  each_item(spec, "containers", visit);
}

bool is_empty(const Value& object, std::string_view name) { return string_at(object, name).empty(); }

void default_container(Value& container) {
  if (is_empty(container, "imagePullPolicy"))
    container.get_object()["imagePullPolicy"] = default_pull_policy(string_at(container, "image"));
}

void default_volume(Value& volume) {
  codec::Object& members = volume.get_object();
  std::size_t sources = members.size() - (members.contains("name") ? 1 : 0);
  if (sources == 0) members["emptyDir"] = codec::Object();
}

// Each limit is a request too, where there is no other.
void request_limits(Value& container) {
  const Value* limits = codec::find_path(container, {"resources", "limits"});
  if (limits == nullptr || !limits->is_object() || limits->get_object().empty()) return;
  codec::Object given = limits->get_object();
  codec::Object& requests = codec::ensure_object(container, {"resources", "requests"});
  for (const auto& [resource, quantity] : given)
    if (!requests.contains(resource)) requests[resource] = quantity;
}

// In the node's network a port of the container is one of the node.
void default_host_ports(Value& container) {
  each_item(container, "ports", [](Value& port) {
    if (codec::int_at(port, "hostPort").value_or(0) == 0)
      if (const Value* number = find(port, "containerPort")) port.get_object()["hostPort"] = Value(*number);
  });
}

// serviceAccount is the old name of serviceAccountName; both are shown.
void default_service_account(Value& spec) {
  std::string name(string_at(spec, "serviceAccountName"));
  if (name.empty()) name = string_at(spec, "serviceAccount");
  if (name.empty()) return;
  spec.get_object()["serviceAccountName"] = name;
  spec.get_object()["serviceAccount"] = name;
}

}  // namespace

std::string_view default_pull_policy(std::string_view image) {
  std::string_view name = image.substr(0, image.find('@'));
  bool digest = name.size() != image.size();
  // A colon before a slash is that of the registry's port.
  std::size_t colon = name.rfind(':');
  bool tagged = colon != std::string_view::npos && name.find('/', colon) == std::string_view::npos;
  std::string_view tag = tagged ? name.substr(colon + 1) : digest ? "" : "latest";
  return tag == "latest" ? "Always" : "IfNotPresent";
}

void default_pod_spec(Value* spec) {
  if (spec == nullptr || !spec->is_object()) return;
  each_container(*spec, default_container);
  each_item(*spec, "ephemeralContainers", default_container);
  each_item(*spec, "volumes", default_volume);
  default_service_account(*spec);
}

void default_own_pod_spec(Value& spec) {
  each_container(spec, request_limits);
  codec::Object& members = spec.get_object();
  if (!members.contains("enableServiceLinks")) members["enableServiceLinks"] = true;
  if (codec::bool_at(spec, "hostNetwork").value_or(false)) each_container(spec, default_host_ports);
}

}  // namespace charon::core::v1

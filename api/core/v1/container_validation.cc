#include "api/core/v1/container_validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "api/meta/v1/cells.h"
#include "base/names.h"
#include "base/quantity.h"
#include "codec/tree.h"

namespace charon::core::v1 {

using codec::find;
using codec::string_at;
using codec::Value;
using meta::v1::add_duplicate;
using meta::v1::add_forbidden;
using meta::v1::add_invalid;
using meta::v1::add_required;
using meta::v1::Errors;
using meta::v1::FieldPath;
using meta::v1::items_at;

namespace {

bool is_present(const Value& object, std::string_view name) {
  const Value* value = find(object, name);
  return value != nullptr && !value->is_null();
}

void validate_ports(Errors& errors, const FieldPath& path, const Value& container, ContainerScope& scope) {
  const codec::Array& ports = items_at(container, "ports");
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const Value& port = ports[i];
    FieldPath here = path.at(i);
    std::string_view name = string_at(port, "name");
    if (!name.empty() && !names.insert(name).second) add_duplicate(errors, here.child("name"), name);
    std::int64_t number = codec::int_at(port, "containerPort").value_or(0);
    std::int64_t host = codec::int_at(port, "hostPort").value_or(0);
    if (find(port, "containerPort") == nullptr) add_required(errors, here.child("containerPort"));
    bool open = scope.owner == PodSpecOwner::Template && host == 0;
    if (scope.host_network && host != number && !open)
      add_invalid(errors, here.child("containerPort"), Value(number), "must match `hostPort` when `hostNetwork` is true");
    if (host == 0) continue;
    std::string taken = fmt::format("{}/{}/{}", string_at(port, "protocol"), string_at(port, "hostIP"), host);
    if (!scope.host_ports.insert(taken).second) add_duplicate(errors, here.child("hostPort"), taken);
  }
}

void validate_value_from(Errors& errors, const FieldPath& path, const Value& variable) {
  const Value* source = find(variable, "valueFrom");
  if (source == nullptr || !source->is_object()) return;
  constexpr std::string_view kSources[] = {"fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"};
  auto given = std::ranges::count_if(kSources, [&](std::string_view name) { return is_present(*source, name); });
  if (given == 0)
    add_invalid(errors, path, Value(""),
                "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
  if (given > 1) add_invalid(errors, path, Value(""), "may not have more than one field specified at a time");
  if (given > 0 && !string_at(variable, "value").empty())
    add_invalid(errors, path, Value(""), "may not be specified when `value` is not empty");
  for (std::string_view ref : {"configMapKeyRef", "secretKeyRef"})
    if (const Value* key = find(*source, ref); key != nullptr && key->is_object() && string_at(*key, "name").empty())
      add_required(errors, path.child(ref).child("name"));
}

void validate_environment(Errors& errors, const FieldPath& path, const Value& container) {
  const codec::Array& variables = items_at(container, "env");
  FieldPath list = path.child("env");
  for (std::size_t i = 0; i < variables.size(); ++i) {
    FieldPath here = list.at(i);
    std::string_view name = string_at(variables[i], "name");
    if (std::ranges::any_of(name, [](unsigned char c) { return c < 0x20 || c > 0x7e || c == '='; }))
      add_invalid(errors, here.child("name"), Value(name),
                  "a valid environment variable name must consist only of printable ASCII characters other than '='");
    validate_value_from(errors, here.child("valueFrom"), variables[i]);
  }
  const codec::Array& sources = items_at(container, "envFrom");
  FieldPath from = path.child("envFrom");
  for (std::size_t i = 0; i < sources.size(); ++i) {
    int given = is_present(sources[i], "configMapRef") + is_present(sources[i], "secretRef");
    if (given == 0) add_invalid(errors, from.at(i), Value(""), "must specify one of: `configMapRef` or `secretRef`");
    if (given > 1) add_invalid(errors, from.at(i), Value(""), "may not have more than one field specified at a time");
  }
}

void validate_sub_path(Errors& errors, const FieldPath& path, std::string_view text) {
  if (text.starts_with('/')) add_invalid(errors, path, Value(text), "must be a relative path");
  for (std::size_t from = 0; from <= text.size();) {
    std::size_t end = std::min(text.find('/', from), text.size());
    if (text.substr(from, end - from) == "..") return add_invalid(errors, path, Value(text), "must not contain '..'");
    from = end + 1;
  }
}

void validate_mounts(Errors& errors, const FieldPath& path, const Value& container, const ContainerScope& scope) {
  struct List {
    std::string_view name;
    std::string_view place;
  };
  for (List list : {List{"volumeMounts", "mountPath"}, List{"volumeDevices", "devicePath"}}) {
    std::set<std::string_view> places;
    const codec::Array& mounts = items_at(container, list.name);
    FieldPath items = path.child(list.name);
    for (std::size_t i = 0; i < mounts.size(); ++i) {
      FieldPath here = items.at(i);
      std::string_view volume = string_at(mounts[i], "name");
      std::string_view place = string_at(mounts[i], list.place);
      if (!volume.empty() && !scope.volumes.contains(volume)) meta::v1::add_not_found(errors, here.child("name"), volume);
      if (!place.empty() && !places.insert(place).second)
        add_invalid(errors, here.child(list.place), Value(place), "must be unique");
      validate_sub_path(errors, here.child("subPath"), string_at(mounts[i], "subPath"));
      if (!string_at(mounts[i], "subPath").empty() && !string_at(mounts[i], "subPathExpr").empty())
        add_invalid(errors, here.child("subPathExpr"), Value(string_at(mounts[i], "subPathExpr")),
                    "subPathExpr and subPath are mutually exclusive");
    }
  }
}

// Exactly one of exec, httpGet, tcpSocket, grpc or sleep.
void validate_handler(Errors& errors, const FieldPath& path, const Value& handler) {
  int given = 0;
  for (std::string_view type : {"exec", "httpGet", "tcpSocket", "grpc", "sleep"}) {
    const Value* action = find(handler, type);
    if (action == nullptr || !action->is_object()) continue;
    FieldPath here = path.child(type);
    if (++given > 1) {
      add_forbidden(errors, here, "may not specify more than 1 handler type");
      continue;
    }
    if (type == "exec" && items_at(*action, "command").empty()) add_required(errors, here.child("command"));
    if (type == "httpGet" || type == "tcpSocket" || type == "grpc")
      meta::v1::check_port(errors, here.child("port"), find(*action, "port"));
  }
  if (given == 0) add_required(errors, path, "must specify a handler type");
}

void validate_probes(Errors& errors, const FieldPath& path, const Value& container, ContainerRole role) {
  bool runs_on = role == ContainerRole::Main || string_at(container, "restartPolicy") == "Always";
  for (std::string_view name : {"livenessProbe", "readinessProbe", "startupProbe", "lifecycle"}) {
    const Value* probe = find(container, name);
    if (probe == nullptr || !probe->is_object()) continue;
    FieldPath here = path.child(name);
    if (role == ContainerRole::Ephemeral) {
      add_forbidden(errors, here, "cannot be set for an Ephemeral Container");
      continue;
    }
    if (!runs_on) {
      add_forbidden(errors, here, "may not be set for init containers without restartPolicy=Always");
      continue;
    }
    if (name == "lifecycle") {
      for (std::string_view hook : {"postStart", "preStop"})
        if (const Value* handler = find(*probe, hook); handler != nullptr && handler->is_object())
          validate_handler(errors, here.child(hook), *handler);
      continue;
    }
    validate_handler(errors, here, *probe);
    std::int64_t threshold = codec::int_at(*probe, "successThreshold").value_or(1);
    if (name != "readinessProbe" && threshold != 1)
      add_invalid(errors, here.child("successThreshold"), Value(threshold), "must be 1");
  }
}

void validate_security(Errors& errors, const FieldPath& path, const Value& container) {
  const Value* context = find(container, "securityContext");
  if (context == nullptr || !context->is_object()) return;
  constexpr std::int64_t kMaxId = 2147483647;
  for (std::string_view id : {"runAsUser", "runAsGroup"}) {
    std::optional<std::int64_t> number = codec::int_at(*context, id);
    if (number && (*number < 0 || *number > kMaxId))
      add_invalid(errors, path.child("securityContext").child(id), Value(*number),
                  "must be between 0 and 2147483647, inclusive");
  }
  if (codec::bool_at(*context, "privileged").value_or(false) && codec::bool_at(*context, "allowPrivilegeEscalation") == false)
    add_invalid(errors, path.child("securityContext"), *context,
                "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
}

// cpu, memory, ephemeral-storage and huge pages; all others are counted devices, named with a domain.
bool is_native(std::string_view resource) {
  return resource == "cpu" || resource == "memory" || resource == "ephemeral-storage" || resource.starts_with("hugepages-");
}
bool may_overcommit(std::string_view resource) { return is_native(resource) && !resource.starts_with("hugepages-"); }

void validate_quantities(Errors& errors, const FieldPath& path, const Value* quantities) {
  if (quantities == nullptr || !quantities->is_object()) return;
  for (const auto& [key, value] : quantities->get_object()) {
    std::string_view name(key.data(), key.size());
    FieldPath here = path.key(name);
    Result<Quantity> quantity = Quantity::parse(value.is_string() ? codec::view(value.get_string()) : "");
    if (!quantity) continue;  // the table has said so
    if (name.find('/') == std::string_view::npos && !is_native(name)) {
      add_invalid(errors, here, Value(name), "must be a standard resource type or fully qualified");
      add_invalid(errors, here, Value(name), "must be a standard resource for containers");
      continue;
    }
    meta::v1::check_name(errors, here, name, qualified_name_errors);
    if (quantity->sign() < 0) add_invalid(errors, here, value, "must be greater than or equal to 0");
    if (!is_native(name) && quantity->milli_value() % 1000 != 0) add_invalid(errors, here, value, "must be an integer");
  }
}

}  // namespace

void validate_resources(Errors& errors, const FieldPath& path, const Value* resources) {
  if (resources == nullptr || !resources->is_object()) return;
  const Value* limits = find(*resources, "limits");
  const Value* requests = find(*resources, "requests");
  validate_quantities(errors, path.child("limits"), limits);
  validate_quantities(errors, path.child("requests"), requests);
  if (requests == nullptr || !requests->is_object()) return;
  FieldPath here = path.child("requests");
  for (const auto& [key, value] : requests->get_object()) {
    std::string_view name(key.data(), key.size());
    std::string_view limit_text = limits == nullptr ? std::string_view() : string_at(*limits, name);
    Result<Quantity> request = Quantity::parse(value.is_string() ? codec::view(value.get_string()) : "");
    if (!request) continue;
    if (limit_text.empty()) {
      if (!may_overcommit(name))
        add_required(errors, path.child("limits"), "Limit must be set for non overcommitable resources");
      continue;
    }
    Result<Quantity> limit = Quantity::parse(limit_text);
    if (!limit) continue;
    if (!may_overcommit(name) && *request != *limit)
      add_invalid(errors, here, value, fmt::format("must be equal to {} limit of {}", name, limit_text));
    else if (*request > *limit)
      add_invalid(errors, here, value, fmt::format("must be less than or equal to {} limit of {}", name, limit_text));
  }
}

void validate_containers(Errors& errors, const FieldPath& path, const Value* list, ContainerRole role, ContainerScope& scope) {
  const codec::Array& containers = meta::v1::items_of(list);
  for (std::size_t i = 0; i < containers.size(); ++i) {
    const Value& container = containers[i];
    FieldPath here = path.at(i);
    std::string_view name = string_at(container, "name");
    if (!name.empty() && !scope.containers.insert(name).second) add_duplicate(errors, here.child("name"), name);
    if (string_at(container, "image").empty()) add_required(errors, here.child("image"));
    validate_ports(errors, here.child("ports"), container, scope);
    validate_environment(errors, here, container);
    validate_mounts(errors, here, container, scope);
    validate_probes(errors, here, container, role);
    validate_security(errors, here, container);
    validate_resources(errors, here.child("resources"), find(container, "resources"));
  }
}

}  // namespace charon::core::v1

#include "node/cri/environment.h"

#include <cctype>

namespace charon::node {
namespace {

void set(Environment& environment, std::string name, std::string value) {
  for (auto& [existing, old] : environment) {
    if (existing != name) continue;
    old = std::move(value);
    return;
  }
  environment.emplace_back(std::move(name), std::move(value));
}

const std::string* lookup(const Environment& environment, std::string_view name) {
  for (const auto& [existing, value] : environment)
    if (existing == name) return &value;
  return nullptr;
}

std::string upper_snake(std::string_view name) {
  std::string out;
  for (char c : name) out += c == '-' || c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

// The variables of Docker links, as Kubernetes has kept them (kubernetes.io: Accessing the Service, Environment variables).
void add_service(const core::v1::Service& service, Environment& environment) {
  const std::string& ip = service.spec.clusterIP;
  if (ip.empty() || ip == "None" || service.spec.ports.empty()) return;
  std::string prefix = upper_snake(service.metadata.name);
  const auto& first = service.spec.ports.front();
  set(environment, prefix + "_SERVICE_HOST", ip);
  set(environment, prefix + "_SERVICE_PORT", std::to_string(first.port));
  for (const auto& port : service.spec.ports)
    if (!port.name.empty()) set(environment, prefix + "_SERVICE_PORT_" + upper_snake(port.name), std::to_string(port.port));
  std::string host = ip.find(':') == std::string::npos ? ip : "[" + ip + "]";
  bool is_first = true;
  for (const auto& port : service.spec.ports) {
    std::string protocol = port.protocol.empty() ? "TCP" : port.protocol;
    std::string lower;
    for (char c : protocol) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    std::string url = lower + "://" + host + ":" + std::to_string(port.port);
    std::string name = prefix + "_PORT_" + std::to_string(port.port) + "_" + upper_snake(protocol);
    if (is_first) set(environment, prefix + "_PORT", url);
    is_first = false;
    set(environment, name, url);
    set(environment, name + "_PROTO", lower);
    set(environment, name + "_PORT", std::to_string(port.port));
    set(environment, name + "_ADDR", ip);
  }
}

void add_services(const core::v1::Pod& pod, const PodReferences& references, Environment& environment) {
  for (const auto& service : references.services) {
    bool master = service->metadata.namespace_ == "default" && service->metadata.name == "kubernetes";
    bool linked = service->metadata.namespace_ == pod.metadata.namespace_ && pod.spec.enableServiceLinks.value_or(true);
    if (master || linked) add_service(*service, environment);
  }
}

template <class T>
const T* object_of(const std::map<std::string, std::shared_ptr<const T>, std::less<>>& map, std::string_view name) {
  auto found = map.find(name);
  return found == map.end() ? nullptr : found->second.get();
}

Result<void> add_from(const core::v1::EnvFromSource& source, const PodReferences& references, Environment& environment) {
  if (source.configMapRef) {
    const std::string& name = source.configMapRef->localObjectReference.name;
    const auto* map = object_of(references.config_maps, name);
    if (map == nullptr && source.configMapRef->optional.value_or(false)) return {};
    if (map == nullptr) return fail(Reason::BadRequest, "configmap \"" + name + "\" not found");
    for (const auto& [key, value] : map->data) set(environment, source.prefix + key, value);
  }
  if (source.secretRef) {
    const std::string& name = source.secretRef->localObjectReference.name;
    const auto* secret = object_of(references.secrets, name);
    if (secret == nullptr && source.secretRef->optional.value_or(false)) return {};
    if (secret == nullptr) return fail(Reason::BadRequest, "secret \"" + name + "\" not found");
    for (const auto& [key, value] : secret->data) set(environment, source.prefix + key, value);
  }
  return {};
}

// nullopt: an optional reference to nothing; the variable is left out.
Result<std::optional<std::string>> referred(const core::v1::Pod& pod, const core::v1::Container& container,
                                            const core::v1::EnvVarSource& source, const PodReferences& references,
                                            const NodeAllocatable& node) {
  if (source.fieldRef) {
    TRY_ASSIGN(std::string value, field_text(pod, source.fieldRef->fieldPath));
    return value;
  }
  if (source.resourceFieldRef) {
    const core::v1::Container* of = &container;
    const std::string& name = source.resourceFieldRef->containerName;
    for (const auto* list : {&pod.spec.initContainers, &pod.spec.containers})
      for (const auto& other : *list)
        if (!name.empty() && other.name == name) of = &other;
    TRY_ASSIGN(std::string value, resource_text(*of, *source.resourceFieldRef, node));
    return value;
  }
  if (source.configMapKeyRef) {
    const auto& ref = *source.configMapKeyRef;
    bool optional = ref.optional.value_or(false);
    const auto* map = object_of(references.config_maps, ref.localObjectReference.name);
    if (map == nullptr && optional) return std::nullopt;
    if (map == nullptr) return fail(Reason::BadRequest, "configmap \"" + ref.localObjectReference.name + "\" not found");
    if (auto found = map->data.find(ref.key); found != map->data.end()) return found->second;
    if (optional) return std::nullopt;
    return fail(Reason::BadRequest, "couldn't find key " + ref.key + " in ConfigMap " + pod.metadata.namespace_ + "/" +
                                        ref.localObjectReference.name);
  }
  if (source.secretKeyRef) {
    const auto& ref = *source.secretKeyRef;
    bool optional = ref.optional.value_or(false);
    const auto* secret = object_of(references.secrets, ref.localObjectReference.name);
    if (secret == nullptr && optional) return std::nullopt;
    if (secret == nullptr) return fail(Reason::BadRequest, "secret \"" + ref.localObjectReference.name + "\" not found");
    if (auto found = secret->data.find(ref.key); found != secret->data.end()) return found->second;
    if (optional) return std::nullopt;
    return fail(Reason::BadRequest,
                "couldn't find key " + ref.key + " in Secret " + pod.metadata.namespace_ + "/" + ref.localObjectReference.name);
  }
  return fail(Reason::BadRequest, "environment variable source is not supported");
}

}  // namespace

void add_environment_references(const core::v1::Container& container, ReferenceNames& names) {
  for (const auto& source : container.envFrom) {
    if (source.configMapRef) names.config_maps.insert(source.configMapRef->localObjectReference.name);
    if (source.secretRef) names.secrets.insert(source.secretRef->localObjectReference.name);
  }
  for (const auto& variable : container.env) {
    if (!variable.valueFrom) continue;
    if (variable.valueFrom->configMapKeyRef)
      names.config_maps.insert(variable.valueFrom->configMapKeyRef->localObjectReference.name);
    if (variable.valueFrom->secretKeyRef) names.secrets.insert(variable.valueFrom->secretKeyRef->localObjectReference.name);
  }
}

Result<Environment> container_environment(const core::v1::Pod& pod, const core::v1::Container& container,
                                          const PodReferences& references, const NodeAllocatable& node) {
  Environment services;
  add_services(pod, references, services);
  Environment out;
  for (const auto& source : container.envFrom) TRY(add_from(source, references, out));
  for (const auto& variable : container.env) {
    if (!variable.valueFrom) {
      Environment seen = out;
      for (const auto& [name, value] : services)
        if (lookup(seen, name) == nullptr) seen.emplace_back(name, value);
      set(out, variable.name, expand(variable.value, seen));
      continue;
    }
    TRY_ASSIGN(std::optional<std::string> value, referred(pod, container, *variable.valueFrom, references, node));
    if (value) set(out, variable.name, std::move(*value));
  }
  for (auto& [name, value] : services)
    if (lookup(out, name) == nullptr) out.emplace_back(name, value);
  return out;
}

std::string expand(std::string_view text, const Environment& environment, std::vector<std::string>* missing) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    if (text[i + 1] == '$') {
      out += '$';
      ++i;
      continue;
    }
    std::size_t end = text[i + 1] == '(' ? text.find(')', i + 2) : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += '$';
      continue;
    }
    std::string_view name = text.substr(i + 2, end - i - 2);
    const std::string* value = lookup(environment, name);
    if (value == nullptr && missing != nullptr) missing->emplace_back(name);
    out += value != nullptr ? std::string_view(*value) : text.substr(i, end - i + 1);
    i = end;
  }
  return out;
}

}  // namespace charon::node

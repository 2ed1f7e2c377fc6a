#include "server/aggregation/api_services.h"

#include "api/apiregistration/v1/types.h"
#include "model/kind.h"

namespace charon::server {
namespace {

const RemoteDocumentsPtr& no_documents() {
  static const RemoteDocumentsPtr kNone = std::make_shared<const RemoteDocuments>();
  return kNone;
}

ApiServicePtr read(const model::Document& document) {
  auto object = document.as<apiregistration::v1::APIService>();
  auto made = std::make_shared<ApiService>();
  made->name = document.key().name;
  made->group = object->spec.group;
  made->version = object->spec.version;
  made->group_priority = object->spec.groupPriorityMinimum;
  made->version_priority = object->spec.versionPriority;
  for (const auto& condition : object->status.conditions)
    if (condition.type == "Available") made->available = condition.status == "True";
  const auto& service = object->spec.service;
  if (!service || made->group.empty() || made->group == api_service_kind().gv.group) return made;
  made->remote = true;
  made->service = {service->namespace_, service->name};
  made->port = service->port.value_or(443);
  made->ca_pem = object->spec.caBundle;
  made->skip_verify = object->spec.insecureSkipTLSVerify;
  return made;
}

// Whether what one server said may stand for the other.
bool same_server(const ApiService& one, const ApiService& other) {
  return one.remote && other.remote && one.service == other.service && one.port == other.port;
}

std::string name_of(std::string_view group, std::string_view version) { return std::string(version).append(".").append(group); }

}  // namespace

const model::Kind& api_service_kind() {
  static const model::Kind& kind = *model::find_kind({"apiregistration.k8s.io", "v1"}, "APIService");
  return kind;
}

ApiServices::ApiServices(Caches& caches) {
  Cache& cache = caches.of(api_service_kind());
  observation_ = cache.observe([this](const Change& change) {
    if (change.after) {
      put(change.after);
    } else {
      drop(change.before->key().name);
    }
  });
  cache.each("", nullptr, [this](const DocumentPtr& document) {
    put(document);
    return true;
  });
}

void ApiServices::put(const DocumentPtr& document) {
  ApiServicePtr made = read(*document);
  Entry& entry = by_name_[made->name];
  if (entry.service && *entry.service == *made) return;
  ++generation_;
  if (made->remote || (entry.service && entry.service->remote)) ++remote_generation_;
  if (!entry.documents || !same_server(*entry.service, *made)) entry.documents = no_documents();
  entry.service = std::move(made);
}

void ApiServices::drop(const std::string& name) {
  auto found = by_name_.find(name);
  if (found == by_name_.end()) return;
  ++generation_;
  if (found->second.service->remote) ++remote_generation_;
  by_name_.erase(found);
}

// An object's name is made of its version and group (the kind's rules).
ApiServicePtr ApiServices::find(std::string_view group, std::string_view version) const {
  return by_name(name_of(group, version));
}

ApiServicePtr ApiServices::find_remote(std::string_view group, std::string_view version) const {
  ApiServicePtr found = find(group, version);
  return found && found->remote ? found : nullptr;
}

ApiServicePtr ApiServices::by_name(std::string_view name) const {
  auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second.service;
}

std::vector<ApiServices::Remote> ApiServices::remotes() const {
  std::vector<Remote> list;
  for (const auto& [name, entry] : by_name_)
    if (entry.service->remote) list.push_back({entry.service, entry.documents});
  return list;
}

std::vector<ApiServicePtr> ApiServices::all() const {
  std::vector<ApiServicePtr> list;
  for (const auto& [name, entry] : by_name_) list.push_back(entry.service);
  return list;
}

void ApiServices::set_documents(const ApiService& service, RemoteDocumentsPtr documents) {
  auto found = by_name_.find(service.name);
  if (found == by_name_.end() || !same_server(*found->second.service, service)) return;
  found->second.documents = std::move(documents);
  ++generation_;
  ++remote_generation_;
}

RemoteDocumentsPtr ApiServices::documents(std::string_view name) const {
  auto found = by_name_.find(name);
  return found == by_name_.end() ? no_documents() : found->second.documents;
}

}  // namespace charon::server

#include "server/authz/authorizer.h"

#include <memory>

namespace charon::server {

Attributes attributes_of(const Request& request) {
  return {
      .user = &request.user,
      .verb = request.verb,
      .group = request.kind->gv.group,
      .version = request.kind->gv.version,
      .resource = request.kind->plural,
      .subresource = request.subresource,
      .ns = request.kind->namespaced || request.kind->kind == "Namespace" ? std::string_view(request.ns) : std::string_view(),
      .name = request.name};
}

Error forbidden(const Attributes& attributes, const Decision& decision) {
  std::string user = "User \"" + attributes.user->name + "\" cannot " + std::string(attributes.verb);
  std::string why = decision.reason.empty() ? "" : ": " + decision.reason;
  if (!attributes.resource_request)
    return {Reason::Forbidden, "forbidden: " + user + " path \"" + std::string(attributes.path) + "\"" + why, nullptr};
  std::string resource(attributes.resource);
  if (!attributes.subresource.empty()) resource.append("/").append(attributes.subresource);
  std::string text = std::string(attributes.resource);
  if (!attributes.group.empty()) text.append(".").append(attributes.group);
  if (!attributes.name.empty()) text += " \"" + std::string(attributes.name) + "\"";
  text += " is forbidden: " + user + " resource \"" + resource + "\" in API group \"" + std::string(attributes.group) + "\"";
  text += attributes.ns.empty() ? " at the cluster scope" : " in the namespace \"" + std::string(attributes.ns) + "\"";
  auto details = std::make_shared<StatusDetails>();
  details->name = attributes.name;
  details->group = attributes.group;
  details->kind = attributes.resource;
  return {Reason::Forbidden, text + why, details};
}

}  // namespace charon::server

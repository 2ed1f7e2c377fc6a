#include "server/authz/authorizer.h"

#include <memory>

namespace charon::server {
namespace {

class Union final : public Authorizer {
 public:
  explicit Union(std::vector<std::unique_ptr<Authorizer>> parts) : parts_(std::move(parts)) {}

  Decision authorize(const Attributes& attributes) const override {
    std::string reasons;
    for (const auto& part : parts_) {
      Decision decision = part->authorize(attributes);
      if (decision.allowed) return decision;
      if (!decision.reason.empty()) reasons += (reasons.empty() ? "" : "\n") + decision.reason;
    }
    return {false, std::move(reasons)};
  }

  UserRules rules_for(const User& user, std::string_view ns) const override {
    UserRules all;
    for (const auto& part : parts_) {
      UserRules some = part->rules_for(user, ns);
      all.rules.insert(all.rules.end(), std::make_move_iterator(some.rules.begin()), std::make_move_iterator(some.rules.end()));
      all.incomplete = all.incomplete || some.incomplete;
      if (!some.error.empty()) all.error += (all.error.empty() ? "" : ", ") + some.error;
    }
    return all;
  }

 private:
  std::vector<std::unique_ptr<Authorizer>> parts_;
};

bool selects(std::string_view verb) { return verb == "list" || verb == "watch" || verb == "deletecollection"; }

void add_selectors(const Request& request, Attributes& attributes) {
  if (auto fields = model::FieldSelector::parse(request.field_selector); fields && !fields->empty())
    attributes.field_requirements = fields->requirements();
  if (auto labels = model::LabelSelector::parse(request.label_selector); labels && !labels->empty())
    attributes.label_requirements = labels->requirements();
  if (!attributes.name.empty()) return;
  for (const model::FieldRequirement& requirement : attributes.field_requirements)
    if (requirement.path == "metadata.name" && requirement.equal) attributes.name = requirement.value;
}

}  // namespace

std::unique_ptr<Authorizer> make_authorizer_union(std::vector<std::unique_ptr<Authorizer>> parts) {
  return std::make_unique<Union>(std::move(parts));
}

Attributes attributes_of(const Request& request) {
  Attributes attributes{
      .user = &request.user,
      .verb = request.verb,
      .group = request.kind->gv.group,
      .version = request.kind->gv.version,
      .resource = request.kind->plural,
      .subresource = request.subresource,
      .ns = request.kind->namespaced || request.kind->kind == "Namespace" ? std::string_view(request.ns) : std::string_view(),
      .name = request.name};
  if (selects(request.verb)) add_selectors(request, attributes);
  return attributes;
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
  if (!attributes.name.empty()) text += " \"" + attributes.name + "\"";
  text += " is forbidden: " + user + " resource \"" + resource + "\" in API group \"" + std::string(attributes.group) + "\"";
  text += attributes.ns.empty() ? " at the cluster scope" : " in the namespace \"" + std::string(attributes.ns) + "\"";
  auto details = std::make_shared<StatusDetails>();
  details->name = attributes.name;
  details->group = attributes.group;
  details->kind = attributes.resource;
  return {Reason::Forbidden, text + why, details};
}

}  // namespace charon::server

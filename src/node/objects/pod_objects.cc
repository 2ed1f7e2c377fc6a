#include "node/objects/pod_objects.h"

#include <utility>

#include "api/authentication/v1/types.h"
#include "client/typed.h"

namespace charon::node {
namespace {

template <class T>
rt::Task<Result<std::shared_ptr<const T>>> get_or_null(client::Transport& transport, std::string ns, std::string name) {
  auto found = co_await client::Client(transport).get<T>({std::move(ns), std::move(name)});
  if (!found && found.error().reason == Reason::NotFound) co_return std::shared_ptr<const T>();
  co_return found;
}

}  // namespace

rt::Task<Result<std::shared_ptr<const core::v1::ConfigMap>>> PodObjects::config_map(std::string ns, std::string name) {
  return get_or_null<core::v1::ConfigMap>(transport_, std::move(ns), std::move(name));
}

rt::Task<Result<std::shared_ptr<const core::v1::Secret>>> PodObjects::secret(std::string ns, std::string name) {
  return get_or_null<core::v1::Secret>(transport_, std::move(ns), std::move(name));
}

rt::Task<Result<Token>> PodObjects::token(std::shared_ptr<const core::v1::Pod> pod, TokenRequest request) {
  authentication::v1::TokenRequest body;
  body.metadata.name = pod->spec.serviceAccountName.empty() ? "default" : pod->spec.serviceAccountName;
  body.metadata.namespace_ = pod->metadata.namespace_;
  if (!request.audience.empty()) body.spec.audiences.push_back(request.audience);
  body.spec.expirationSeconds = request.expiration_s;
  auto& bound = body.spec.boundObjectRef.emplace();
  bound.kind = "Pod";
  bound.apiVersion = "v1";
  bound.name = pod->metadata.name;
  bound.uid = pod->metadata.uid;
  client::ResourceRef ref{&client::kind_of<core::v1::ServiceAccount>(), "token"};
  codec::Value tree = schema::tree_from_struct(authentication::v1::TokenRequest::table(), &body);
  CO_TRY_ASSIGN(model::DocumentPtr answer, co_await transport_.create(ref, pod->metadata.namespace_, std::move(tree)));
  // The answer is a TokenRequest, though the resource is a ServiceAccount's.
  codec::Value answered = answer->tree();
  CO_TRY_ASSIGN(auto read, schema::from_tree<authentication::v1::TokenRequest>(answered));
  co_return Token{read.status.token, read.status.expirationTimestamp};
}

rt::Task<Result<PodReferences>> PodObjects::references(std::shared_ptr<const core::v1::Pod> pod, ReferenceNames names) {
  PodReferences out;
  const std::string ns = pod->metadata.namespace_;
  for (const std::string& name : names.config_maps) {
    CO_TRY_ASSIGN(out.config_maps[name], co_await config_map(ns, name));
  }
  for (const std::string& name : names.secrets) {
    CO_TRY_ASSIGN(out.secrets[name], co_await secret(ns, name));
  }
  client::ResourceRef services{&client::kind_of<core::v1::Service>()};
  if (pod->spec.enableServiceLinks.value_or(true)) {
    CO_TRY_ASSIGN(client::ListResult listed, co_await transport_.list(services, {.ns = ns}));
    for (const auto& document : listed.items) out.services.push_back(document->as<core::v1::Service>());
  }
  auto master = co_await get_or_null<core::v1::Service>(transport_, "default", "kubernetes");
  if (master && *master && (ns != "default" || !pod->spec.enableServiceLinks.value_or(true))) out.services.push_back(*master);
  co_return out;
}

}  // namespace charon::node

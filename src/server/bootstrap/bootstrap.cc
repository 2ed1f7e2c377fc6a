#include "server/bootstrap/bootstrap.h"

#include <array>
#include <string_view>

#include "api/core/v1/types.h"
#include "api/scheduling/v1/types.h"
#include "client/typed.h"

namespace charon::server {
namespace {

constexpr std::array<const char*, 4> kNamespaces = {"default", "kube-system", "kube-public", "kube-node-lease"};

// AlreadyExists is success.
template <class T>
rt::Task<Result<void>> ensure(client::Client client, T object) {
  auto created = co_await client.create(std::move(object));
  if (!created && created.error().reason != Reason::AlreadyExists) co_return fail(std::move(created.error()));
  co_return Result<void>();
}

core::v1::Namespace make_namespace(const char* name) {
  core::v1::Namespace ns;
  ns.metadata.name = name;
  ns.metadata.labels["kubernetes.io/metadata.name"] = name;
  return ns;
}

scheduling::v1::PriorityClass make_priority_class(const char* name, std::int32_t value, const char* description) {
  scheduling::v1::PriorityClass priority;
  priority.metadata.name = name;
  priority.value = value;
  priority.description = description;
  return priority;
}

// Creates the object, or brings an older one to this state.
template <class T>
rt::Task<Result<void>> put(client::Client client, T object) {
  auto present = co_await client.get<T>({object.metadata.namespace_, object.metadata.name});
  if (!present) co_return co_await ensure(client, std::move(object));
  auto updated = co_await client.update(std::move(object));
  if (!updated) co_return fail(std::move(updated.error()));
  co_return Result<void>();
}

}  // namespace

rt::Task<Result<void>> bootstrap(client::Transport& transport, BootstrapOptions options) {
  client::Client client(transport);
  for (const char* name : kNamespaces) CO_TRY(co_await ensure(client, make_namespace(name)));
  // The values and names that pods of every distribution refer to; user classes end at a billion.
  CO_TRY(co_await ensure(client, make_priority_class("system-cluster-critical", 2000000000,
                                                     "For pods that the cluster needs, wherever they run.")));
  CO_TRY(co_await ensure(client, make_priority_class("system-node-critical", 2000001000,
                                                     "For pods that their node needs and that must not move.")));
  CO_TRY(co_await settle_kubernetes_service(transport, options.service));
  if (options.authentication) CO_TRY(co_await put(client, *options.authentication));
  co_return Result<void>();
}

}  // namespace charon::server

// NamespaceContent: deletes what aggregated servers hold in a namespace that ends. Only they know of it, and whoever made the
// namespace anew would own it.
//
// Every namespaced resource that they can delete counts, as their discovery documents say. What they answer is anybody's:
// calls are bounded in time and size, and no more than kItems objects of a resource are looked at in one go.
// On the server's loop. Source: k8s.io/kubernetes pkg/controller/namespace/deletion.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "codec/value.h"
#include "net/client.h"
#include "rt/loop.h"
#include "rt/task.h"
#include "server/aggregation/api_services.h"
#include "server/aggregation/remote_servers.h"
#include "server/authz/authorizer.h"

namespace charon::server {

class NamespaceContent {
 public:
  static constexpr std::chrono::seconds kCallTime{30};
  static constexpr std::size_t kItems = 500;

  // All must outlive it and its calls.
  NamespaceContent(rt::Loop& loop, const ApiServices& services, RemoteServers& servers, const Authorizer& authorizer)
      : loop_(loop), services_(services), servers_(servers), authorizer_(authorizer) {}

  // As `user`, who must be allowed to. Success: nothing is left. Conflict: what is there still, in Kubernetes' words ("Some
  // resources are remaining: ..."); other errors say which servers could not be asked.
  rt::Task<Result<void>> remove(User user, std::string ns);

 private:
  struct Resource;
  std::vector<Resource> resources(const ApiServices::Remote& remote, const std::string& ns) const;
  // How many are left.
  rt::Task<Result<std::size_t>> remove_all(const User& user, const std::string& ns, const Resource& resource);
  Result<void> check_allowed(const User& user, const std::string& ns, const Resource& resource) const;
  // nullopt: the server does not list or, of an object, does not have it.
  rt::Task<Result<std::optional<codec::Array>>> list(const User& user, const Resource& resource);
  rt::Task<Result<int>> remove_one(const User& user, const Resource& resource, std::string path);
  rt::Task<Result<net::ClientResponse>> call(const User& user, ApiServicePtr service, net::ClientRequest request);

  rt::Loop& loop_;
  const ApiServices& services_;
  RemoteServers& servers_;
  const Authorizer& authorizer_;
};

}  // namespace charon::server

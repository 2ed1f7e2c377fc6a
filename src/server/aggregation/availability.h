// Availability: judges whether the server behind each APIService can be reached, writes its condition Available, and reads what
// the server says of itself (discovery, OpenAPI) for all who ask this server.
//
// A check is made when the APIService, its Service or its endpoints change, and every half minute. It asks the server for its
// discovery document as requests are sent to it; other than in Kubernetes, where the check believes any certificate, a wrong
// caBundle is therefore seen in the condition. Documents of a server that fails are kept, marked as not current.
// Lives on the server's loop; destroying it stops it. Source: kube-aggregator's availability, discovery and OpenAPI
// controllers.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "net/client.h"
#include "rt/loop.h"
#include "rt/scope.h"
#include "rt/sync.h"
#include "server/aggregation/api_services.h"
#include "server/aggregation/remote_servers.h"
#include "server/api.h"
#include "server/condition.h"

namespace charon::server {

class Availability {
 public:
  // Begins at once. All must outlive it.
  Availability(Api& api, ApiServices& services, RemoteServers& servers, Metrics& metrics);
  ~Availability();
  Availability(const Availability&) = delete;

 private:
  // What looks after one APIService.
  struct Watcher {
    explicit Watcher(rt::Loop& loop) : changed(loop) {}
    rt::Event changed;
    std::string openapi_v2_etag;
    std::optional<rt::Instant> openapi_read;
    int failures = 0;  // in a row
  };

  void observe(const model::Kind& kind, Cache::Observer observer);
  void look_at(const std::string& name);
  void look_at_users_of(const ObjectKey& service);
  rt::Task<void> watch_over(std::string name, std::shared_ptr<Watcher> watcher);
  rt::Task<Condition> check(ApiServicePtr service, std::shared_ptr<Watcher> watcher);
  std::optional<Condition> check_service(const ApiService& service) const;
  rt::Task<Result<std::string>> read_discovery(ApiServicePtr service);
  rt::Task<void> read_openapi(ApiServicePtr service, std::shared_ptr<Watcher> watcher, RemoteDocuments& documents);
  rt::Task<Result<net::ClientResponse>> fetch(ApiServicePtr service, std::string path, net::Headers headers);
  rt::Task<Result<void>> write(std::string name, Condition condition);

  Api& api_;
  ApiServices& services_;
  RemoteServers& servers_;
  Metrics::Family& unavailable_;
  Metrics::Family& unavailable_total_;
  const Cache& objects_;
  const Cache& service_objects_;
  const Cache& slices_;
  std::map<std::string, std::shared_ptr<Watcher>, std::less<>> watchers_;  // by APIService
  std::vector<Cache::Observation> observations_;
  rt::Scope scope_;  // last: its tasks use all of the above
};

}  // namespace charon::server

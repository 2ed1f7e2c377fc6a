// ApiServices: the APIService objects as a table by group version, with what the servers behind them say of themselves.
//
// Routing, discovery and OpenAPI look group versions up here. Lives on the server's loop and follows the cache at once. What is
// returned is immutable and may be kept.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/tree.h"
#include "server/cache.h"

namespace charon::server {

// One of spec.service's servers, or this one.
struct ApiService {
  std::string name;  // of the object: "v1.wardle.example.com"
  std::string group;
  std::string version;
  bool remote =
      false;  // behind a Service; never so for the core group and apiregistration.k8s.io, which are always served here
  ObjectKey service;
  int port = 443;
  std::string ca_pem;        // empty: the system's roots
  bool skip_verify = false;  // the server's certificate is not looked at
  int group_priority = 0;
  int version_priority = 0;
  bool available = false;

  std::string group_version() const { return group.empty() ? version : group + "/" + version; }
  bool operator==(const ApiService&) const = default;
};
using ApiServicePtr = std::shared_ptr<const ApiService>;

// What was last read from the server of a remote API service.
struct RemoteDocuments {
  bool current = false;  // the last attempt to read them succeeded
  // APIVersionDiscovery.resources of apidiscovery.k8s.io/v2.
  codec::Array resources;
  // The hash by which its server names the document of the group version; empty: it has no OpenAPI v3.
  std::string openapi_v3_hash;
  // Of its OpenAPI v2 document the "paths" and "definitions" of the group version; null: none.
  std::shared_ptr<const codec::Object> openapi_v2;
};
using RemoteDocumentsPtr = std::shared_ptr<const RemoteDocuments>;

class ApiServices {
 public:
  // `caches` must outlive it.
  explicit ApiServices(Caches& caches);
  ApiServices(const ApiServices&) = delete;

  // Null when there is none, or none with such a server.
  ApiServicePtr find(std::string_view group, std::string_view version) const;
  ApiServicePtr find_remote(std::string_view group, std::string_view version) const;
  ApiServicePtr by_name(std::string_view name) const;
  struct Remote {
    ApiServicePtr service;
    RemoteDocumentsPtr documents;  // never null
  };
  std::vector<Remote> remotes() const;  // by name
  std::vector<ApiServicePtr> all() const;

  // Of a remote API service; dropped when it is gone or another server's.
  void set_documents(const ApiService& service, RemoteDocumentsPtr documents);
  RemoteDocumentsPtr documents(std::string_view name) const;  // never null

  // Goes up with each change of the table, and with each change of what is remote.
  std::uint64_t generation() const { return generation_; }
  std::uint64_t remote_generation() const { return remote_generation_; }

 private:
  struct Entry {
    ApiServicePtr service;
    RemoteDocumentsPtr documents;
  };
  void put(const DocumentPtr& document);
  void drop(const std::string& name);

  std::map<std::string, Entry, std::less<>> by_name_;
  std::uint64_t generation_ = 0;
  std::uint64_t remote_generation_ = 0;
  Cache::Observation observation_;
};

// The kind APIService itself.
const model::Kind& api_service_kind();

}  // namespace charon::server

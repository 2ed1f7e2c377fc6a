// Which objects belong to which node: those that the node's pods name, and what these name in turn.
//
//   node <- pod <- secret, config map, service account, resource claim, persistent volume claim
//                  persistent volume claim <- persistent volume <- secret
//
// Kept up to date with every change of a pod or volume, so that a question is a look-up; a pod that was bound a moment ago
// counts already when the binding is answered. Mirror pods give access to nothing, as their node makes them up.
//
// Source: k8s.io/kubernetes plugin/pkg/auth/authorizer/node/graph.go.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "api/core/v1/types.h"
#include "server/cache.h"

namespace charon::server {

class NodeGraph {
 public:
  enum class Type : std::uint8_t { Secret, ConfigMap, ServiceAccount, ResourceClaim, Claim };

  // Starts from what the caches hold, which must have been read from the store. `caches` must outlive it.
  explicit NodeGraph(Caches& caches);
  NodeGraph(const NodeGraph&) = delete;

  // Whether a pod on `node` uses the object, directly or through its volumes.
  bool uses(std::string_view node, Type type, std::string_view ns, std::string_view name) const;
  bool uses_volume(std::string_view node, const std::string& volume) const;

  std::size_t objects() const { return users_.size(); }

 private:
  using Object = std::tuple<Type, std::string, std::string>;  // namespace, name
  using Counts = std::map<std::string, int, std::less<>>;     // pods by node

  static std::vector<Object> objects_of(const core::v1::Pod& pod);
  static std::vector<Object> secrets_of(const core::v1::PersistentVolume& volume);
  void count(const core::v1::Pod& pod, int step);
  void change_pod(const Change& change);
  void change_volume(const Change& change);

  Cache& volumes_;
  std::map<Object, Counts> users_;
  std::map<Object, std::set<std::string>> secret_volumes_;  // which volumes name a secret
  std::vector<Cache::Observation> observations_;
};

}  // namespace charon::server

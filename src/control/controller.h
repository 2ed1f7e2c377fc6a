// Controller: a declaration of what it watches, and a pure function from what it sees to a plan.
//
// A reconcile looks at the whole state of its key each time (level triggered), never at the event that woke it; it does no
// I/O, reads no clock and draws no random numbers. Mutable members are not allowed: `reconcile` is const.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "client/informer.h"
#include "client/path_reader.h"
#include "control/plan.h"
#include "control/queue.h"
#include "model/registry.h"
#include "rt/task.h"

namespace charon::control {

// Read access to the caches of the kinds that a controller watches (or declares in `reads`).
class View {
 public:
  explicit View(client::InformerSet& informers) : informers_(informers) {}

  template <class T>
  std::shared_ptr<const T> get(const model::ObjectKey& key) const {
    return of<T>().template get<T>(key);
  }
  template <class T>
  std::vector<std::shared_ptr<const T>> list(std::string_view ns = {}) const {
    return of<T>().template list<T>(ns);
  }
  template <class T>
  std::vector<std::shared_ptr<const T>> list(std::string_view ns, const model::LabelSelector& selector) const {
    return of<T>().template list<T>(ns, selector);
  }
  template <class T>
  std::vector<std::shared_ptr<const T>> owned_by(std::string_view uid) const {
    return of<T>().template owned_by<T>(uid);
  }
  template <class T>
  std::vector<std::shared_ptr<const T>> by(std::string_view index, std::string_view value) const {
    return of<T>().template by<T>(index, value);
  }
  // For controllers that work on any kind. Makes the informer when there is none yet.
  client::Informer& of(const model::Kind& kind) const { return informers_.of(kind); }
  template <class T>
  client::Informer& of() const {
    return informers_.of<T>();
  }

 private:
  client::InformerSet& informers_;
};

// A change of one watched object. `before` is null when it was added, `now` when it was deleted.
struct Change {
  const model::Kind& kind;
  model::DocumentPtr before;
  model::DocumentPtr now;
  const model::DocumentPtr& latest() const { return now ? now : before; }
};

// Appends the keys that the change concerns.
using KeyMapping = std::function<void(const Change& change, const View& view, std::vector<Key>& keys)>;

struct Watch {
  model::KindRef kind;
  KeyMapping map;
};

// The object itself.
Watch watch_self(const model::Kind& kind);
// The object's controller (its ownerReference with controller: true), before and after the change, when it is of `owner`.
Watch watch_controlled(const model::Kind& kind, const model::Kind& owner);
template <class T>
Watch watch_self() {
  return watch_self(client::kind_of<T>());
}
template <class T, class Owner>
Watch watch_controlled() {
  return watch_controlled(client::kind_of<T>(), client::kind_of<Owner>());
}

struct Index {
  const model::Kind* kind = nullptr;
  std::string name;
  client::IndexFunction function;
};

// What a controller asked of somebody before it decides; its own matter.
using Answers = std::shared_ptr<const void>;

struct Request {
  Key key;
  // What ended the last plan for this key; empty when it succeeded.
  std::optional<Error> failure;
  // What the last plan for this key left; null when it left nothing.
  std::shared_ptr<const Memory> memory;
  Answers answers;  // what `ask` returned
};

class Controller {
 public:
  virtual ~Controller() = default;

  // "replicaset-controller": also the component in its events.
  virtual std::string_view name() const = 0;
  // The label of its queue in /metrics. As in Kubernetes, most are named like the controller: "endpoint_slice".
  virtual std::string queue_name() const;
  virtual std::vector<Watch> watches() const = 0;
  // Of controllers over all kinds: what tells that there are other kinds now. The runner then asks for `watches` again.
  virtual const model::KindRegistry* kinds() const { return nullptr; }
  // Kinds that reconcile reads without being woken by them.
  virtual std::vector<const model::Kind*> reads() const { return {}; }
  virtual std::vector<Index> indexes() const { return {}; }
  // How many keys may be worked on at once.
  virtual int workers() const { return 5; }

  // For the few that must know what no cache shows (measurements): the place for I/O, before each reconcile. `view` outlives
  // the task. What it learns is of a moment; reconcile looks at the caches again.
  virtual rt::Task<Answers> ask(Request request, const View& view) const;
  virtual Plan reconcile(const Request& request, const View& view, Time now) const = 0;
};

// What a controller may need to know of the cluster beside its objects. Each folder of controllers/ has a `make` that takes it;
// the list of all (controllers/list.h) is written from the folder names by the build.
struct ControllerSettings {
  std::string cluster_ca_pem;           // published as the ConfigMap kube-root-ca.crt
  std::string cluster_ca_key_pem;       // signs approved certificate requests; empty: none is signed
  std::string service_account_key_pem;  // signs the tokens of secrets; empty: none is filled
  std::string server_url;               // of the API server, as machines that join reach it; published in cluster-info
  std::string cluster_cidr;             // pod addresses, of which each node gets a part; empty: nodes bring their own
  // Of the server in this process; outlives the controllers.
  const model::KindRegistry* kinds = nullptr;
  // Reads aggregated APIs (metrics); outlives the controllers. Null: none is served.
  client::PathReader* apis = nullptr;
};

// A suffix like generateName's that depends only on its arguments: the same create, retried, has the same name.
// `seed` identifies the parent (its uid), `attempt` the child among its siblings.
std::string stable_suffix(std::string_view seed, std::uint64_t attempt);

}  // namespace charon::control

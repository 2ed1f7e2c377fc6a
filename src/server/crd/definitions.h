// Definitions: serves custom resources. Follows the CustomResourceDefinitions, writes their conditions, and keeps the caches
// and the registry of kinds as they say.
//
// A definition whose names are accepted is established: its kinds are in the registry before the condition tells so. One that
// is being deleted refuses new objects; when all of its objects are gone it loses its finalizer, and with it goes all the rest.
// Lives on the server's loop; destroying it stops it.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "codec/tree.h"
#include "rt/loop.h"
#include "rt/net.h"
#include "rt/random.h"
#include "rt/scope.h"
#include "rt/sync.h"
#include "server/api.h"
#include "server/cache.h"
#include "server/crd/custom_kind.h"
#include "server/crd/webhook_converter.h"

namespace charon::server::crd {

class Definitions {
 public:
  // All must outlive it. Conversion webhooks are called over `net`.
  Definitions(rt::Loop& loop, rt::Net& net, rt::Random& random, Caches& caches);
  ~Definitions();
  Definitions(const Definitions&) = delete;

  // Serves what is established already, while the caches start (the callback of Caches::start).
  void load();
  // Follows the definitions from now on. `api` must outlive it.
  void start(Api& api);

 private:
  // What a definition's kinds were made of; other kinds are made when it differs.
  struct Served {
    std::string uid;
    std::int64_t generation = 0;
    bool terminating = false;
    codec::Value names;
    std::shared_ptr<const model::Kind> stored;  // the kind of the storage version
    bool operator==(const Served& other) const;
  };

  rt::Task<void> follow();
  rt::Task<void> work();
  rt::Task<Result<void>> reconcile(std::string name);
  rt::Task<Result<void>> serve(const codec::Value& definition);
  void drop(const std::string& name);
  // The definitions of the same group: a name may be free for them now.
  void look_again(std::string_view group, const std::string& but);
  rt::Task<Result<void>> write_status(const codec::Value& definition);
  rt::Task<void> clean_up(std::string name);
  rt::Task<Result<bool>> remove_objects(std::string name);
  codec::Value current(const std::string& name) const;  // null when it is gone
  void enqueue(const std::string& name);
  rt::Task<void> enqueue_later(std::string name);

  CustomKinds make(const codec::Value& definition) const;

  rt::Loop& loop_;
  ConversionHost conversion_;
  Caches& caches_;
  Cache& definitions_;
  Api* api_ = nullptr;
  std::map<std::string, Served, std::less<>> served_;
  std::set<std::string, std::less<>> queue_;
  std::set<std::string, std::less<>> cleaning_;
  rt::Event waiting_;
  rt::Scope scope_;  // last: its tasks use all of the above
};

}  // namespace charon::server::crd

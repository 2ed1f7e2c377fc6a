// The running account of ResourceQuotas: charges new usage to the quotas' status before objects are stored.
//
// Requests of one namespace that come together are charged together, by one compare-and-set over the quotas that change.
// Between a charge and the commit of its object the quota controller may add up without that object and write a lower number:
// charges whose object such a sum cannot have seen are added to it again.
//
// Source: apiserver's pkg/admission/plugin/resourcequota (rules, batches and texts). Runs on the server's loop.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/quota_usage.h"
#include "rt/loop.h"
#include "rt/scope.h"
#include "rt/sync.h"
#include "rt/task.h"
#include "server/cache.h"
#include "store/store.h"

namespace charon::server {

// What one write would use.
struct QuotaCharge {
  model::KindRef kind;
  ObjectKey key;
  model::QuotaObject object;
  std::optional<model::QuotaObject> before;  // of an update
  Revision before_revision = 0;              // likewise; 0 for a create
  bool dry_run = false;
};

class QuotaLedger {
 public:
  // All must outlive it.
  QuotaLedger(rt::Loop& loop, store::Store& store, Caches& caches);

  bool has_quotas(const std::string& ns) const;
  // Forbidden says which quota would be exceeded and by what; the message is without the object's name.
  rt::Task<Result<void>> charge(QuotaCharge charge);
  // The object is there, and about to go: nothing waits for it any more.
  void forget(const model::Kind& kind, const ObjectKey& key);

 private:
  struct Waiter;
  struct Account;
  // A charge of which the object may not be in the caches yet.
  struct Pending {
    model::KindRef kind;
    ObjectKey key;
    Revision before_revision = 0;
    model::ResourceList amounts;
    rt::Instant until;
  };
  struct History {
    Revision written = 0;  // by us
    std::vector<Pending> pending;
  };

  rt::Task<void> work(std::string ns);
  rt::Task<void> settle(std::string ns, std::vector<std::shared_ptr<Waiter>> waiters);
  std::vector<Account> open_accounts(const std::string& ns);
  void add_pending(Account& account);
  bool unseen(const Pending& pending, Revision sum) const;
  Result<void> charge_all(std::vector<Account>& accounts, Waiter& waiter) const;
  rt::Task<Result<Revision>> commit(std::vector<Account>* accounts);
  void remember(const std::vector<Account>& accounts, Revision revision);

  rt::Loop& loop_;
  store::Store& store_;
  Caches& caches_;
  Cache& quotas_;
  std::map<std::string, std::vector<std::shared_ptr<Waiter>>> waiting_;  // by namespace; an entry: somebody works on it
  std::map<ObjectKey, History> histories_;
  rt::Scope workers_;
};

}  // namespace charon::server

#include "server/admission/resource_quota/ledger.h"

#include <algorithm>

#include "codec/tree.h"
#include "schema/convert.h"
#include "server/prepare.h"

namespace charon::server {
namespace {

using core::v1::ResourceQuota;
using model::QuotaObject;
using model::ResourceList;

constexpr int kTries = 8;                       // of the compare-and-set
constexpr std::chrono::seconds kCommitTime{5};  // by then a charged object is stored, or will not be

void add(ResourceList& list, const ResourceList& more) {
  for (const auto& [name, amount] : more) {
    auto [place, is_new] = list.try_emplace(name, amount);
    if (!is_new) place->second += amount;
  }
}

// "cpu=1,pods=2"
std::string amounts_text(const ResourceList& list, const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    auto found = list.find(name);
    if (found != list.end()) text += (text.empty() ? "" : ",") + name + "=" + found->second.text();
  }
  return text;
}

std::string names_text(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
  return text;
}

// What a write adds; less than nothing is nothing, for only the controller takes away.
ResourceList growth(const ResourceList& now, const ResourceList& before) {
  ResourceList more;
  for (const auto& [name, amount] : now) {
    Quantity difference = amount;
    if (auto old = before.find(name); old != before.end()) difference -= old->second;
    if (difference.sign() > 0) more[name] = difference;
  }
  return more;
}

}  // namespace

struct QuotaLedger::Waiter {
  Waiter(rt::Loop& loop, QuotaCharge what) : charge(std::move(what)), done(loop) {}

  QuotaCharge charge;
  ResourceList usage;         // of the object
  ResourceList before_usage;  // of the object before an update
  Result<void> outcome;
  rt::Event done;
};

// A quota while charges are put on it.
struct QuotaLedger::Account {
  DocumentPtr document;
  std::shared_ptr<const ResourceQuota> quota;
  ResourceList used;
  std::vector<std::pair<const Waiter*, ResourceList>> charged;
};

QuotaLedger::QuotaLedger(rt::Loop& loop, store::Store& store, Caches& caches)
    : loop_(loop),
      store_(store),
      caches_(caches),
      quotas_(caches.of(*model::find_kind({"", "v1"}, "ResourceQuota"))),
      workers_(loop) {}

bool QuotaLedger::has_quotas(const std::string& ns) const {
  bool found = false;
  quotas_.each(ns, nullptr, [&found](const DocumentPtr&) {
    found = true;
    return false;
  });
  return found;
}

rt::Task<Result<void>> QuotaLedger::charge(QuotaCharge charge) {
  std::string ns = charge.key.ns;
  auto waiter = std::make_shared<Waiter>(loop_, std::move(charge));
  Time now = loop_.clock().wall();
  waiter->usage = model::quota_usage(waiter->charge.object, now);
  if (waiter->charge.before) waiter->before_usage = model::quota_usage(*waiter->charge.before, now);
  auto [place, is_first] = waiting_.try_emplace(ns);
  place->second.push_back(waiter);
  if (is_first) workers_.spawn(work(ns));
  co_await waiter->done.wait();
  co_return std::move(waiter->outcome);
}

void QuotaLedger::forget(const model::Kind& kind, const ObjectKey& key) {
  for (auto& [quota, history] : histories_)
    std::erase_if(history.pending,
                  [&](const Pending& pending) { return pending.kind == model::KindRef(&kind) && pending.key == key; });
}

rt::Task<void> QuotaLedger::work(std::string ns) {
  for (;;) {
    auto place = waiting_.find(ns);
    if (place->second.empty()) {
      waiting_.erase(place);
      co_return;
    }
    std::vector<std::shared_ptr<Waiter>> waiters = std::exchange(place->second, {});
    auto settling = settle(ns, waiters);
    co_await settling;
    for (const auto& waiter : waiters) waiter->done.set();
  }
}

rt::Task<void> QuotaLedger::settle(std::string ns, std::vector<std::shared_ptr<Waiter>> waiters) {
  for (int attempt = 1;; ++attempt) {
    std::vector<Account> accounts = open_accounts(ns);
    for (const auto& waiter : waiters) waiter->outcome = charge_all(accounts, *waiter);
    bool changed = std::ranges::any_of(accounts, [](const Account& account) { return !account.charged.empty(); });
    if (!changed) co_return;
    auto committing = commit(&accounts);
    auto revision = co_await committing;
    if (revision) {
      remember(accounts, *revision);
      co_return;
    }
    if (revision.error().reason == Reason::Conflict && attempt < kTries) continue;
    for (const auto& waiter : waiters)
      if (waiter->outcome) waiter->outcome = fail(revision.error());
    co_return;
  }
}

std::vector<QuotaLedger::Account> QuotaLedger::open_accounts(const std::string& ns) {
  std::vector<Account> accounts;
  quotas_.each(ns, nullptr, [&](const DocumentPtr& document) {
    auto quota = document->as<ResourceQuota>();
    Account& account = accounts.emplace_back(document, quota, quota->status.used);
    add_pending(account);
    return true;
  });
  return accounts;
}

void QuotaLedger::add_pending(Account& account) {
  auto place = histories_.find(account.document->key());
  if (place == histories_.end()) return;
  History& history = place->second;
  rt::Instant now = loop_.clock().now();
  std::erase_if(history.pending, [now](const Pending& pending) { return pending.until < now; });
  if (history.pending.empty()) {
    histories_.erase(place);
    return;
  }
  Revision sum = account.document->revision();
  if (sum == history.written) return;
  for (const Pending& pending : history.pending)
    if (unseen(pending, sum)) add(account.used, pending.amounts);
}

// Whether a sum made at the revision `sum` may be without the charged object.
bool QuotaLedger::unseen(const Pending& pending, Revision sum) const {
  if (!caches_.serves(*pending.kind)) return false;
  DocumentPtr object = caches_.of(*pending.kind).get(pending.key);
  if (!object || object->revision() == pending.before_revision) return true;
  return object->revision() > sum;
}

Result<void> QuotaLedger::charge_all(std::vector<Account>& accounts, Waiter& waiter) const {
  const QuotaCharge& charge = waiter.charge;
  std::vector<std::pair<Account*, ResourceList>> charges;
  for (Account& account : accounts) {
    const ResourceQuota& quota = *account.quota;
    const ResourceList& hard = quota.status.hard;
    std::vector<std::string> bounded;
    for (const auto& [name, most] : hard)
      if (model::quota_counts(charge.object.resource, name)) bounded.push_back(name);
    if (bounded.empty() || !model::in_quota_scope(quota.spec, charge.object)) continue;
    const std::string& name = quota.metadata.name;
    if (std::string unsaid = model::unsaid_amounts(bounded, charge.object); !unsaid.empty())
      return fail(Reason::Forbidden, "failed quota: " + name + ": " + unsaid);
    for (const std::string& resource : bounded)
      if (!quota.status.used.contains(resource))
        return fail(Reason::Forbidden, "status unknown for quota: " + name + ", resources: " + names_text(bounded));
    bool counted_before = charge.before && model::in_quota_scope(quota.spec, *charge.before);
    ResourceList more = growth(waiter.usage, counted_before ? waiter.before_usage : ResourceList());
    std::erase_if(more, [&hard](const auto& entry) { return !hard.contains(entry.first); });
    std::vector<std::string> exceeded;
    for (const auto& [resource, amount] : more) {
      Quantity sum = account.used[resource];
      sum += amount;
      if (sum > hard.at(resource)) exceeded.push_back(resource);
    }
    if (!exceeded.empty())
      return fail(Reason::Forbidden, "exceeded quota: " + name + ", requested: " + amounts_text(more, exceeded) + ", used: " +
                                         amounts_text(account.used, exceeded) + ", limited: " + amounts_text(hard, exceeded));
    if (!more.empty()) charges.emplace_back(&account, std::move(more));
  }
  if (charge.dry_run) return {};
  for (auto& [account, more] : charges) {
    add(account->used, more);
    account->charged.emplace_back(&waiter, std::move(more));
  }
  return {};
}

rt::Task<Result<Revision>> QuotaLedger::commit(std::vector<Account>* accounts) {
  std::vector<store::Write> writes;
  for (const Account& account : *accounts) {
    if (account.charged.empty()) continue;
    codec::Value tree = account.document->tree();
    codec::ensure_object(tree, {"metadata"}).erase("resourceVersion");
    codec::Object used;
    for (const auto& [name, amount] : account.used) used[name] = amount.text();
    codec::ensure_object(tree, {"status"})["used"] = std::move(used);
    CO_TRY_ASSIGN(SharedBytes json, encode(quotas_.kind(), tree));
    writes.push_back({Caches::key_of(quotas_.kind(), account.document->key()), std::move(json), account.document->revision()});
  }
  co_return co_await store_.commit(std::move(writes));
}

void QuotaLedger::remember(const std::vector<Account>& accounts, Revision revision) {
  rt::Instant until = loop_.clock().now() + kCommitTime;
  for (const Account& account : accounts) {
    if (account.charged.empty()) continue;
    History& history = histories_[account.document->key()];
    history.written = revision;
    for (const auto& [waiter, amounts] : account.charged)
      history.pending.push_back({waiter->charge.kind, waiter->charge.key, waiter->charge.before_revision, amounts, until});
  }
}

}  // namespace charon::server

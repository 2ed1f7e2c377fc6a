#include "model/registry.h"

#include <utility>

namespace charon::model {
namespace {

std::string key_of(GroupVersion gv, std::string_view name) {
  std::string key(gv.group);
  return key.append("/").append(gv.version).append("/").append(name);
}

const Kind* find_in(const std::unordered_map<std::string, const Kind*>& index, GroupVersion gv, std::string_view name) {
  if (index.empty()) return nullptr;
  auto found = index.find(key_of(gv, name));
  return found == index.end() ? nullptr : found->second;
}

}  // namespace

const Kind* KindRegistry::find_kind(GroupVersion gv, std::string_view kind) const {
  const Kind* builtin = model::find_kind(gv, kind);
  return builtin != nullptr ? builtin : find_in(by_kind_, gv, kind);
}

const Kind* KindRegistry::find_resource(GroupVersion gv, std::string_view plural) const {
  const Kind* builtin = model::find_resource(gv, plural);
  return builtin != nullptr ? builtin : find_in(by_resource_, gv, plural);
}

const Kind& KindRegistry::canonical(const Kind& kind) const {
  auto found = custom_.find(kind.group_resource());
  if (!kind.custom || found == custom_.end()) return kind;
  for (const auto& version : found->second)
    if (version->canonical) return *version;
  return kind;
}

std::vector<KindRef> KindRegistry::all() const {
  std::vector<KindRef> kinds;
  kinds.reserve(builtin_kinds().size() + by_resource_.size());
  for (const Kind& kind : builtin_kinds()) kinds.emplace_back(&kind);
  for (const auto& [definition, versions] : custom_)
    for (const auto& kind : versions) kinds.emplace_back(kind.get());
  return kinds;
}

void KindRegistry::set(const std::string& definition, std::vector<std::shared_ptr<const Kind>> kinds) {
  if (kinds.empty()) {
    if (custom_.erase(definition) == 0) return;
  } else {
    custom_[definition] = std::move(kinds);
  }
  index();
  ++generation_;
  for (const auto& [id, listener] : listeners_) listener();
}

void KindRegistry::index() {
  by_kind_.clear();
  by_resource_.clear();
  for (const auto& [definition, versions] : custom_)
    for (const auto& kind : versions) {
      by_kind_[key_of(kind->gv, kind->kind)] = kind.get();
      by_resource_[key_of(kind->gv, kind->plural)] = kind.get();
    }
}

KindRegistry::Subscription KindRegistry::listen(std::function<void()> listener) const {
  Subscription subscription;
  subscription.registry_ = this;
  subscription.id_ = next_listener_++;
  listeners_.emplace(subscription.id_, std::move(listener));
  return subscription;
}

KindRegistry::Subscription::Subscription(Subscription&& other) noexcept
    : registry_(std::exchange(other.registry_, nullptr)), id_(other.id_) {}

KindRegistry::Subscription& KindRegistry::Subscription::operator=(Subscription&& other) noexcept {
  std::swap(registry_, other.registry_);
  std::swap(id_, other.id_);
  return *this;
}

KindRegistry::Subscription::~Subscription() {
  if (registry_ != nullptr) registry_->listeners_.erase(id_);
}

}  // namespace charon::model

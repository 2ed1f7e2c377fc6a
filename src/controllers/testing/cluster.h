// A cluster for controller tests: the real API server over the memory store on virtual time, with the controllers under test.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "api/core/v1/types.h"
#include "api/rbac/v1/types.h"
#include "base/check.h"
#include "client/informer.h"
#include "client/typed.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "control/runner.h"
#include "controllers/accounts.h"
#include "model/kind.h"
#include "rt/virtual/loop.h"
#include "rt/virtual/net.h"
#include "server/admission/admission.h"
#include "server/admission/namespace_lifecycle/namespace_lifecycle.h"
#include "server/api.h"
#include "server/authz/bootstrap_roles.h"
#include "server/authz/rbac.h"
#include "server/cache.h"
#include "server/crd/definitions.h"
#include "server/in_process.h"
#include "store/memory/memory_store.h"

namespace charon::controllers::testing {

class Cluster {
 public:
  using Plugins = std::vector<std::unique_ptr<server::AdmissionPlugin>>;
  using AddPlugins = std::function<void(rt::Loop& loop, store::Store& store, server::Caches& caches, Plugins& plugins)>;

  // `add_plugins`: admission beside that of namespaces.
  explicit Cluster(const AddPlugins& add_plugins = nullptr)
      : random_(7), store_(store::make_memory_store(loop_)), caches_(loop_, *store_, kinds_) {
    CHECK(loop_.run(caches_.start()));
    Plugins plugins;
    plugins.push_back(server::make_namespace_lifecycle(caches_));
    if (add_plugins) add_plugins(loop_, *store_, caches_, plugins);
    admission_ = std::make_unique<server::Admission>(std::move(plugins));
    api_ = std::make_unique<server::Api>(loop_, random_, *store_, caches_, *admission_);
    authorizer_ = server::make_rbac_authorizer(caches_);
    server::User admin;
    admin.name = "admin";
    admin.groups = {"system:masters", "system:authenticated"};
    transport_ = server::make_in_process_transport(*api_, *authorizer_, std::move(admin));
    informers_ = std::make_unique<client::InformerSet>(loop_, random_, *transport_);
    definitions_.start(*api_);
    core::v1::Namespace space;
    space.metadata.name = "default";
    create(space);
  }

  // Under the rights that its users have by the default roles.
  void start(std::unique_ptr<control::Controller> controller) {
    for (const std::string& user : users_of(controller->name())) grant(user);
    writers_.push_back(make_account_transport(std::string(controller->name()), *transport_,
                                              [this](const std::string& user) { return as(user); }));
    runners_.push_back(std::make_unique<control::Runner>(loop_, *informers_, *writers_.back(), std::move(controller)));
    runners_.back()->start();
  }
  void run(rt::Duration time) { loop_.run_for(time); }
  rt::VirtualLoop& loop() { return loop_; }
  client::InformerSet& informers() { return *informers_; }
  rt::Random& random() { return random_; }
  server::Api& api() { return *api_; }
  server::Caches& caches() { return caches_; }
  const model::KindRegistry& kinds() const { return kinds_; }
  const server::Authorizer& authorizer() { return *authorizer_; }
  control::Runner& runner(std::size_t index) { return *runners_[index]; }

  // --- As a user ---
  template <class T>
  T create(const T& object) {
    auto created = loop_.run(client::Client(*transport_).create<T>(object));
    if (!created) throw std::runtime_error("create: " + created.error().message);
    return **created;
  }
  // Of any kind that is served now, from JSON with apiVersion and kind.
  model::DocumentPtr create_json(std::string_view json) {
    codec::Value object = codec::parse_json(json).value();
    auto created = loop_.run(transport_->create({&kind_named(object)},
                                                std::string(codec::string_at_path(object, {"metadata", "namespace"})), object));
    if (!created) throw std::runtime_error("create: " + created.error().message);
    return *created;
  }
  // Null when there is none.
  model::DocumentPtr find(const model::Kind& kind, model::ObjectKey key) {
    auto found = loop_.run(transport_->get({&kind}, std::move(key)));
    return found ? *found : nullptr;
  }
  void remove(const model::Kind& kind, model::ObjectKey key, client::DeleteOptions options = {}) {
    auto removed = loop_.run(transport_->remove({&kind}, std::move(key), std::move(options)));
    if (!removed) throw std::runtime_error("remove: " + removed.error().message);
  }
  template <class T>
  std::shared_ptr<const T> get(model::ObjectKey key) {
    auto found = loop_.run(client::Client(*transport_).get<T>(std::move(key)));
    return found ? *found : nullptr;
  }
  template <class T>
  std::vector<std::shared_ptr<const T>> list(std::string ns = "default") {
    auto listed = loop_.run(transport_->list({&client::kind_of<T>()}, client::ListOptions{std::move(ns), {}, {}}));
    if (!listed) throw std::runtime_error("list: " + listed.error().message);
    std::vector<std::shared_ptr<const T>> objects;
    for (const auto& document : listed->items) objects.push_back(document->template as<T>());
    return objects;
  }
  // Reads, changes and writes; `subresource`: "" or "status".
  template <class T>
  void change(const model::ObjectKey& key, std::string_view subresource, const std::function<void(T&)>& edit) {
    T object = *get<T>(key);
    edit(object);
    auto updated = loop_.run(client::Client(*transport_).update<T>(std::move(object), subresource));
    if (!updated) throw std::runtime_error("update: " + updated.error().message);
  }
  template <class T>
  void remove(model::ObjectKey key, client::DeleteOptions options = {}) {
    auto removed = loop_.run(client::Client(*transport_).remove<T>(std::move(key), std::move(options)));
    if (!removed) throw std::runtime_error("remove: " + removed.error().message);
  }

  // Plays the node agent: every pod that is not ready becomes running and ready.
  void make_pods_ready(const std::string& ns = "default") {
    for (const auto& pod : list<core::v1::Pod>(ns)) {
      if (pod->metadata.deletionTimestamp || !pod->status.conditions.empty()) continue;
      const Time now = loop_.wall();
      change<core::v1::Pod>({ns, pod->metadata.name}, "status", [now](core::v1::Pod& p) {
        p.status.phase = "Running";
        core::v1::PodCondition& ready = p.status.conditions.emplace_back();
        ready.type = "Ready";
        ready.status = "True";
        ready.lastTransitionTime = now;
      });
    }
  }
  // "reason: message" of the events about objects of `kind`, in the order of their names.
  std::vector<std::string> events_about(const std::string& kind, const std::string& ns = "default") {
    std::vector<std::string> texts;
    for (const auto& event : list<core::v1::Event>(ns))
      if (event->involvedObject.kind == kind) texts.push_back(event->reason + ": " + event->message);
    return texts;
  }

 private:
  std::unique_ptr<client::Transport> as(const std::string& user) {
    server::User known;
    known.name = user;
    known.groups = {"system:authenticated"};
    return server::make_in_process_transport(*api_, *authorizer_, std::move(known));
  }
  // The roles that are bound to the user; those of one namespace hold in all here.
  void grant(const std::string& user) {
    if (!granted_.insert(user).second) return;
    const server::BootstrapRoles all = server::make_bootstrap_roles();
    auto is_user = [&user](const rbac::v1::Subject& subject) {
      return user ==
             (subject.kind == "ServiceAccount" ? "system:serviceaccount:" + subject.namespace_ + ":" : "") + subject.name;
    };
    auto bind = [&](const rbac::v1::RoleRef& role, const std::vector<rbac::v1::PolicyRule>& rules) {
      rbac::v1::ClusterRole granted;
      granted.metadata.name = role.name + "-of-" + user.substr(user.rfind(':') + 1);
      granted.rules = rules;
      create(granted);
      rbac::v1::ClusterRoleBinding binding;
      binding.metadata.name = granted.metadata.name;
      binding.roleRef = {.apiGroup = "rbac.authorization.k8s.io", .kind = "ClusterRole", .name = granted.metadata.name};
      binding.subjects.push_back({.kind = "User", .apiGroup = "rbac.authorization.k8s.io", .name = user});
      create(binding);
    };
    for (const auto& binding : all.cluster_role_bindings)
      if (std::ranges::any_of(binding.subjects, is_user))
        for (const auto& role : all.cluster_roles)
          if (role.metadata.name == binding.roleRef.name) bind(binding.roleRef, role.rules);
    for (const auto& binding : all.role_bindings)
      if (std::ranges::any_of(binding.subjects, is_user))
        for (const auto& role : all.roles)
          if (role.metadata.name == binding.roleRef.name && role.metadata.namespace_ == binding.metadata.namespace_)
            bind(binding.roleRef, role.rules);
  }
  const model::Kind& kind_named(const codec::Value& object) const {
    const std::string_view version = codec::string_at(object, "apiVersion");
    const std::size_t slash = version.find('/');
    const model::GroupVersion gv = slash == std::string_view::npos
                                       ? model::GroupVersion{"", version}
                                       : model::GroupVersion{version.substr(0, slash), version.substr(slash + 1)};
    const model::Kind* kind = kinds_.find_kind(gv, codec::string_at(object, "kind"));
    if (kind == nullptr) throw std::runtime_error("no kind " + std::string(codec::string_at(object, "kind")));
    return *kind;
  }

  rt::VirtualLoop loop_;
  rt::SeededRandom random_;
  std::unique_ptr<store::Store> store_;
  model::KindRegistry kinds_;
  server::Caches caches_;
  std::unique_ptr<server::Admission> admission_;
  std::unique_ptr<server::Api> api_;
  std::unique_ptr<server::Authorizer> authorizer_;
  std::unique_ptr<client::Transport> transport_;
  rt::VirtualNet net_{loop_};
  server::crd::Definitions definitions_{loop_, net_, random_, caches_};
  std::unique_ptr<client::InformerSet> informers_;
  std::set<std::string> granted_;
  std::vector<std::unique_ptr<client::Transport>> writers_;
  std::vector<std::unique_ptr<control::Runner>> runners_;
};

}  // namespace charon::controllers::testing

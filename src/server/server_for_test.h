// An API server over a store in memory, on virtual time, for tests.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "model/kind.h"
#include "rt/virtual/loop.h"
#include "rt/virtual/net.h"
#include "server/admission/admission.h"
#include "server/api.h"
#include "server/cache.h"
#include "store/memory/memory_store.h"

namespace charon::server {

class ServerForTest {
 public:
  using MakePlugins = std::function<std::vector<std::unique_ptr<AdmissionPlugin>>(Caches&)>;

  explicit ServerForTest(const MakePlugins& make_plugins = nullptr)
      : store(store::make_memory_store(loop)), caches(loop, *store, kinds) {
    EXPECT_TRUE(loop.run(caches.start()));
    std::vector<std::unique_ptr<AdmissionPlugin>> plugins;
    if (make_plugins) plugins = make_plugins(caches);
    admission = std::make_unique<Admission>(std::move(plugins));
    api = std::make_unique<Api>(loop, random, *store, caches, *admission);
  }

  // From JSON with apiVersion, kind and metadata; as an administrator.
  Result<DocumentPtr> create(std::string_view json) {
    return create(json, [](Request&) {});
  }
  // `edit` may change who asks and how.
  Result<DocumentPtr> create(std::string_view json, const std::function<void(Request&)>& edit) {
    codec::Value object = codec::parse_json(json).value();
    Request request = request_for(object);
    request.verb = "create";
    edit(request);
    return loop.run(api->create(std::move(request), std::move(object), &warnings));
  }
  Result<DocumentPtr> update(codec::Value object) {
    Request request = request_for(object);
    request.verb = "update";
    return loop.run(api->update(std::move(request), std::move(object), &warnings));
  }
  Result<DocumentPtr> update_as(std::string_view manager, codec::Value object, std::string_view subresource = "") {
    Request request = request_for(object);
    request.verb = "update";
    request.field_manager = manager;
    request.subresource = subresource;
    return loop.run(api->update(std::move(request), std::move(object), &warnings));
  }
  Result<Applied> apply_as(std::string_view manager, std::string_view json, ApplyOptions options = {},
                           std::string_view subresource = "") {
    codec::Value object = codec::parse_json(json).value();
    Request request = request_for(object);
    request.verb = "patch";
    request.field_manager = manager;
    request.subresource = subresource;
    return loop.run(api->apply(std::move(request), std::move(object), std::move(options), &warnings));
  }
  Result<DocumentPtr> patch_as(std::string_view manager, const model::Kind& kind, const ObjectKey& key, client::PatchType type,
                               std::string_view json) {
    Request request;
    request.verb = "patch";
    request.kind = &kind;
    request.ns = key.ns;
    request.name = key.name;
    request.field_manager = manager;
    return loop.run(api->patch(std::move(request), type, codec::parse_json(json).value(), &warnings));
  }
  Result<Deleted> remove(const model::Kind& kind, const ObjectKey& key, Request request = {}) {
    request.verb = "delete";
    request.kind = &kind;
    request.ns = key.ns;
    request.name = key.name;
    return loop.run(api->remove(std::move(request), {.grace_period_s = 0}, &warnings));
  }
  DocumentPtr get(std::string_view kind, const ObjectKey& key) {
    return caches.of(*model::find_kind({"", "v1"}, kind)).get(key);
  }

  rt::VirtualLoop loop;
  rt::VirtualNet net{loop};
  rt::SeededRandom random{1};
  Metrics metrics;
  std::unique_ptr<store::Store> store;
  model::KindRegistry kinds;
  Caches caches;
  std::unique_ptr<Admission> admission;
  std::unique_ptr<Api> api;
  Warnings warnings;

 private:
  Request request_for(const codec::Value& object) const {
    std::string_view version = codec::string_at(object, "apiVersion");
    std::size_t slash = version.find('/');
    model::GroupVersion gv = slash == std::string_view::npos
                                 ? model::GroupVersion{"", version}
                                 : model::GroupVersion{version.substr(0, slash), version.substr(slash + 1)};
    Request request;
    request.kind = kinds.find_kind(gv, codec::string_at(object, "kind"));
    EXPECT_TRUE(request.kind) << version;
    request.ns = codec::string_at_path(object, {"metadata", "namespace"});
    request.name = codec::string_at_path(object, {"metadata", "name"});
    request.user.name = "admin";
    request.user.groups = {"system:masters"};
    return request;
  }
};

}  // namespace charon::server

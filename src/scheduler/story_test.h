// A scheduler on the real API server over the memory store, in virtual time, for story tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/typed.h"
#include "rt/virtual/loop.h"
#include "scheduler/scheduler.h"
#include "scheduler/test_objects.h"
#include "server/api.h"
#include "server/authz/authorizer.h"
#include "server/in_process.h"
#include "store/memory/memory_store.h"

namespace charon::scheduler::testing {

using std::chrono::seconds;

class Everything final : public server::Authorizer {
 public:
  server::Decision authorize(const server::Attributes&) const override { return {.allowed = true, .reason = "test"}; }
  server::UserRules rules_for(const server::User&, std::string_view) const override { return {.incomplete = true}; }
};

class SchedulerTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(loop_.run(caches_.start())); }

  void start() {
    scheduler_.start();
    loop_.run_for(seconds(1));
  }
  template <class T>
  std::shared_ptr<const T> create(T object) {
    auto created = loop_.run(client_.create<T>(std::move(object)));
    EXPECT_TRUE(created) << (created ? "" : created.error().message);
    return created ? *created : nullptr;
  }
  void add_node(const std::string& name, const NodeSpecification& with = {}) {
    Node node = *make_node(name, with);
    auto created = create<Node>(node);
    node.metadata = created->metadata;
    ASSERT_TRUE(loop_.run(client_.update<Node>(node, "status")));
  }
  void add_pod(Pod pod) {
    pod.metadata.uid.clear();
    create<Pod>(std::move(pod));
  }
  std::shared_ptr<const Pod> pod(const std::string& name) {
    auto found = loop_.run(client_.get<Pod>({"default", name}));
    EXPECT_TRUE(found);
    return found ? *found : nullptr;
  }
  std::string node_of(const std::string& name) { return pod(name)->spec.nodeName; }
  // "reason: message" of the events about a pod.
  std::vector<std::string> events(const std::string& name) {
    std::vector<std::string> out;
    auto listed = loop_.run(transport_->list({&client::kind_of<core::v1::Event>()}, {.ns = "default"}));
    for (const auto& document : listed->items) {
      auto event = document->as<core::v1::Event>();
      if (event->involvedObject.name == name) out.push_back(event->type + " " + event->reason + ": " + event->message);
    }
    return out;
  }

  rt::VirtualLoop loop_;
  rt::SeededRandom random_{1};
  std::unique_ptr<store::Store> store_ = store::make_memory_store(loop_);
  model::KindRegistry kinds_;
  server::Caches caches_{loop_, *store_, kinds_};
  server::Admission admission_{{}};
  server::Api api_{loop_, random_, *store_, caches_, admission_};
  Everything authorizer_;
  std::unique_ptr<client::Transport> transport_ = server::make_in_process_transport(api_, authorizer_, {.name = "scheduler"});
  client::Client client_{*transport_};
  client::InformerSet informers_{loop_, random_, *transport_};
  Metrics metrics_;
  Scheduler scheduler_{loop_, informers_, *transport_, random_, &metrics_};
};

}  // namespace charon::scheduler::testing

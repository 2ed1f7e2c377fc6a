// Several sets of controllers against one API server: one runs at a time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/coordination/v1/types.h"
#include "control/lease.h"
#include "controllers/replicaset/controller.h"
#include "controllers/testing/cluster.h"

namespace charon::controllers {
namespace {

using namespace std::chrono_literals;
using control::LeaderElection;
using coordination::v1::Lease;
using core::v1::Pod;
using ::testing::Contains;

// A way to the API server that can be cut.
class Line final : public client::Transport {
 public:
  explicit Line(client::Transport& server) : server_(server) {}
  bool cut = false;

  rt::Task<Result<model::DocumentPtr>> get(client::ResourceRef ref, model::ObjectKey key) override {
    if (cut) return failed<model::DocumentPtr>();
    return server_.get(ref, std::move(key));
  }
  rt::Task<Result<client::ListResult>> list(client::ResourceRef ref, client::ListOptions options) override {
    if (cut) return failed<client::ListResult>();
    return server_.list(ref, std::move(options));
  }
  rt::Task<Result<std::unique_ptr<client::WatchStream>>> watch(client::ResourceRef ref, client::ListOptions options,
                                                               model::Revision after) override {
    if (cut) return failed<std::unique_ptr<client::WatchStream>>();
    return server_.watch(ref, std::move(options), after);
  }
  rt::Task<Result<model::DocumentPtr>> create(client::ResourceRef ref, std::string ns, codec::Value object) override {
    if (cut) return failed<model::DocumentPtr>();
    return server_.create(ref, std::move(ns), std::move(object));
  }
  rt::Task<Result<model::DocumentPtr>> update(client::ResourceRef ref, model::ObjectKey key, codec::Value object) override {
    if (cut) return failed<model::DocumentPtr>();
    return server_.update(ref, std::move(key), std::move(object));
  }
  rt::Task<Result<model::DocumentPtr>> patch(client::ResourceRef ref, model::ObjectKey key, client::PatchType type,
                                             codec::Value patch) override {
    if (cut) return failed<model::DocumentPtr>();
    return server_.patch(ref, std::move(key), type, std::move(patch));
  }
  rt::Task<Result<model::DocumentPtr>> remove(client::ResourceRef ref, model::ObjectKey key,
                                              client::DeleteOptions options) override {
    if (cut) return failed<model::DocumentPtr>();
    return server_.remove(ref, std::move(key), std::move(options));
  }

 private:
  template <class T>
  static rt::Task<Result<T>> failed() {
    co_return fail(Reason::ServiceUnavailable, "the line is cut");
  }

  client::Transport& server_;
};

// One server's set: the ReplicaSet controller, while it leads.
class Set {
 public:
  Set(testing::Cluster& cluster, std::string identity, int& running, int& most)
      : cluster_(cluster),
        line(cluster.informers().transport()),
        running_(running),
        most_(most),
        election_(cluster.loop(), cluster.random(), line, {"kube-controller-manager", std::move(identity)},
                  {[this] { begin(); }, [this] { end(); }}) {
    election_.start();
  }
  ~Set() { end(); }
  bool leads() const { return election_.leads(); }
  void release() { cluster_.loop().run(election_.release()); }

 private:
  void begin() {
    most_ = std::max(most_, ++running_);
    informers_ = std::make_unique<client::InformerSet>(cluster_.loop(), cluster_.random(), line);
    runner_ = std::make_unique<control::Runner>(cluster_.loop(), *informers_, line, replicaset::make({}));
    runner_->start();
  }
  void end() {
    if (!runner_) return;
    runner_.reset();
    informers_.reset();
    --running_;
  }

  testing::Cluster& cluster_;

 public:
  Line line;

 private:
  int& running_;
  int& most_;
  std::unique_ptr<client::InformerSet> informers_;
  std::unique_ptr<control::Runner> runner_;
  LeaderElection election_;
};

class LeaderElectionStory : public ::testing::Test {
 protected:
  LeaderElectionStory() {
    core::v1::Namespace space;
    space.metadata.name = "kube-system";
    cluster_.create(space);
  }
  std::unique_ptr<Set> start(const std::string& identity) { return std::make_unique<Set>(cluster_, identity, running_, most_); }
  coordination::v1::LeaseSpec lease() { return cluster_.get<Lease>({"kube-system", "kube-controller-manager"})->spec; }

  testing::Cluster cluster_;
  int running_ = 0;
  int most_ = 0;  // at once
};

TEST_F(LeaderElectionStory, OneOfTwoLeads) {
  auto a = start("a");
  cluster_.run(10ms);
  EXPECT_TRUE(a->leads());  // at once: there is nobody else
  EXPECT_EQ(lease().holderIdentity, "a");
  EXPECT_EQ(lease().leaseDurationSeconds, 15);
  EXPECT_EQ(lease().leaseTransitions, 0);
  auto b = start("b");
  cluster_.run(300s);
  EXPECT_TRUE(a->leads());
  EXPECT_FALSE(b->leads());
  EXPECT_EQ(most_, 1);
  EXPECT_GE(lease().renewTime->seconds, cluster_.loop().wall().seconds - 2);
  EXPECT_THAT(cluster_.events_about("Lease", "kube-system"), Contains("LeaderElection: a became leader"));
  // The one that leads works.
  cluster_.create_json(R"({"apiVersion":"apps/v1","kind":"ReplicaSet","metadata":{"namespace":"default","name":"web"},
      "spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},
      "spec":{"containers":[{"name":"c","image":"i"}]}}}})");
  cluster_.run(1s);
  EXPECT_EQ(cluster_.list<Pod>().size(), 2u);
}

TEST_F(LeaderElectionStory, AnotherTakesOverFromTheDead) {
  auto a = start("a");
  cluster_.run(1s);
  auto b = start("b");
  cluster_.run(10s);
  a.reset();
  cluster_.run(10s);
  EXPECT_FALSE(b->leads());
  cluster_.run(15s);
  EXPECT_TRUE(b->leads());
  EXPECT_EQ(lease().leaseTransitions, 1);
  EXPECT_EQ(most_, 1);
}

TEST_F(LeaderElectionStory, AFormerSelfIsTakenOverAtOnce) {
  auto a = start("a");
  cluster_.run(1s);
  a.reset();
  a = start("a");
  cluster_.run(10ms);
  EXPECT_TRUE(a->leads());
  EXPECT_EQ(lease().leaseTransitions, 0);
}

TEST_F(LeaderElectionStory, WhatIsGivenUpIsTakenSoon) {
  auto a = start("a");
  cluster_.run(1s);
  auto b = start("b");
  cluster_.run(1s);
  a->release();
  EXPECT_FALSE(a->leads());
  EXPECT_EQ(running_, 0);
  EXPECT_EQ(lease().holderIdentity, "");
  cluster_.run(6s);
  EXPECT_TRUE(b->leads());
  cluster_.run(60s);
  EXPECT_FALSE(a->leads());
  EXPECT_EQ(most_, 1);
}

TEST_F(LeaderElectionStory, WhoCannotRenewStopsBeforeAnotherStarts) {
  auto a = start("a");
  cluster_.run(1s);
  auto b = start("b");
  cluster_.run(1s);
  a->line.cut = true;
  cluster_.run(11s);
  EXPECT_FALSE(a->leads());
  EXPECT_EQ(running_, 0);
  cluster_.run(15s);
  EXPECT_TRUE(b->leads());
  a->line.cut = false;
  cluster_.run(60s);
  EXPECT_FALSE(a->leads());
  EXPECT_EQ(most_, 1);
  // And back again.
  b->release();
  cluster_.run(6s);
  EXPECT_TRUE(a->leads());
  EXPECT_EQ(most_, 1);
}

TEST_F(LeaderElectionStory, WhoseLeaseIsTakenStops) {
  auto a = start("a");
  cluster_.run(1s);
  cluster_.change<Lease>({"kube-system", "kube-controller-manager"}, "", [](Lease& lease) { lease.spec.holderIdentity = "c"; });
  cluster_.run(3s);
  EXPECT_FALSE(a->leads());
  EXPECT_EQ(running_, 0);
}

}  // namespace
}  // namespace charon::controllers

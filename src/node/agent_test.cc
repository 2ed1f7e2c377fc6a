// The whole agent on a real containerd, against the real API server over the memory store.
#include "node/agent.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "api/coordination/v1/types.h"

#include "node/cri/containerd_for_test.h"
#include "server/admission/admission.h"
#include "server/api.h"
#include "server/authz/rbac.h"
#include "server/cache.h"
#include "server/in_process.h"
#include "store/memory/memory_store.h"

namespace charon::node {
namespace {

using namespace std::chrono_literals;

// Passes everything on, but can refuse to write statuses.
class Refusing final : public client::Transport {
 public:
  explicit Refusing(client::Transport& inner) : inner_(inner) {}
  rt::Task<Result<model::DocumentPtr>> get(client::ResourceRef ref, model::ObjectKey key) override {
    return inner_.get(ref, std::move(key));
  }
  rt::Task<Result<client::ListResult>> list(client::ResourceRef ref, client::ListOptions options) override {
    return inner_.list(ref, std::move(options));
  }
  rt::Task<Result<std::unique_ptr<client::WatchStream>>> watch(client::ResourceRef ref, client::ListOptions options,
                                                               model::Revision after) override {
    return inner_.watch(ref, std::move(options), after);
  }
  rt::Task<Result<model::DocumentPtr>> create(client::ResourceRef ref, std::string ns, codec::Value object) override {
    return inner_.create(ref, std::move(ns), std::move(object));
  }
  rt::Task<Result<model::DocumentPtr>> update(client::ResourceRef ref, model::ObjectKey key, codec::Value object) override {
    if (refuses && ref.subresource == "status" && ref.kind->kind == "Pod") return refuse();
    return inner_.update(ref, std::move(key), std::move(object));
  }
  rt::Task<Result<model::DocumentPtr>> patch(client::ResourceRef ref, model::ObjectKey key, client::PatchType type,
                                             codec::Value patch) override {
    return inner_.patch(ref, std::move(key), type, std::move(patch));
  }
  rt::Task<Result<model::DocumentPtr>> remove(client::ResourceRef ref, model::ObjectKey key,
                                              client::DeleteOptions options) override {
    return inner_.remove(ref, std::move(key), std::move(options));
  }
  bool refuses = false;

 private:
  static rt::Task<Result<model::DocumentPtr>> refuse() { co_return fail(Reason::ServiceUnavailable, "not now"); }
  client::Transport& inner_;
};

class AgentOnContainerd : public ::testing::Test {
 protected:
  void SetUp() override {
    containerd_ = std::make_unique<ContainerdForTest>("/tmp/charon-agent-test-" + std::to_string(getpid()), 202);
    if (std::string what = containerd_->missing(); !what.empty()) {
      containerd_.reset();
      GTEST_SKIP() << what;
    }
    auto started = containerd_->start();
    ASSERT_TRUE(started) << started.error().message;
    rt::OsLoop& loop = containerd_->loop;
    random_ = rt::make_os_random();
    store_ = store::make_memory_store(loop);
    caches_ = std::make_unique<server::Caches>(loop, *store_, kinds_);
    ASSERT_TRUE(loop.run(caches_->start()));
    admission_ = std::make_unique<server::Admission>(std::vector<std::unique_ptr<server::AdmissionPlugin>>());
    api_ = std::make_unique<server::Api>(loop, *random_, *store_, *caches_, *admission_);
    authorizer_ = server::make_rbac_authorizer(*caches_);
    server::User admin;
    admin.name = "admin";
    admin.groups = {"system:masters", "system:authenticated"};
    transport_ = server::make_in_process_transport(*api_, *authorizer_, std::move(admin));
    refusing_ = std::make_unique<Refusing>(*transport_);
    for (const char* name : {"default", "kube-node-lease"}) {
      core::v1::Namespace space;
      space.metadata.name = name;
      create(space);
    }
    start_agent();
  }
  void TearDown() override {
    agent_.reset();
    containerd_.reset();
  }
  void start_agent() {
    AgentOptions options;
    options.node.name = "n1";
    options.node.internal_ip = "127.0.0.1";
    options.node.version = "v1.36.0";
    options.node.pod_cidr = "10.88.202.0/24";
    options.node.data_dir = containerd_->dir();
    options.pods.log_root = containerd_->dir() + "/logs";
    options.pods.pods_dir = containerd_->dir() + "/pods";
    options.pods.pods_memory_dir = containerd_->dir() + "/pods-memory";
    agent_ =
        std::make_unique<NodeAgent>(containerd_->loop, containerd_->net(), containerd_->files(), containerd_->process(),
                                    *random_, *refusing_, containerd_->runtime(), containerd_->channel(), std::move(options));
    agent_->start();
  }

  template <class T>
  void create(const T& object) {
    auto created = containerd_->loop.run(client::Client(*transport_).create<T>(object));
    ASSERT_TRUE(created) << created.error().message;
  }
  template <class T>
  std::shared_ptr<const T> get(std::string ns, std::string name) {
    auto found = containerd_->loop.run(client::Client(*transport_).get<T>({std::move(ns), std::move(name)}));
    return found ? *found : nullptr;
  }
  std::shared_ptr<const core::v1::Pod> pod(const std::string& name) { return get<core::v1::Pod>("default", name); }
  template <class F>
  bool eventually(F condition, std::chrono::milliseconds limit = 20s) {
    auto end = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < end) {
      if (condition()) return true;
      containerd_->loop.run(containerd_->pause(20ms));
    }
    return false;
  }
  bool is_ready(const std::string& name) {
    auto found = pod(name);
    if (!found) return false;
    for (const auto& condition : found->status.conditions)
      if (condition.type == "Ready") return condition.status == "True";
    return false;
  }
  core::v1::Pod simple_pod(const std::string& name, const std::string& script) {
    core::v1::Pod out;
    out.metadata.name = name;
    out.metadata.namespace_ = "default";
    out.spec.nodeName = "n1";
    out.spec.terminationGracePeriodSeconds = 1;
    auto& container = out.spec.containers.emplace_back();
    container.name = "main";
    container.image = ContainerdForTest::kImage;
    container.imagePullPolicy = "IfNotPresent";
    container.command = {"sh", "-c", script};
    return out;
  }

  std::unique_ptr<ContainerdForTest> containerd_;
  std::unique_ptr<rt::Random> random_;
  std::unique_ptr<store::Store> store_;
  model::KindRegistry kinds_;
  std::unique_ptr<server::Caches> caches_;
  std::unique_ptr<server::Admission> admission_;
  std::unique_ptr<server::Api> api_;
  std::unique_ptr<server::Authorizer> authorizer_;
  std::unique_ptr<client::Transport> transport_;
  std::unique_ptr<Refusing> refusing_;  // the agent's
  std::unique_ptr<NodeAgent> agent_;
};

TEST_F(AgentOnContainerd, RunsRestartsAdoptsAndRemovesPods) {
  ASSERT_TRUE(eventually([&] {
    auto node = get<core::v1::Node>("", "n1");
    if (!node) return false;
    for (const auto& condition : node->status.conditions)
      if (condition.type == "Ready") return condition.status == "True";
    return false;
  })) << "the node does not become ready";
  EXPECT_TRUE(eventually([&] { return get<coordination::v1::Lease>("kube-node-lease", "n1") != nullptr; }));

  core::v1::ConfigMap settings;
  settings.metadata.name = "settings";
  settings.metadata.namespace_ = "default";
  settings.data["greeting"] = "hello from a ConfigMap";
  create(settings);
  core::v1::Pod web = simple_pod("web", "cat /config/greeting; echo; echo $NAME $IP on $HOST; while true; do sleep 1; done");
  auto& volume = web.spec.volumes.emplace_back();
  volume.name = "config";
  volume.volumeSource.configMap.emplace().localObjectReference.name = "settings";
  auto& mount = web.spec.containers[0].volumeMounts.emplace_back();
  mount.name = "config";
  mount.mountPath = "/config";
  for (auto [name, path] :
       {std::pair("NAME", "metadata.name"), std::pair("IP", "status.podIP"), std::pair("HOST", "status.hostIP")}) {
    auto& variable = web.spec.containers[0].env.emplace_back();
    variable.name = name;
    variable.valueFrom.emplace().fieldRef.emplace().fieldPath = path;
  }
  auto start = std::chrono::steady_clock::now();
  create(web);
  ASSERT_TRUE(eventually([&] { return is_ready("web"); }))
      << (pod("web")->status.containerStatuses.empty() ? "no status" : "not ready");
  std::printf("pod ready after %ld ms\n",
              static_cast<long>(
                  std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count()));
  auto running = pod("web");
  EXPECT_EQ(running->status.phase, "Running");
  EXPECT_TRUE(running->status.podIP.starts_with("10.88.202.")) << running->status.podIP;
  std::string log_path = containerd_->dir() + "/logs/default_web_" + running->metadata.uid + "/main/0.log";
  EXPECT_TRUE(eventually([&] {
    std::string log = containerd_->files().read(log_path).value_or("");
    return log.find("hello from a ConfigMap\n") != std::string::npos &&
           log.find("web " + running->status.podIP + " on 127.0.0.1\n") != std::string::npos;
  })) << containerd_->files().read(log_path).value_or("no log");

  // A crash is noticed by the runtime's event, long before the next look of its own.
  create(simple_pod("crash", "sleep 1; exit 7"));
  ASSERT_TRUE(eventually([&] {
    auto found = pod("crash");
    return found && !found->status.containerStatuses.empty() && found->status.containerStatuses[0].restartCount == 1;
  }));
  auto crashed = pod("crash");
  ASSERT_TRUE(crashed->status.containerStatuses[0].lastState.terminated);
  EXPECT_EQ(crashed->status.containerStatuses[0].lastState.terminated->exitCode, 7);
  ASSERT_TRUE(eventually([&] {
    const auto& state = pod("crash")->status.containerStatuses[0].state;
    return state.waiting && state.waiting->reason == "CrashLoopBackOff";
  }));

  // A new agent finds the container that the old one left running.
  std::string container_id = running->status.containerStatuses[0].containerID;
  agent_.reset();
  start_agent();
  containerd_->loop.run(containerd_->pause(2s));
  EXPECT_TRUE(is_ready("web"));
  EXPECT_EQ(pod("web")->status.containerStatuses[0].containerID, container_id);
  EXPECT_EQ(pod("web")->status.containerStatuses[0].restartCount, 0);

  for (const char* name : {"web", "crash"}) {
    auto removed = containerd_->loop.run(client::Client(*transport_).remove<core::v1::Pod>({"default", name}));
    ASSERT_TRUE(removed) << removed.error().message;
  }
  EXPECT_TRUE(eventually([&] { return !pod("web") && !pod("crash"); })) << "the API objects stay";
  EXPECT_TRUE(eventually([&] {
    auto left = containerd_->loop.run(containerd_->runtime().list_sandboxes({}));
    return left && left->empty();
  })) << "sandboxes stay";
  EXPECT_TRUE(eventually([&] { return !containerd_->files().exists(log_path); })) << "logs stay";
  EXPECT_TRUE(eventually(
      [&] { return containerd_->files().list(containerd_->dir() + "/pods").value_or(std::vector<std::string>()).empty(); }));
}

TEST_F(AgentOnContainerd, RemovesWhatIsLeftOfPodsThatAreGone) {
  // What an agent leaves that dies between the last sandbox and the last directory.
  const std::string& dir = containerd_->dir();
  agent_.reset();
  ASSERT_TRUE(containerd_->files().make_dirs(dir + "/pods/gone/volumes/kubernetes.io~empty-dir/v", 0755));
  ASSERT_TRUE(containerd_->files().make_dirs(dir + "/pods-memory/gone/volumes/kubernetes.io~secret/v", 0755));
  ASSERT_TRUE(containerd_->files().make_dirs(dir + "/logs/default_web_gone/main", 0755));
  ASSERT_TRUE(containerd_->files().make_dirs(dir + "/logs/default_web_other/main", 0755));
  start_agent();
  EXPECT_TRUE(eventually([&] {
    return !containerd_->files().exists(dir + "/pods/gone") && !containerd_->files().exists(dir + "/pods-memory/gone") &&
           !containerd_->files().exists(dir + "/logs/default_web_gone");
  }));
  EXPECT_TRUE(containerd_->files().exists(dir + "/logs/default_web_other")) << "whose pod may be another agent's";

  // A pod whose API object goes while its last status cannot be written.
  create(simple_pod("forced", "sleep 1000"));
  ASSERT_TRUE(eventually([&] { return is_ready("forced"); }));
  refusing_->refuses = true;
  client::Client api(*transport_);
  ASSERT_TRUE(containerd_->loop.run(api.remove<core::v1::Pod>({"default", "forced"})));
  containerd_->loop.run(containerd_->pause(4s));
  ASSERT_TRUE(pod("forced")) << "it waits for its status";
  client::DeleteOptions now;
  now.grace_period_s = 0;
  ASSERT_TRUE(containerd_->loop.run(api.remove<core::v1::Pod>({"default", "forced"}, now)));
  EXPECT_TRUE(eventually([&] {
    auto left = containerd_->loop.run(containerd_->runtime().list_sandboxes({}));
    return left && left->empty();
  })) << "its sandbox stays";
  EXPECT_TRUE(
      eventually([&] { return containerd_->files().list(dir + "/pods").value_or(std::vector<std::string>()).empty(); }));
}

TEST_F(AgentOnContainerd, AFailedPostStartHookEndsTheContainer) {
  core::v1::Pod hooked = simple_pod("hooked", "sleep 1000");
  auto& container = hooked.spec.containers[0];
  container.lifecycle.emplace().postStart.emplace().exec.emplace().command = {"false"};
  container.readinessProbe.emplace().handler.exec.emplace().command = {"true"};
  create(hooked);
  EXPECT_TRUE(eventually([&] {
    auto found = pod("hooked");
    return found && !found->status.containerStatuses.empty() && found->status.containerStatuses[0].restartCount > 0;
  })) << "though it has a probe";
}

TEST_F(AgentOnContainerd, SaysWhyAPodDoesNotStart) {
  core::v1::Pod missing = simple_pod("missing", "true");
  missing.spec.containers[0].image = "charon.test/nothing:1";
  missing.spec.containers[0].imagePullPolicy = "Never";
  create(missing);
  EXPECT_TRUE(eventually([&] {
    auto found = pod("missing");
    return found && !found->status.containerStatuses.empty() && found->status.containerStatuses[0].state.waiting &&
           found->status.containerStatuses[0].state.waiting->reason == "ErrImageNeverPull";
  }));
  create([&] {
    core::v1::Pod job = simple_pod("job", "echo done");
    job.spec.restartPolicy = "Never";
    return job;
  }());
  EXPECT_TRUE(eventually([&] {
    auto found = pod("job");
    return found && found->status.phase == "Succeeded";
  }));
}

}  // namespace
}  // namespace charon::node

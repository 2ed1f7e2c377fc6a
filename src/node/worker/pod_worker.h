// PodWorker: runs one pod on this node, from its first sandbox to the removal of its last trace.
//
// One coroutine walks observe -> decide -> act until nothing is left to do, and waits until it is woken (the pod changed, a
// container exited, a pull or a stop ended, a back-off is over). Pulls, stops and probes run beside it. What a new pod needs
// first (its sandbox, volumes, images) is made at the same time, and what the runtime tells of a sandbox or container that it
// made is noted, so that the next decision needs no look at everything. One loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "client/transport.h"
#include "node/probes/prober.h"
#include "node/worker/actions.h"
#include "rt/scope.h"
#include "rt/sync.h"

namespace charon::node {

class PodWorker {
 public:
  // `gone` is called (from the loop) when nothing of the pod is left; it may destroy the worker.
  PodWorker(rt::Loop& loop, rt::Net& net, Runtime& runtime, client::Transport& transport, PodActions& actions, NodeFacts node,
            std::string uid, std::function<void()> gone);
  PodWorker(const PodWorker&) = delete;

  // A newer version of the pod; null when its API object is gone.
  void update(PodPtr pod);
  // What runs of a pod that has no API object: `ghost` has its name, namespace and uid.
  void remove_orphan(PodPtr ghost);
  // Look at the runtime again.
  void wake();
  // The runtime says that this container or sandbox has ended; false when it is not one of this pod's.
  bool note_exit(const std::string& id);
  // The same for a container that no worker knows yet: it may be the one that this worker is starting.
  void note_unknown_exit(const std::string& id);

  const PodPtr& pod() const { return pod_; }
  const ObservedPod& observed() const { return observed_; }
  // The status as decided last; it may not be written yet.
  const core::v1::PodStatus& status() const { return status_; }

 private:
  rt::Task<void> run();
  rt::Task<bool> step();  // false when the pod is gone for good
  rt::Task<bool> step_gone();
  rt::Task<void> wait(std::optional<TimePoint> until);
  rt::Task<bool> wait_awake();
  rt::Task<bool> wait_settled();
  rt::Task<void> hold_back(const std::vector<Action>& actions);
  void note(ObservedPod observed);
  bool runtime_lags();
  core::v1::Pod view() const;
  std::int64_t orphan_grace_s() const;
  // How what is observed must follow an action: not at all, as it was already noted, or by looking at the runtime again.
  enum class Effect : std::uint8_t { None, Noted, Look };
  rt::Task<Effect> act_on(std::vector<Action> actions);
  rt::Task<void> act_into(Action action, Effect* effect);
  rt::Task<Effect> act(Action action);
  rt::Task<void> ensure_image(PodPtr pod, std::string container);
  rt::Task<void> pull(PodPtr pod, std::string container);
  rt::Task<void> stop(PodPtr pod, StopContainer action);
  rt::Task<void> finish();
  rt::Task<void> write_statuses();
  rt::Task<Result<void>> write_status(core::v1::PodStatus status);
  rt::Task<void> refresh_volumes();
  void follow_probes();
  void announce_back_offs();
  std::vector<std::string> pod_ips() const;

  rt::Loop& loop_;
  rt::Net& net_;
  Runtime& runtime_;
  client::Transport& transport_;
  PodActions& actions_;
  NodeFacts node_;
  std::string uid_;
  std::function<void()> gone_;

  PodPtr pod_;       // the newest version; null before the first and after the last
  PodPtr last_pod_;  // the newest version that there was
  bool deleted_ = false;
  PodMemory memory_;
  ExitedContainers exited_;
  ObservedPod observed_;
  int lag_rounds_ = 0;
  std::set<std::string> exiting_;  // containers that have ended, though the runtime may still list them as running
  PreparedVolumes volumes_;
  core::v1::PodStatus status_;
  core::v1::PodStatus written_;
  std::uint64_t written_revision_ = 0;  // 0: nothing was written yet
  std::vector<Action> last_actions_;
  int repeats_ = 0;
  std::map<std::string, std::uint32_t, std::less<>> announced_;  // back-offs that an event told of, by container and kind

  rt::Event awake_;
  rt::Event status_dirty_;
  rt::Event status_written_;
  rt::Event settled_;                                       // status_ is no mere step on the way to the pod's start
  std::map<std::string, std::unique_ptr<Prober>> probers_;  // by container id
  rt::Scope refreshing_;
  rt::Scope scope_;  // last: its tasks use all of the above
};

}  // namespace charon::node

#include "cmd/compose/controllers.h"

#include <utility>

#include "controllers/list.h"

namespace charon::cmd {
namespace {

constexpr char kManager[] = "kube-controller-manager";
constexpr char kScheduler[] = "kube-scheduler";

}  // namespace

struct Controllers::Manager {
  Manager(rt::Loop& loop, rt::Random& random, client::Transport& transport) : informers(loop, random, transport) {}
  client::InformerSet informers;
  std::vector<std::unique_ptr<control::Runner>> runners;
};

struct Controllers::Scheduling {
  Scheduling(rt::Loop& loop, rt::Random& random, client::Transport& transport)
      : informers(loop, random, transport), scheduler(loop, informers, transport, random) {}
  client::InformerSet informers;
  scheduler::Scheduler scheduler;
};

Controllers::Controllers(rt::Loop& loop, rt::Random& random, client::Transport& manager, client::Transport& scheduler,
                         Metrics& metrics, control::ControllerSettings settings, const std::string& identity)
    : loop_(loop),
      random_(random),
      manager_transport_(manager),
      scheduler_transport_(scheduler),
      metrics_(metrics),
      settings_(std::move(settings)),
      manager_election_(loop, random, manager, {kManager, identity},
                        {[this] { start_manager(); },
                         [this] {
                           manager_.reset();
                           set_leading(kManager, 0);
                         }}),
      scheduler_election_(loop, random, scheduler, {kScheduler, identity},
                          {[this] { start_scheduler(); },
                           [this] {
                             scheduling_.reset();
                             set_leading(kScheduler, 0);
                           }}) {}

Controllers::~Controllers() = default;

void Controllers::start() {
  manager_election_.start();
  scheduler_election_.start();
}

rt::Task<void> Controllers::release() {
  co_await manager_election_.release();
  co_await scheduler_election_.release();
}

void Controllers::start_manager() {
  manager_ = std::make_unique<Manager>(loop_, random_, manager_transport_);
  for (auto& controller : controllers::make_all(settings_))
    manager_->runners.push_back(
        std::make_unique<control::Runner>(loop_, manager_->informers, manager_transport_, std::move(controller), &metrics_));
  for (auto& runner : manager_->runners) runner->start();
  set_leading(kManager, 1);
}

void Controllers::start_scheduler() {
  scheduling_ = std::make_unique<Scheduling>(loop_, random_, scheduler_transport_);
  scheduling_->scheduler.start();
  set_leading(kScheduler, 1);
}

void Controllers::set_leading(const std::string& name, double value) {
  metrics_
      .gauge(
          "leader_election_master_status",
          "[ALPHA] Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master. "
          "'name' is the string used to identify the lease. Please make sure to group by name.",
          {"name"})
      .counter({name})
      .set(value);
}

}  // namespace charon::cmd

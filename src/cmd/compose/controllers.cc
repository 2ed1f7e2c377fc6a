#include "cmd/compose/controllers.h"

#include <string>
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
  std::vector<std::unique_ptr<client::Transport>> writers;  // one for each controller
  std::vector<std::unique_ptr<control::Runner>> runners;
};

struct Controllers::Scheduling {
  Scheduling(rt::Loop& loop, rt::Random& random, client::Transport& transport, Metrics& metrics)
      : informers(loop, random, transport), scheduler(loop, informers, transport, random, &metrics) {}
  client::InformerSet informers;
  scheduler::Scheduler scheduler;
};

Controllers::Controllers(rt::Loop& loop, rt::Random& random, Lines lines, Metrics& metrics,
                         control::ControllerSettings settings, const std::string& identity)
    : loop_(loop),
      random_(random),
      lines_(std::move(lines)),
      metrics_(metrics),
      settings_(std::move(settings)),
      manager_election_(loop, random, lines_.manager, {kManager, identity},
                        {[this] { start_manager(); },
                         [this] {
                           manager_.reset();
                           set_leading(kManager, 0);
                         }}),
      scheduler_election_(loop, random, lines_.scheduler, {kScheduler, identity},
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

void Controllers::configure_scheduler(scheduler::Configuration configuration) {
  if (scheduling_) scheduling_->scheduler.configure(configuration);
  scheduler_configuration_ = std::move(configuration);
}

void Controllers::start_manager() {
  manager_ = std::make_unique<Manager>(loop_, random_, lines_.manager);
  for (auto& controller : controllers::make_all(settings_)) {
    manager_->writers.push_back(
        controllers::make_account_transport(std::string(controller->name()), lines_.admin, lines_.connect));
    manager_->runners.push_back(std::make_unique<control::Runner>(loop_, manager_->informers, *manager_->writers.back(),
                                                                  std::move(controller), &metrics_));
  }
  for (auto& runner : manager_->runners) runner->start();
  set_leading(kManager, 1);
}

void Controllers::start_scheduler() {
  scheduling_ = std::make_unique<Scheduling>(loop_, random_, lines_.scheduler, metrics_);
  if (scheduler_configuration_) scheduling_->scheduler.configure(*scheduler_configuration_);
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

#include "cmd/compose/controllers.h"

#include "controllers/list.h"

namespace charon::cmd {

Controllers::Controllers(rt::Loop& loop, rt::Random& random, client::Transport& manager, client::Transport& scheduler,
                         Metrics& metrics, const control::ControllerSettings& settings)
    : manager_informers_(loop, random, manager),
      scheduler_informers_(loop, random, scheduler),
      scheduler_(loop, scheduler_informers_, scheduler, random, &metrics) {
  for (auto& controller : controllers::make_all(settings))
    runners_.push_back(std::make_unique<control::Runner>(loop, manager_informers_, manager, std::move(controller), &metrics));
}

void Controllers::start() {
  for (auto& runner : runners_) runner->start();
  scheduler_.start();
}

}  // namespace charon::cmd

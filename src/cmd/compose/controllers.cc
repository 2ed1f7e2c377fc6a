#include "cmd/compose/controllers.h"

#include <string>
#include <utility>

#include "controllers/list.h"

namespace charon::cmd {

Controllers::Controllers(rt::Loop& loop, rt::Random& random, Lines lines, Metrics& metrics,
                         const control::ControllerSettings& settings)
    : manager_informers_(loop, random, lines.manager),
      scheduler_informers_(loop, random, lines.scheduler),
      scheduler_(loop, scheduler_informers_, lines.scheduler, random, &metrics) {
  for (auto& controller : controllers::make_all(settings)) {
    writers_.push_back(controllers::make_account_transport(std::string(controller->name()), lines.admin, lines.connect));
    runners_.push_back(
        std::make_unique<control::Runner>(loop, manager_informers_, *writers_.back(), std::move(controller), &metrics));
  }
}

void Controllers::start() {
  for (auto& runner : runners_) runner->start();
  scheduler_.start();
}

}  // namespace charon::cmd

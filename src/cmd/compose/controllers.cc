#include "cmd/compose/controllers.h"

#include "controllers/deployment/controller.h"
#include "controllers/endpoints/controller.h"
#include "controllers/garbagecollector/controller.h"
#include "controllers/namespace/controller.h"
#include "controllers/nodelifecycle/controller.h"
#include "controllers/replicaset/controller.h"
#include "controllers/serviceaccount/controller.h"
#include "controllers/tainteviction/controller.h"

namespace charon::cmd {

Controllers::Controllers(rt::Loop& loop, rt::Random& random, client::Transport& manager, client::Transport& scheduler,
                         std::string ca_pem)
    : manager_informers_(loop, random, manager),
      scheduler_informers_(loop, random, scheduler),
      scheduler_(loop, scheduler_informers_, scheduler, random) {
  std::vector<std::unique_ptr<control::Controller>> controllers;
  controllers.push_back(std::make_unique<controllers::namespaces::NamespaceController>());
  controllers.push_back(std::make_unique<controllers::serviceaccount::ServiceAccountController>(std::move(ca_pem)));
  controllers.push_back(std::make_unique<controllers::replicaset::ReplicaSetController>());
  controllers.push_back(std::make_unique<controllers::deployment::DeploymentController>());
  controllers.push_back(std::make_unique<controllers::garbagecollector::GarbageCollector>());
  controllers.push_back(std::make_unique<controllers::nodelifecycle::NodeLifecycleController>());
  controllers.push_back(std::make_unique<controllers::tainteviction::TaintEvictionController>());
  controllers.push_back(std::make_unique<controllers::endpoints::EndpointsController>());
  for (auto& controller : controllers)
    runners_.push_back(std::make_unique<control::Runner>(loop, manager_informers_, manager, std::move(controller)));
}

void Controllers::start() {
  for (auto& runner : runners_) runner->start();
  scheduler_.start();
}

}  // namespace charon::cmd

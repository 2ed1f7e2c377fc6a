#include "controllers/tokencleaner/controller.h"

#include "controllers/tokencleaner/plan.h"

namespace charon::controllers::tokencleaner {
namespace {

using core::v1::Secret;

class TokenCleaner final : public control::Controller {
 public:
  std::string_view name() const override { return "token-cleaner"; }
  std::vector<control::Watch> watches() const override { return {control::watch_self<Secret>()}; }
  control::Plan reconcile(const control::Request& request, const control::View& view, Time now) const override {
    auto secret = view.get<Secret>(request.key.object);
    return secret ? plan_token(*secret, now) : control::Plan();
  }
};

}  // namespace

std::unique_ptr<control::Controller> make(const control::ControllerSettings&) { return std::make_unique<TokenCleaner>(); }

}  // namespace charon::controllers::tokencleaner

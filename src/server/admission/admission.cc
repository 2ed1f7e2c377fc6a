#include "server/admission/admission.h"

namespace charon::server {

Error admission_forbidden(const Request& request, std::string_view why) {
  auto details = std::make_shared<StatusDetails>();
  details->name = request.name;
  details->group = request.kind->gv.group;
  details->kind = request.kind->plural;
  return {Reason::Forbidden, request.kind->group_resource() + " \"" + request.name + "\" is forbidden: " + std::string(why),
          details};
}

rt::Task<Result<void>> Admission::admit(AdmissionReview review) {
  AdmissionRounds own;
  if (review.rounds == nullptr) review.rounds = &own;
  for (auto& plugin : plugins_) CO_TRY(co_await plugin->admit(review));
  if (!review.rounds->changed) co_return Result<void>();
  review.rounds->again = true;
  for (auto& plugin : plugins_) CO_TRY(co_await plugin->admit(review));
  co_return Result<void>();
}

rt::Task<Result<void>> Admission::validate(AdmissionReview review) {
  AdmissionRounds own;
  if (review.rounds == nullptr) review.rounds = &own;
  for (auto& plugin : plugins_) CO_TRY(co_await plugin->validate(review));
  co_return Result<void>();
}

}  // namespace charon::server

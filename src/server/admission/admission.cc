#include "server/admission/admission.h"

namespace charon::server {

rt::Task<Result<void>> Admission::admit(AdmissionReview review) {
  for (auto& plugin : plugins_) CO_TRY(co_await plugin->admit(review));
  co_return Result<void>();
}

rt::Task<Result<void>> Admission::validate(AdmissionReview review) {
  for (auto& plugin : plugins_) CO_TRY(co_await plugin->validate(review));
  co_return Result<void>();
}

}  // namespace charon::server

#include "server/admission/admission.h"

#include "codec/tree.h"

namespace charon::server {

std::string_view operation_name(Operation operation) {
  switch (operation) {
    case Operation::Create:
      return "CREATE";
    case Operation::Update:
      return "UPDATE";
    case Operation::Delete:
      return "DELETE";
    case Operation::Connect:
      return "CONNECT";
  }
  return {};
}

model::LabelMap labels_of(const codec::Value& object) {
  model::LabelMap labels;
  const codec::Value* given = codec::find_path(object, {"metadata", "labels"});
  if (given == nullptr || !given->is_object()) return labels;
  for (const auto& [key, value] : given->get_object())
    if (value.is_string()) labels.emplace(std::string(key), std::string(codec::view(value.get_string())));
  return labels;
}

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

#include "server/admission/admission.h"

#include <chrono>
#include <iterator>

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

namespace {

constexpr std::size_t kOperations = 4;
const std::vector<double> kBuckets = {0.005, 0.025, 0.1, 0.5, 1.0, 2.5};
constexpr const char* kSteps[] = {"admit", "validate"};

}  // namespace

Admission::Admission(std::vector<std::unique_ptr<AdmissionPlugin>> plugins, const rt::Clock& clock, Metrics& metrics)
    : plugins_(std::move(plugins)), clock_(&clock) {
  auto& family = metrics.histogram("apiserver_admission_step_admission_duration_seconds",
                                   "How long all plugins together took, by step.", kBuckets, {"type", "operation", "rejected"});
  plugin_family_ =
      &metrics.histogram("apiserver_admission_controller_admission_duration_seconds", "How long each plugin took, by step.",
                         kBuckets, {"name", "type", "operation", "rejected"});
  plugin_durations_.resize(plugins_.size() * std::size(kSteps) * kOperations * 2);
  for (const char* type : kSteps)
    for (const char* operation : {"CREATE", "UPDATE", "DELETE", "CONNECT"})
      for (const char* rejected : {"false", "true"}) durations_.push_back(&family.histogram({type, operation, rejected}));
}

rt::Task<Result<void>> Admission::admit(AdmissionReview review) {
  co_return co_await measured(Step::Admit, review.operation, admit_all(review));
}

rt::Task<Result<void>> Admission::validate(AdmissionReview review) {
  co_return co_await measured(Step::Validate, review.operation, validate_all(review));
}

rt::Task<Result<void>> Admission::measured(Step step, Operation operation, rt::Task<Result<void>> task) const {
  if (clock_ == nullptr) co_return co_await task;
  rt::Instant started = clock_->now();
  Result<void> outcome = co_await task;
  std::size_t place = static_cast<std::size_t>(step) * kOperations + static_cast<std::size_t>(operation);
  durations_[2 * place + (outcome ? 0 : 1)]->observe(std::chrono::duration<double>(clock_->now() - started).count());
  co_return outcome;
}

Histogram& Admission::duration_of(std::size_t plugin, Step step, Operation operation, bool refused) {
  const std::size_t place =
      ((plugin * std::size(kSteps) + static_cast<std::size_t>(step)) * kOperations + static_cast<std::size_t>(operation)) * 2 +
      (refused ? 1 : 0);
  Histogram*& found = plugin_durations_[place];
  if (found == nullptr)
    found = &plugin_family_->histogram({std::string(plugins_[plugin]->name()), kSteps[static_cast<std::size_t>(step)],
                                        std::string(operation_name(operation)), refused ? "true" : "false"});
  return *found;
}

rt::Task<Result<void>> Admission::round(Step step, const AdmissionReview& review) {
  // One look at the clock for each: where one plugin ends, the next begins.
  rt::Instant began = clock_ == nullptr ? rt::Instant() : clock_->now();
  for (std::size_t i = 0; i < plugins_.size(); ++i) {
    Result<void> outcome = step == Step::Admit ? co_await plugins_[i]->admit(review) : co_await plugins_[i]->validate(review);
    if (clock_ != nullptr) {
      const rt::Instant ended = clock_->now();
      duration_of(i, step, review.operation, !outcome).observe(std::chrono::duration<double>(ended - began).count());
      began = ended;
    }
    if (!outcome) co_return outcome;
  }
  co_return Result<void>();
}

rt::Task<Result<void>> Admission::admit_all(AdmissionReview review) {
  AdmissionRounds own;
  if (review.rounds == nullptr) review.rounds = &own;
  CO_TRY(co_await round(Step::Admit, review));
  if (!review.rounds->changed) co_return Result<void>();
  review.rounds->again = true;
  co_return co_await round(Step::Admit, review);
}

rt::Task<Result<void>> Admission::validate_all(AdmissionReview review) {
  AdmissionRounds own;
  if (review.rounds == nullptr) review.rounds = &own;
  co_return co_await round(Step::Validate, review);
}

}  // namespace charon::server

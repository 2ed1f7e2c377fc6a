#include "server/admission/webhook/webhooks.h"

#include <algorithm>

#include "codec/json.h"
#include "codec/tree.h"
#include "rt/scope.h"
#include "schema/convert.h"
#include "schema/defaults.h"
#include "schema/patch.h"
#include "server/admission/webhook/annotations.h"
#include "server/admission/webhook/match.h"
#include "server/admission/webhook/review.h"
#include "server/status.h"

namespace charon::server {
namespace {

using codec::Value;

// The buckets and names are those of apiserver's admission metrics.
const std::vector<double> kDurations = {0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 10, 25};
constexpr int kFine = 200;

Error internal_error(const std::string& what) {
  auto details = std::make_shared<StatusDetails>();
  details->causes.push_back({"", what, ""});
  return {Reason::InternalError, "Internal error occurred: " + what, details};
}

// How a call went. The failure policy is about CallFailed alone.
enum class Ending : std::uint8_t { Answered, CallFailed, Denied, Refused };

struct Outcome {
  Ending ending = Ending::Answered;
  WebhookAnswer answer;
  Error error;
  int code = kFine;
};

Outcome call_failed(const Webhook& webhook, const Error& why) {
  return {Ending::CallFailed,
          {},
          internal_error("failed calling webhook \"" + webhook.name + "\": " + why.message),
          http_code(why.reason)};
}

Outcome refused(Error error) { return {Ending::Refused, {}, std::move(error), 0}; }

// One webhook that a request concerns.
struct Invocation {
  const Webhook* webhook = nullptr;
  model::KindRef kind;    // as which it sees the object
  std::size_t index = 0;  // of the webhook among all
  Outcome outcome;
};

// The object as a webhook sees it.
rt::Task<Result<Value>> sent_object(const AdmissionReview& review, model::KindRef kind) {
  Value object = *review.object;
  // The tree under way carries no version; what the client sees does.
  if (review.before && review.type == nullptr)
    codec::ensure_object(object, {"metadata"})["resourceVersion"] = std::to_string(review.before->revision());
  if (review.type != nullptr) co_return object;
  co_return co_await as_kind(review.request->kind, kind, std::move(object));
}

void add_webhook_time(const Request& request, rt::Duration took) {
  if (request.webhook_time != nullptr) *request.webhook_time += std::chrono::duration_cast<std::chrono::nanoseconds>(took);
}

class Calls {
 public:
  Calls(WebhookDispatch& dispatch, WebhookSort sort) : dispatch_(dispatch), sort_(sort) {}

  // `object`: as the webhook sees it; null: none. The review and the invocation outlive the call.
  rt::Task<Outcome> call(const Invocation* invocation, const AdmissionReview* review, const Value* object) const {
    rt::Instant started = dispatch_.loop.clock().now();
    auto attempt = attempt_call(invocation, review, object);
    Outcome outcome = co_await attempt;
    rt::Duration took = dispatch_.loop.clock().now() - started;
    // Of validating webhooks, which are called side by side, their plugin counts the time that all take together.
    if (sort_ == WebhookSort::Mutating) add_webhook_time(*review->request, took);
    count(*invocation->webhook, *review, outcome, std::chrono::duration<double>(took).count());
    co_return outcome;
  }

 private:
  rt::Task<Outcome> attempt_call(const Invocation* invocation, const AdmissionReview* review, const Value* object) const {
    const Webhook& webhook = *invocation->webhook;
    if (review->request->dry_run && !webhook.may_run_dry)
      co_return refused({Reason::BadRequest, "admission webhook \"" + webhook.name + "\" does not support dry run", nullptr});
    if (webhook.review_version.empty())
      co_return call_failed(webhook, {Reason::BadRequest,
                                      "could not create admission objects: webhook does not accept known AdmissionReview "
                                      "versions (v1, v1beta1)",
                                      nullptr});
    rt::Duration left = time_left(*review->rounds);
    if (left <= rt::Duration::zero())
      co_return refused({Reason::Timeout, "Timeout: request did not complete within requested timeout", nullptr});
    std::string uid = dispatch_.random.uuid();
    Value before;
    if (review->before) before = review->before->tree();
    if (review->before && review->type == nullptr) {
      auto made = co_await as_kind(review->request->kind, invocation->kind, std::move(before));
      if (!made) co_return refused(std::move(made.error()));
      before = *std::move(made);
    }
    WebhookReview sent{webhook.review_version, uid, invocation->kind.get(), object, review->before ? &before : nullptr};
    auto posting = dispatch_.caller.post(
        {webhook.target, write_review(sent, *review), uid, std::min<rt::Duration>(webhook.timeout, left)});
    auto body = co_await posting;
    if (!body)
      co_return call_failed(webhook, {body.error().reason, "failed to call webhook: " + body.error().message, nullptr});
    auto answer = read_answer(*body, {sort_, webhook.review_version, uid, webhook.name});
    if (!answer) co_return call_failed(webhook, {Reason::ServiceUnavailable, answer.error().message, nullptr});
    Outcome outcome;
    outcome.answer = std::move(*answer);
    if (outcome.answer.allowed) co_return outcome;
    outcome.ending = Ending::Denied;
    outcome.error = outcome.answer.denial;
    outcome.code = status_code(outcome.error);
    co_return outcome;
  }

  rt::Duration time_left(AdmissionRounds& rounds) const {
    rt::Instant now = dispatch_.loop.clock().now();
    if (!rounds.deadline) rounds.deadline = now + kWebhookRequestTime;
    return *rounds.deadline - now;
  }

  void count(const Webhook& webhook, const AdmissionReview& review, const Outcome& outcome, double seconds) const {
    std::string type = sort_ == WebhookSort::Mutating ? "admit" : "validating";
    std::string operation(operation_name(review.operation));
    bool open = outcome.ending == Ending::CallFailed && webhook.ignores_failure;
    std::string rejected = outcome.ending == Ending::Answered || open ? "false" : "true";
    dispatch_.durations.histogram({webhook.name, type, operation, rejected}).observe(seconds);
    dispatch_.requests.counter({webhook.name, type, operation, std::to_string(outcome.code), rejected}).add();
    if (open) dispatch_.failed_open.counter({webhook.name, type}).add();
    if (rejected == "false") return;
    std::string error_type = outcome.ending == Ending::CallFailed ? "calling_webhook_error"
                             : outcome.ending == Ending::Denied   ? "no_error"
                                                                  : "apiserver_internal_error";
    dispatch_.rejections.counter({webhook.name, type, operation, error_type, std::to_string(outcome.code)}).add();
  }

  WebhookDispatch& dispatch_;
  WebhookSort sort_;
};

void add_warnings(const AdmissionReview& review, const WebhookAnswer& answer) {
  if (review.warnings == nullptr) return;
  for (const std::string& warning : answer.warnings)
    if (std::ranges::find(*review.warnings, warning) == review.warnings->end()) review.warnings->push_back(warning);
}

// --------------------------------------------------------------------------------------------------------- mutating

// As the registry refuses it once admission is over (apiserver, registry/rest): nobody moves an object to another namespace.
Result<void> check_namespace(const model::Kind& kind, const Value& before, const Value& object) {
  std::string_view given = codec::string_at_path(object, {"metadata", "namespace"});
  if (!kind.namespaced || given.empty() || given == codec::string_at_path(before, {"metadata", "namespace"})) return {};
  return fail(Reason::BadRequest, "the namespace of the provided object does not match the namespace sent on the request");
}

// What only the server sets stays as it was. The uid of an object that is there is left to validation, which refuses another; a
// new one gets its own after admission.
void keep_system_members(Operation operation, const Value& before, Value& object) {
  for (std::string_view member : {"apiVersion", "kind"})
    if (const Value* value = codec::find(before, member)) object.as_object()[member] = *value;
  const Value* old_meta = codec::find(before, "metadata");
  if (old_meta == nullptr) return;
  codec::Object& meta = codec::ensure_object(object, {"metadata"});
  const bool other_uid = operation == Operation::Update && !codec::string_at(Value(meta), "uid").empty();
  for (std::string_view member : {"namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
                                  "deletionGracePeriodSeconds", "selfLink", "managedFields"}) {
    if (member == "uid" && other_uid) continue;
    if (const Value* value = codec::find(*old_meta, member)) {
      meta[member] = *value;
    } else {
      meta.erase(member);
    }
  }
}

// Applies the patch to the object as it was sent, and makes what comes out the object under way. True when it is another one.
rt::Task<Result<bool>> apply_patch(const AdmissionReview& review, model::KindRef kind, Value sent, const Value& patch) {
  auto wrong = [](const Error& error) { return fail(internal_error(error.message)); };
  if (auto applied = schema::json_patch(sent, patch); !applied) co_return wrong(applied.error());
  if (!sent.is_object()) co_return fail(internal_error("the patch does not leave a JSON object"));
  const schema::Type& type = review.type == nullptr ? *kind->type : *review.type;
  if (auto normal = schema::normalize(type, sent); !normal) co_return wrong(normal.error());
  schema::apply_defaults(type, sent);
  if (review.type == nullptr) {
    if (kind->rules.set_defaults != nullptr) kind->rules.set_defaults(sent);
    CO_TRY_ASSIGN(sent, co_await as_kind(kind, review.request->kind, std::move(sent)));
  }
  if (review.type == nullptr) CO_TRY(check_namespace(*review.request->kind, *review.object, sent));
  keep_system_members(review.operation, *review.object, sent);
  bool changed = !codec::equal(*review.object, sent);
  *review.object = std::move(sent);
  co_return changed;
}

class MutatingWebhooks final : public AdmissionPlugin {
 public:
  explicit MutatingWebhooks(std::shared_ptr<WebhookDispatch> dispatch)
      : dispatch_(std::move(dispatch)),
        configurations_(
            dispatch_->caches.of(*model::find_kind({"admissionregistration.k8s.io", "v1"}, "MutatingWebhookConfiguration"))),
        namespaces_(dispatch_->caches.of(*model::find_kind({"", "v1"}, "Namespace"))) {}
  std::string_view name() const override { return "MutatingAdmissionWebhook"; }

  rt::Task<Result<void>> admit(AdmissionReview review) override {
    Webhooks webhooks = configurations_.current();
    if (webhooks->empty() || is_exempt(*review.request->kind)) co_return Result<void>();
    AdmissionRounds& rounds = *review.rounds;
    bool changed_since = rounds.again && !rounds.repeatable.empty() && codec::write_json(*review.object) != rounds.left;
    if (changed_since) require_again(rounds);
    bool called = false;
    for (const Webhook& webhook : *webhooks) {
      CO_TRY_ASSIGN(model::KindRef kind, wanted_kind(webhook, review, dispatch_->caches.kinds(), namespaces_));
      if (!kind) continue;
      // Nobody is called for the first time in the second round.
      if (rounds.again && std::ranges::find(rounds.due, webhook.id) == rounds.due.end()) continue;
      called = true;
      Invocation invocation{&webhook, kind, static_cast<std::size_t>(&webhook - webhooks->data()), {}};
      auto calling = call_one(&invocation, &review);
      CO_TRY(co_await calling);
      if (webhook.repeatable) rounds.repeatable.push_back(webhook.id);
    }
    if (called && !rounds.repeatable.empty() && review.object != nullptr) rounds.left = codec::write_json(*review.object);
    co_return Result<void>();
  }

 private:
  static void require_again(AdmissionRounds& rounds) {
    for (std::string& id : rounds.repeatable)
      if (std::ranges::find(rounds.due, id) == rounds.due.end()) rounds.due.push_back(std::move(id));
    rounds.repeatable.clear();
  }

  rt::Task<Result<void>> call_one(const Invocation* invocation, const AdmissionReview* review) const {
    Value sent;
    if (review->object != nullptr) {
      CO_TRY_ASSIGN(sent, co_await sent_object(*review, invocation->kind));
    }
    Calls calls(*dispatch_, WebhookSort::Mutating);
    auto calling = calls.call(invocation, review, review->object == nullptr ? nullptr : &sent);
    Outcome outcome = co_await calling;
    add_warnings(*review, outcome.answer);
    const Request& request = *review->request;
    note_annotations(request, *invocation->webhook, outcome.answer);
    WebhookNote note{*invocation->webhook, review->rounds->again ? 1 : 0, invocation->index};
    if (outcome.ending == Ending::CallFailed && invocation->webhook->ignores_failure) {
      note_failed_open(request, note, WebhookSort::Mutating);
      note_mutation(request, note);
      co_return Result<void>();
    }
    if (outcome.ending != Ending::Answered || !outcome.answer.patch) note_mutation(request, note);
    if (outcome.ending != Ending::Answered) co_return fail(std::move(outcome.error));
    if (!outcome.answer.patch) co_return Result<void>();
    if (review->object == nullptr)
      co_return fail(internal_error("admission webhook \"" + invocation->webhook->name +
                                    "\" attempted to modify the object, which is not supported for this operation"));
    CO_TRY_ASSIGN(bool changed, co_await apply_patch(*review, invocation->kind, std::move(sent), *outcome.answer.patch));
    note.mutated = changed;
    note.patch = &*outcome.answer.patch;
    note_mutation(request, note);
    if (changed) {
      review->rounds->changed = true;
      require_again(*review->rounds);
    }
    co_return Result<void>();
  }

  std::shared_ptr<WebhookDispatch> dispatch_;
  WebhookConfigurations configurations_;
  const Cache& namespaces_;
};

// ------------------------------------------------------------------------------------------------------- validating

void warn_about_conditions(const AdmissionReview& review) {
  if (review.warnings == nullptr || review.object == nullptr) return;
  const Value* webhooks = codec::find(*review.object, "webhooks");
  if (webhooks == nullptr || !webhooks->is_array()) return;
  std::size_t index = 0;
  for (const Value& webhook : webhooks->get_array()) {
    std::size_t place = index++;
    const Value* conditions = codec::find(webhook, "matchConditions");
    if (conditions == nullptr || !conditions->is_array() || conditions->get_array().empty()) continue;
    review.warnings->push_back("webhooks[" + std::to_string(place) +
                               "].matchConditions: this server does not evaluate CEL yet, so the webhook is called as if its "
                               "conditions held");
  }
}

class ValidatingWebhooks final : public AdmissionPlugin {
 public:
  explicit ValidatingWebhooks(std::shared_ptr<WebhookDispatch> dispatch)
      : dispatch_(std::move(dispatch)),
        configurations_(
            dispatch_->caches.of(*model::find_kind({"admissionregistration.k8s.io", "v1"}, "ValidatingWebhookConfiguration"))),
        namespaces_(dispatch_->caches.of(*model::find_kind({"", "v1"}, "Namespace"))) {}
  std::string_view name() const override { return "ValidatingAdmissionWebhook"; }

  rt::Task<Result<void>> validate(AdmissionReview review) override {
    if (is_exempt(*review.request->kind)) {
      warn_about_conditions(review);
      co_return Result<void>();
    }
    Webhooks webhooks = configurations_.current();
    if (webhooks->empty()) co_return Result<void>();
    std::vector<Invocation> invocations;
    for (const Webhook& webhook : *webhooks) {
      CO_TRY_ASSIGN(model::KindRef kind, wanted_kind(webhook, review, dispatch_->caches.kinds(), namespaces_));
      if (kind) invocations.push_back({&webhook, kind, static_cast<std::size_t>(&webhook - webhooks->data()), {}});
    }
    if (invocations.empty()) co_return Result<void>();
    rt::Instant started = dispatch_->loop.clock().now();
    {
      rt::Scope calls(dispatch_->loop);
      for (Invocation& invocation : invocations) calls.spawn(call_one(dispatch_, &invocation, &review));
      co_await calls.drained();
    }
    add_webhook_time(*review.request, dispatch_->loop.clock().now() - started);
    for (const Invocation& invocation : invocations) {
      add_warnings(review, invocation.outcome.answer);
      note_annotations(*review.request, *invocation.webhook, invocation.outcome.answer);
      if (invocation.outcome.ending == Ending::CallFailed && invocation.webhook->ignores_failure)
        note_failed_open(*review.request, {*invocation.webhook, 0, invocation.index}, WebhookSort::Validating);
    }
    for (Invocation& invocation : invocations) {
      const Outcome& outcome = invocation.outcome;
      bool open = outcome.ending == Ending::CallFailed && invocation.webhook->ignores_failure;
      if (outcome.ending != Ending::Answered && !open) co_return fail(outcome.error);
    }
    co_return Result<void>();
  }

 private:
  static rt::Task<void> call_one(std::shared_ptr<WebhookDispatch> dispatch, Invocation* invocation,
                                 const AdmissionReview* review) {
    Value sent;
    if (review->object != nullptr) {
      auto made = co_await sent_object(*review, invocation->kind);
      if (!made) {
        invocation->outcome = refused(std::move(made.error()));
        co_return;
      }
      sent = *std::move(made);
    }
    Calls calls(*dispatch, WebhookSort::Validating);
    auto calling = calls.call(invocation, review, review->object == nullptr ? nullptr : &sent);
    invocation->outcome = co_await calling;
  }

  std::shared_ptr<WebhookDispatch> dispatch_;
  WebhookConfigurations configurations_;
  const Cache& namespaces_;
};

}  // namespace

WebhookDispatch::WebhookDispatch(rt::Loop& on_loop, rt::Net& net, rt::Random& with_random, Caches& from_caches,
                                 Metrics& metrics)
    : loop(on_loop),
      random(with_random),
      caches(from_caches),
      caller(on_loop, net, from_caches),
      durations(metrics.histogram("apiserver_admission_webhook_admission_duration_seconds",
                                  "Admission webhook latency, by webhook, type, operation and whether it rejected.", kDurations,
                                  {"name", "type", "operation", "rejected"})),
      requests(metrics.counter("apiserver_admission_webhook_request_total", "Calls of admission webhooks.",
                               {"name", "type", "operation", "code", "rejected"})),
      rejections(metrics.counter("apiserver_admission_webhook_rejection_count", "Requests that admission webhooks rejected.",
                                 {"name", "type", "operation", "error_type", "rejection_code"})),
      failed_open(metrics.counter("apiserver_admission_webhook_fail_open_count",
                                  "Calls of admission webhooks that failed and were ignored.", {"name", "type"})) {}

std::unique_ptr<AdmissionPlugin> make_mutating_webhooks(std::shared_ptr<WebhookDispatch> dispatch) {
  return std::make_unique<MutatingWebhooks>(std::move(dispatch));
}

std::unique_ptr<AdmissionPlugin> make_validating_webhooks(std::shared_ptr<WebhookDispatch> dispatch) {
  return std::make_unique<ValidatingWebhooks>(std::move(dispatch));
}

}  // namespace charon::server

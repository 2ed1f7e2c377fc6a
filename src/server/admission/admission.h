// Admission: what may change or refuse a write after authorisation. One folder per plugin, listed in admission/plugins.cc in
// the order in which Kubernetes runs them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "client/transport.h"
#include "codec/value.h"
#include "model/document.h"
#include "model/selector.h"
#include "rt/loop.h"
#include "rt/task.h"
#include "schema/type.h"
#include "server/request.h"

namespace charon::server {

enum class Operation : std::uint8_t { Create, Update, Delete, Connect };
std::string_view operation_name(Operation operation);  // "CREATE"

// What the rounds of one request share. When a webhook has changed the object, all plugins see it once more, and of the
// webhooks those that ask for it (reinvocationPolicy).
struct AdmissionRounds {
  bool again = false;                   // this is the second round
  bool changed = false;                 // a webhook has changed the object
  std::vector<std::string> repeatable;  // webhooks that were called and want to see later changes
  std::vector<std::string> due;         // of these, who is to be called again
  std::string left;                     // the object as the webhooks left it
  std::optional<rt::Instant> deadline;  // of all webhook calls together
};

struct AdmissionReview {
  Operation operation = Operation::Create;
  const Request* request = nullptr;
  codec::Value* object = nullptr;  // null for deletes; carries apiVersion and kind
  model::DocumentPtr before;       // null for creates and connects
  Warnings* warnings = nullptr;    // null: nobody wants them
  AdmissionRounds* rounds = nullptr;
  const schema::Type* type = nullptr;  // of `object` where it is not the kind's own (a Binding, PodExecOptions)
  const client::DeleteOptions* delete_options = nullptr;  // of deletes
};

class AdmissionPlugin {
 public:
  virtual ~AdmissionPlugin() = default;
  virtual std::string_view name() const = 0;
  // May change the object.
  virtual rt::Task<Result<void>> admit(AdmissionReview review) {
    (void)review;
    co_return Result<void>();
  }
  // After all plugins have changed it.
  virtual rt::Task<Result<void>> validate(AdmissionReview review) {
    (void)review;
    co_return Result<void>();
  }
};

// The metadata.labels of an object that no Document has read yet; what is no text is left out.
model::LabelMap labels_of(const codec::Value& object);

// Forbidden in Kubernetes' words: `pods "web" is forbidden: <why>`.
Error admission_forbidden(const Request& request, std::string_view why);

class Admission {
 public:
  explicit Admission(std::vector<std::unique_ptr<AdmissionPlugin>> plugins) : plugins_(std::move(plugins)) {}
  // Measures its steps and its plugins. The clock and the metrics must outlive it.
  Admission(std::vector<std::unique_ptr<AdmissionPlugin>> plugins, const rt::Clock& clock, Metrics& metrics);
  // One round, and a second one when a webhook has changed the object; `review.rounds` says so afterwards, where it is given.
  rt::Task<Result<void>> admit(AdmissionReview review);
  rt::Task<Result<void>> validate(AdmissionReview review);

 private:
  enum class Step : std::uint8_t { Admit, Validate };

  rt::Task<Result<void>> admit_all(AdmissionReview review);
  rt::Task<Result<void>> validate_all(AdmissionReview review);
  rt::Task<Result<void>> measured(Step step, Operation operation, rt::Task<Result<void>> task) const;
  // All plugins once, until one refuses.
  rt::Task<Result<void>> round(Step step, const AdmissionReview& review);
  // Of a plugin's call; made when it is first needed.
  Histogram& duration_of(std::size_t plugin, Step step, Operation operation, bool refused);

  std::vector<std::unique_ptr<AdmissionPlugin>> plugins_;
  const rt::Clock* clock_ = nullptr;
  std::vector<Histogram*> durations_;  // by step, operation, and whether it refused; empty: nothing is measured
  Metrics::Family* plugin_family_ = nullptr;
  std::vector<Histogram*> plugin_durations_;  // by plugin, step, operation, and whether it refused; may be null
};

}  // namespace charon::server

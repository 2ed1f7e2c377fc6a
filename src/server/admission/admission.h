// Admission: what may change or refuse a write after authorisation. One folder per plugin, listed in admission/plugins.cc in
// the order in which Kubernetes runs them.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/value.h"
#include "model/document.h"
#include "rt/task.h"
#include "server/request.h"

namespace charon::server {

enum class Operation : std::uint8_t { Create, Update, Delete, Connect };

struct AdmissionReview {
  Operation operation = Operation::Create;
  const Request* request = nullptr;
  codec::Value* object = nullptr;  // null for deletes
  model::DocumentPtr before;       // null for creates
  Warnings* warnings = nullptr;
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

// Forbidden in Kubernetes' words: `pods "web" is forbidden: <why>`.
Error admission_forbidden(const Request& request, std::string_view why);

class Admission {
 public:
  explicit Admission(std::vector<std::unique_ptr<AdmissionPlugin>> plugins) : plugins_(std::move(plugins)) {}
  rt::Task<Result<void>> admit(AdmissionReview review);
  rt::Task<Result<void>> validate(AdmissionReview review);

 private:
  std::vector<std::unique_ptr<AdmissionPlugin>> plugins_;
};

}  // namespace charon::server

// AdmissionReview: what is sent to a webhook, and what its answer says. Pure.
//
// Source: admission.k8s.io/v1 and apiserver's pkg/admission/plugin/webhook/request (texts of complaints). v1beta1 has the same
// members; of its answers neither uid nor apiVersion are checked, as in Kubernetes.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/tree.h"
#include "server/admission/admission.h"

namespace charon::server {

inline constexpr std::size_t kWebhookWarningBytes = 4096;  // of one answer; what is beyond is dropped

struct WebhookReview {
  std::string_view version;  // "v1" or "v1beta1"
  std::string uid;
  const model::Kind* kind = nullptr;     // as which the webhook sees the object
  const codec::Value* object = nullptr;  // as that kind; null: none
  const codec::Value* before = nullptr;
};

// The JSON text of the request.
std::string write_review(const WebhookReview& sent, const AdmissionReview& review);

struct WebhookAnswer {
  bool allowed = false;
  std::optional<codec::Value> patch;  // a JSON patch with operations
  std::vector<std::string> warnings;
  std::map<std::string, std::string, std::less<>> audit_annotations;  // by keys without the webhook's name
  Error denial;                                                       // when not allowed: in the webhook's words, with its code
};

enum class WebhookSort : std::uint8_t { Mutating, Validating };

struct WebhookExpectation {
  WebhookSort sort = WebhookSort::Validating;
  std::string_view version;
  std::string_view uid;
  std::string_view webhook;  // its name
};

// The error's message is what is wrong with the answer.
Result<WebhookAnswer> read_answer(std::string_view body, const WebhookExpectation& expected);

}  // namespace charon::server

#include "server/admission/webhook/annotations.h"

#include "base/names.h"
#include "codec/json.h"
#include "server/audit/record.h"

namespace charon::server {
namespace {

std::string key_of(std::string_view prefix, const WebhookNote& note) {
  return std::string(prefix) + "/round_" + std::to_string(note.round) + "_index_" + std::to_string(note.index);
}

}  // namespace

void note_annotations(const Request& request, const Webhook& webhook, const WebhookAnswer& answer) {
  for (const auto& [key, value] : answer.audit_annotations) {
    std::string whole = webhook.name + "/" + key;
    if (qualified_name_errors(whole).empty()) audit::annotate(request, std::move(whole), value);
  }
}

void note_mutation(const Request& request, const WebhookNote& note) {
  if (request.audit == nullptr) return;
  codec::Object told{{"configuration", note.webhook.configuration}, {"webhook", note.webhook.name}};
  if (note.patch != nullptr && request.audit->tells(audit::Level::Request)) {
    codec::Object patch = told;
    patch["patch"] = *note.patch;
    patch["patchType"] = "JSONPatch";
    request.audit->annotate(key_of("patch.webhook.admission.k8s.io", note), codec::write_json(patch));
  }
  told["mutated"] = note.mutated;
  request.audit->annotate(key_of("mutation.webhook.admission.k8s.io", note), codec::write_json(told));
}

void note_failed_open(const Request& request, const WebhookNote& note, WebhookSort sort) {
  std::string_view prefix = sort == WebhookSort::Mutating ? "failed-open.mutating.webhook.admission.k8s.io"
                                                          : "failed-open.validating.webhook.admission.k8s.io";
  audit::annotate(request, key_of(prefix, note), note.webhook.name);
}

}  // namespace charon::server

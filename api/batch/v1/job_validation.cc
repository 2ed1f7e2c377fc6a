#include "api/batch/v1/job_validation.h"

#include "api/core/v1/pod_validation.h"
#include "codec/tree.h"

namespace charon::batch::v1 {

using codec::Value;
using meta::v1::FieldPath;

void validate_job_spec(meta::v1::Errors& errors, const FieldPath& path, const Value* spec) {
  if (spec == nullptr || !spec->is_object()) return;
  bool indexed = codec::string_at(*spec, "completionMode") == "Indexed";
  if (indexed && !codec::int_at(*spec, "completions"))
    meta::v1::add_required(errors, path.child("completions"), "when completion mode is Indexed");
  FieldPath pod_template = path.child("template");
  core::v1::validate_template(errors, pod_template, codec::find(*spec, "template"), {"Job", false});
  FieldPath pod = pod_template.child("spec");
  if (codec::string_at_path(*spec, {"template", "spec", "restartPolicy"}) == "Always")
    meta::v1::add_required(errors, pod.child("restartPolicy"), "valid values: \"OnFailure\", \"Never\"");
}

}  // namespace charon::batch::v1

#include <string>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"

namespace charon::certificates::v1 {

using codec::find_path;
using codec::Value;
using meta::v1::add_cell;

namespace {

std::string condition_text(const Value& request) {
  bool approved = false;
  bool denied = false;
  bool failed = false;
  for (const Value& condition : meta::v1::items_of(find_path(request, {"status", "conditions"}))) {
    std::string_view type = codec::string_at(condition, "type");
    approved = approved || type == "Approved";
    denied = denied || type == "Denied";
    failed = failed || type == "Failed";
  }
  std::string text = denied ? "Denied" : approved ? "Approved" : "Pending";
  if (failed) text += ",Failed";
  if (!codec::string_at_path(request, {"status", "certificate"}).empty()) text += ",Issued";
  return text;
}

void cells_of(const Value& request, Time, codec::Array& cells) {
  const Value* seconds = find_path(request, {"spec", "expirationSeconds"});
  bool given = seconds != nullptr && seconds->is_int64();
  add_cell(cells, given ? human_duration(std::chrono::seconds(seconds->get_int64())) : "<none>");
  add_cell(cells, condition_text(request));
}

constexpr std::string_view kSelectable[] = {"spec.signerName"};

// What was asked for stays; approvers change status alone.
void prepare(Value& request, const model::WriteContext& context) {
  if (context.create) return;
  if (const Value* spec = codec::find(*context.before, "spec")) request.as_object()["spec"] = *spec;
}

void validate(const Value& request, const model::WriteContext&, schema::FieldErrors& errors) {
  meta::v1::FieldPath spec("spec");
  constexpr std::int64_t kTenMinutes = 600;
  const Value* seconds = find_path(request, {"spec", "expirationSeconds"});
  if (seconds != nullptr && seconds->is_int64() && seconds->get_int64() < kTenMinutes)
    meta::v1::add_invalid(errors, spec.child("expirationSeconds"), *seconds,
                          "may not specify a duration less than 600 seconds (10 minutes)");
  bool approved = false;
  bool denied = false;
  for (const Value& condition : meta::v1::items_of(find_path(request, {"status", "conditions"}))) {
    approved = approved || codec::string_at(condition, "type") == "Approved";
    denied = denied || codec::string_at(condition, "type") == "Denied";
  }
  meta::v1::FieldPath status("status");
  if (approved && denied)
    meta::v1::add_invalid(errors, status.child("conditions"), Value("Denied"),
                          "Approved and Denied conditions are mutually exclusive");
}

}  // namespace

const model::KindRules certificate_signing_request_rules = {
    .prepare = prepare, .validate = validate, .cells = cells_of, .selectable_fields = kSelectable};

}  // namespace charon::certificates::v1

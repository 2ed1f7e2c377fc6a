#include <string>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

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

}  // namespace

const model::KindRules certificate_signing_request_rules = {.cells = cells_of, .selectable_fields = kSelectable};

}  // namespace charon::certificates::v1

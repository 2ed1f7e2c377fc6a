#include <fmt/format.h>

#include <string>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::apiregistration::v1 {

using codec::string_at;
using codec::Value;

namespace {

std::string available_text(const Value& service) {
  for (const Value& condition : meta::v1::items_of(codec::find_path(service, {"status", "conditions"}))) {
    if (string_at(condition, "type") != "Available") continue;
    std::string_view status = string_at(condition, "status");
    std::string_view reason = string_at(condition, "reason");
    return status == "True" || reason.empty() ? std::string(status) : fmt::format("{} ({})", status, reason);
  }
  return "Unknown";
}

void cells_of(const Value& service, Time, codec::Array& cells) {
  const Value* backend = codec::find_path(service, {"spec", "service"});
  bool remote = backend != nullptr && backend->is_object();
  meta::v1::add_cell(cells,
                     remote ? fmt::format("{}/{}", string_at(*backend, "namespace"), string_at(*backend, "name")) : "Local");
  meta::v1::add_cell(cells, available_text(service));
}

}  // namespace

const model::KindRules api_service_rules = {.cells = cells_of};

}  // namespace charon::apiregistration::v1

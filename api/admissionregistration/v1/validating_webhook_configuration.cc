#include "api/admissionregistration/v1/webhook_validation.h"
#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::admissionregistration::v1 {

namespace {

void cells_of(const codec::Value& configuration, Time, codec::Array& cells) {
  meta::v1::add_cell(cells, static_cast<std::int64_t>(meta::v1::items_at(configuration, "webhooks").size()));
}

}  // namespace

const model::KindRules validating_webhook_configuration_rules = {
    .validate = validate_webhooks, .cells = cells_of, .update_needs_version = true};

}  // namespace charon::admissionregistration::v1

// The conversion webhook of a CustomResourceDefinition (spec.conversion.strategy: Webhook).
//
// Objects go out in batches of bounded size, and the batches of one definition that are under way are bounded together: a slow
// webhook makes its own callers wait, and nothing else. A call takes 30 s at most.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "codec/value.h"
#include "model/storage_form.h"
#include "rt/loop.h"
#include "rt/random.h"
#include "server/webhook/caller.h"

namespace charon::server::crd {

// What conversions need beside the definition. `loop` and `random` must outlive all converters' calls.
struct ConversionHost {
  rt::Loop& loop;
  rt::Random& random;
  std::shared_ptr<WebhookCaller> caller;
};

// Of a definition whose strategy is Webhook.
std::shared_ptr<model::Converter> make_webhook_converter(const ConversionHost& host, const codec::Value& definition);

}  // namespace charon::server::crd

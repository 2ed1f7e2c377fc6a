// Kinds that are two views of one stored object: core/v1 and events.k8s.io/v1 Event, autoscaling/v1 and v2
// HorizontalPodAutoscaler; and the versions of a custom resource (server/crd). The object is stored as one of them; the others
// are made from it when they are read.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "codec/value.h"
#include "model/document.h"
#include "model/kind.h"
#include "rt/task.h"

namespace charon::model {

// Makes other versions of a custom resource's objects where only a webhook knows how (server/crd/webhook_converter.h). Shared
// by the kinds of one definition.
//
// Errors are of Reason::Unknown (500) and say what is wrong with the webhook.
class Converter {
 public:
  virtual ~Converter() = default;
  // Trees of any versions, each with its apiVersion, as `to`; those that are of it come back as they are. In their order.
  virtual rt::Task<Result<std::vector<codec::Value>>> trees(std::vector<codec::Value> objects, KindRef to) = 0;
  // The same of what is stored. What was made lately is kept, and who asks for the same at the same time shares one call.
  virtual rt::Task<Result<std::vector<DocumentPtr>>> documents(std::vector<DocumentPtr> objects, KindRef to) = 0;
};

struct StorageForm {
  const Kind* stored = nullptr;  // the kind by whose table it is written, and whose key it has
  // Between trees of the two kinds, with apiVersion and kind. Nothing is lost on the way there and back: what the other kind
  // has no field for goes into annotations (autoscaling.alpha.kubernetes.io/...).
  std::function<codec::Value(const codec::Value& view)> to_stored;
  std::function<codec::Value(const codec::Value& stored)> from_stored;
  std::string api_version;  // what is written now has it; empty: that of `stored`
  // Where there is one, it alone converts, and the two functions are about the kind itself. What is stored in several versions
  // is held as it is stored, and each Document of it is of the kind that it is stored as.
  std::shared_ptr<Converter> converter;
};

// Null for a kind that is stored as itself.
const StorageForm* storage_form(const Kind& kind);
// Null where none is needed.
Converter* converter_of(const Kind& kind);

}  // namespace charon::model

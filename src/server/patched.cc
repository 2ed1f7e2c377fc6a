#include "server/patched.h"

#include <boost/json.hpp>
#include <memory>

#include "schema/patch.h"

namespace charon::server {

Result<codec::Value> patched(const schema::Type& type, client::PatchType sort, const codec::Value& object,
                             const codec::Value& patch) {
  codec::Value made = object;
  switch (sort) {
    case client::PatchType::Json:
      if (auto applied = schema::json_patch(made, patch); !applied) {
        if (applied.error().reason != Reason::Invalid) return fail(std::move(applied.error()));
        return fail(Error{Reason::Invalid, "the server rejected our request due to an error in our request",
                          std::make_shared<StatusDetails>()});
      }
      break;
    case client::PatchType::Merge:
      schema::merge_patch(made, patch);
      break;
    case client::PatchType::StrategicMerge:
      TRY(schema::strategic_merge_patch(type, made, patch));
      break;
  }
  return made;
}

Error unknown_patch(const model::Kind& kind) {
  std::string message =
      "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, "
      "application/merge-patch+json, ";
  if (!kind.custom) message += "application/strategic-merge-patch+json, ";
  return {Reason::UnsupportedMediaType, message + "application/apply-patch+yaml", nullptr};
}

}  // namespace charon::server

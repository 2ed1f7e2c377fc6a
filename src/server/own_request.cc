#include "server/own_request.h"

namespace charon::server {

Request own_request(std::string_view verb, const model::Kind& kind, const model::ObjectKey& key) {
  Request request;
  request.verb = verb;
  request.kind = &kind;
  request.ns = key.ns;
  request.name = key.name;
  request.user.name = "system:apiserver";
  request.user.groups = {"system:masters"};
  request.field_validation = FieldValidation::Ignore;
  return request;
}

}  // namespace charon::server

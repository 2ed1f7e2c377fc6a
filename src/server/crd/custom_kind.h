// From a CustomResourceDefinition to the kinds of its versions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "codec/value.h"
#include "model/kind.h"
#include "model/storage_form.h"

namespace charon::server::crd {

struct CustomKinds {
  std::string definition;                               // "crontabs.example.com"
  std::vector<std::shared_ptr<const model::Kind>> all;  // every version: objects are cached as each
  std::vector<std::shared_ptr<const model::Kind>> served;
};

bool has_webhook(const codec::Value& definition);

// Of a valid definition whose names were accepted. Each kind owns what it is made of. Objects are converted between versions by
// `converter`, which a definition with a webhook needs (has_webhook), or by their apiVersion alone: null.
CustomKinds make_kinds(const codec::Value& definition, std::shared_ptr<model::Converter> converter);

}  // namespace charon::server::crd

// From a CustomResourceDefinition to the kinds of its versions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "codec/value.h"
#include "model/kind.h"

namespace charon::server::crd {

struct CustomKinds {
  std::string definition;                               // "crontabs.example.com"
  std::vector<std::shared_ptr<const model::Kind>> all;  // every version: objects are cached as each
  std::vector<std::shared_ptr<const model::Kind>> served;
};

// Of a valid definition whose names were accepted. Each kind owns what it is made of. Objects are converted between versions by
// their apiVersion alone (strategy None); where a webhook should do it, only the storage version is served.
CustomKinds make_kinds(const codec::Value& definition);

}  // namespace charon::server::crd

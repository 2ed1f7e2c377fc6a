// JSONPath as Kubernetes has it (client-go util/jsonpath), for printer columns: ".spec.replicas", ".metadata.labels['a\.b']",
// ".spec.containers[*].image", ".status.conditions[?(@.type==\"Ready\")].status", "..name", "[0]", "[-1:]".
//
// A value; parsed once, then applied to many trees.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/value.h"

namespace charon::codec {

inline constexpr std::size_t kMostFound = 10000;

class JsonPath {
 public:
  struct Step;
  JsonPath() = default;  // the whole
  explicit JsonPath(std::vector<std::shared_ptr<const Step>> steps) : steps_(std::move(steps)) {}

  // Without the braces of templates. BadRequest when malformed.
  static Result<JsonPath> parse(std::string_view text);

  // What the path leads to, in the order of the document; none where a step is missing. At most kMostFound.
  std::vector<const Value*> find(const Value& root) const;

 private:
  std::vector<std::shared_ptr<const Step>> steps_;
};

}  // namespace charon::codec

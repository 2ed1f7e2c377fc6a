// YAML text <-> Value: the JSON-shaped part of YAML that Kubernetes accepts (sigs.k8s.io/yaml).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/value.h"

namespace charon::codec {

inline constexpr std::size_t kYamlFreeExpansionBytes = 64u << 10;

struct YamlNotes {
  // Keys that a mapping has twice, as the YAML library of Kubernetes words them: `line 4: key "a" already set in map`. Without
  // the line where the text is JSON. The last of such keys counts.
  std::vector<std::string> duplicate_keys;
};

// One document. Plain scalars resolve as in YAML 1.1 with sigs.k8s.io/yaml's rules: true/false/yes/no/on/off are booleans
// ("y"/"n" are not), integers incl. 0x and 0o, floats, null/~; quoted scalars are strings; keys become strings. Anchors are
// expanded within limits::kDocumentDepth and 10 times the input's size (or kYamlFreeExpansionBytes, if that is more); `<<`
// merges. Of two equal keys the last one counts. Empty input is null. BadRequest with line and column otherwise.
Result<Value> parse_yaml(std::string_view text, YamlNotes* notes = nullptr);
// Documents separated by `---`; empty ones are left out.
Result<std::vector<Value>> parse_yaml_documents(std::string_view text, YamlNotes* notes = nullptr);

// Block style, two spaces, members in the tree's order, strings quoted where another reader could take them for
// something else.
std::string write_yaml(const Value& value);

}  // namespace charon::codec

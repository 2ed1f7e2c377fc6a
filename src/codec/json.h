// JSON text <-> Value (RFC 8259).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/value.h"

namespace charon::codec {

struct JsonNotes {
  std::vector<std::string> duplicate_fields;  // paths ("spec.replicas") of members that occur twice; the last one counts
};

// BadRequest with the position when the text is not one JSON value, nests deeper than limits::kDocumentDepth or is not UTF-8.
Result<Value> parse_json(std::string_view text, JsonNotes* notes = nullptr);

// Compact; members in the tree's order; <, > and & are not escaped. Doubles print their shortest form ("1.5", "3").
void append_json(const Value& value, std::string& out);
std::string write_json(const Value& value);
std::string write_json_pretty(const Value& value);                 // four spaces, as `kubectl get -o json` has it
void append_json_string(std::string_view text, std::string& out);  // with quotes

}  // namespace charon::codec

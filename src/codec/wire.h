// Protobuf wire format, the primitive part: tags, varints, length-delimited fields. What a field means is schema's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace charon::codec {

enum class WireType : std::uint8_t { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

class WireWriter {
 public:
  explicit WireWriter(std::string& out) : out_(out) {}
  void varint(std::uint64_t value);
  void tag(std::uint32_t field, WireType type) { varint(std::uint64_t{field} << 3 | static_cast<std::uint64_t>(type)); }
  void fixed64(std::uint64_t value);
  void fixed32(std::uint32_t value);
  void bytes(std::uint32_t field, std::string_view value);  // tag, length, bytes
  // Opens a length-delimited field; `close` with the returned place writes the length in front of what came since.
  std::size_t open(std::uint32_t field);
  void close(std::size_t place);
  std::string& out() { return out_; }

 private:
  std::string& out_;
};

struct WireField {
  std::uint32_t number = 0;
  WireType type = WireType::Varint;
  std::uint64_t number_value = 0;  // Varint, Fixed32, Fixed64
  std::string_view bytes;          // Bytes
};

// Reads one message's fields in order. Groups (wire types 3 and 4) are refused.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}
  bool done() const { return rest_.empty(); }
  Result<WireField> next();  // BadRequest on malformed input
  // For packed repeated scalars.
  static Result<std::uint64_t> varint(std::string_view& rest);

 private:
  std::string_view rest_;
};

}  // namespace charon::codec

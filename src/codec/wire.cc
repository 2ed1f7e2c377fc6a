#include "codec/wire.h"

#include <bit>
#include <cstring>

namespace charon::codec {
namespace {

constexpr std::size_t kMaxVarintBytes = 10;
constexpr std::uint64_t kMaxFieldNumber = (1u << 29) - 1;

static_assert(std::endian::native == std::endian::little, "fixed-width fields are copied as they lie in memory");

// Writes `value` to `place` and returns the number of bytes.
std::size_t encode_varint(std::uint64_t value, char* place) {
  std::size_t size = 0;
  for (; value >= 0x80; value >>= 7) place[size++] = static_cast<char>(value | 0x80);
  place[size++] = static_cast<char>(value);
  return size;
}

std::unexpected<Error> malformed(std::string_view what) {
  return fail(Reason::BadRequest, "malformed protobuf: " + std::string(what));
}

template <class Fixed>
Result<std::uint64_t> take_fixed(std::string_view& rest) {
  Fixed value = 0;
  if (rest.size() < sizeof(value)) return malformed("cut off inside a fixed-width field");
  std::memcpy(&value, rest.data(), sizeof(value));
  rest.remove_prefix(sizeof(value));
  return value;
}

}  // namespace

void WireWriter::varint(std::uint64_t value) {
  char place[kMaxVarintBytes];
  out_.append(place, encode_varint(value, place));
}

void WireWriter::fixed64(std::uint64_t value) { out_.append(reinterpret_cast<const char*>(&value), sizeof(value)); }

void WireWriter::fixed32(std::uint32_t value) { out_.append(reinterpret_cast<const char*>(&value), sizeof(value)); }

void WireWriter::bytes(std::uint32_t field, std::string_view value) {
  tag(field, WireType::Bytes);
  varint(value.size());
  out_.append(value);
}

std::size_t WireWriter::open(std::uint32_t field) {
  tag(field, WireType::Bytes);
  out_ += '\0';  // most messages are shorter than 128 bytes: room for a length of one byte
  return out_.size();
}

void WireWriter::close(std::size_t place) {
  char length[kMaxVarintBytes];
  const std::size_t size = encode_varint(out_.size() - place, length);
  out_[place - 1] = length[0];
  if (size > 1) out_.insert(place, length + 1, size - 1);
}

Result<WireField> WireReader::next() {
  TRY_ASSIGN(const std::uint64_t tag, varint(rest_));
  if (tag >> 3 == 0 || tag >> 3 > kMaxFieldNumber) return malformed("bad field number " + std::to_string(tag >> 3));
  WireField field{.number = static_cast<std::uint32_t>(tag >> 3), .type = static_cast<WireType>(tag & 7)};
  switch (field.type) {
    case WireType::Varint: {
      TRY_ASSIGN(field.number_value, varint(rest_));
      return field;
    }
    case WireType::Fixed64: {
      TRY_ASSIGN(field.number_value, take_fixed<std::uint64_t>(rest_));
      return field;
    }
    case WireType::Fixed32: {
      TRY_ASSIGN(field.number_value, take_fixed<std::uint32_t>(rest_));
      return field;
    }
    case WireType::Bytes: {
      TRY_ASSIGN(const std::uint64_t size, varint(rest_));
      if (size > rest_.size()) return malformed("cut off inside field " + std::to_string(field.number));
      field.bytes = rest_.substr(0, size);
      rest_.remove_prefix(size);
      return field;
    }
  }
  return malformed("unknown wire type " + std::to_string(tag & 7));
}

Result<std::uint64_t> WireReader::varint(std::string_view& rest) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < rest.size() && i < kMaxVarintBytes; ++i) {
    const auto byte = static_cast<unsigned char>(rest[i]);
    if (i == kMaxVarintBytes - 1 && byte > 1) return malformed("a varint overflows 64 bits");
    value |= std::uint64_t{byte & 0x7fu} << (7 * i);
    if (byte < 0x80) {
      rest.remove_prefix(i + 1);
      return value;
    }
  }
  return malformed(rest.size() < kMaxVarintBytes ? "cut off inside a varint" : "a varint is longer than ten bytes");
}

}  // namespace charon::codec

#include "codec/wire.h"

#include <gtest/gtest.h>

#include <random>

namespace charon::codec {
namespace {

TEST(Wire, WritesTheKnownExamples) {
  // protobuf.dev, "Encoding": field 1 = 150, field 2 = "testing", field 3 = { field 1 = 150 }.
  std::string out;
  WireWriter writer(out);
  writer.tag(1, WireType::Varint);
  writer.varint(150);
  EXPECT_EQ(out, "\x08\x96\x01");
  writer.bytes(2, "testing");
  const std::size_t place = writer.open(3);
  writer.tag(1, WireType::Varint);
  writer.varint(150);
  writer.close(place);
  EXPECT_EQ(out, "\x08\x96\x01\x12\x07testing\x1a\x03\x08\x96\x01");
}

TEST(Wire, NestsMessagesOfAnyLength) {
  for (const std::size_t length : {0u, 1u, 100u, 124u, 127u, 128u, 20000u}) {
    std::string out;
    WireWriter writer(out);
    const std::size_t outer = writer.open(1);
    const std::size_t inner = writer.open(2);
    writer.bytes(3, std::string(length, 'x'));
    writer.close(inner);
    writer.close(outer);
    const WireField first = WireReader(out).next().value();
    const WireField second = WireReader(first.bytes).next().value();
    const WireField third = WireReader(second.bytes).next().value();
    EXPECT_EQ(third.number, 3u);
    EXPECT_EQ(third.bytes, std::string(length, 'x'));
  }
}

TEST(Wire, ReadsEveryType) {
  std::string out;
  WireWriter writer(out);
  writer.tag(1, WireType::Varint);
  writer.varint(~std::uint64_t{0});
  writer.tag(536870911, WireType::Fixed64);
  writer.fixed64(0x0123456789abcdef);
  writer.tag(3, WireType::Fixed32);
  writer.fixed32(0x89abcdef);
  WireReader reader(out);
  EXPECT_EQ(reader.next()->number_value, ~std::uint64_t{0});
  const WireField fixed = reader.next().value();
  EXPECT_EQ(fixed.number, 536870911u);
  EXPECT_EQ(fixed.number_value, 0x0123456789abcdefu);
  EXPECT_FALSE(reader.done());
  EXPECT_EQ(reader.next()->number_value, 0x89abcdefu);
  EXPECT_TRUE(reader.done());
}

TEST(Wire, RefusesMalformedInput) {
  using namespace std::string_view_literals;
  for (const std::string_view bytes :
       {"\x08"sv, "\x08\x80"sv, "\x00\x01"sv, "\x12\x05test"sv, "\x0b\x0c"sv, "\x0c"sv, "\x0d\x01\x02\x03"sv,
        "\x09\x01\x02\x03\x04\x05\x06\x07"sv, "\x0e\x01"sv, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"sv,
        "\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"sv, "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv,
        "\xf8\xff\xff\xff\x7f\x01"sv}) {
    const Result<WireField> field = WireReader(bytes).next();
    ASSERT_FALSE(field);
    EXPECT_EQ(field.error().reason, Reason::BadRequest);
  }
}

TEST(Wire, RoundTripsRandomVarints) {
  std::mt19937_64 random(4);
  std::string out;
  WireWriter writer(out);
  std::vector<std::uint64_t> numbers;
  for (int i = 0; i < 10000; ++i) writer.varint(numbers.emplace_back(random() >> (random() % 64)));
  std::string_view rest = out;
  for (const std::uint64_t number : numbers) EXPECT_EQ(WireReader::varint(rest).value(), number);
  EXPECT_TRUE(rest.empty());
}

}  // namespace
}  // namespace charon::codec

// Every kind, with random contents, through all forms of schema/convert.h.
#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <vector>

#include "codec/json.h"
#include "codec/tree.h"
#include "model/kind.h"
#include "schema/convert.h"

namespace charon::model {
namespace {

using codec::Value;
using schema::Field;
using schema::Scalar;
using schema::Shape;

class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}

  Value object(const schema::Type& type, int depth) {
    codec::Object out;
    for (const schema::JsonField& entry : type.json_fields)
      if (below(depth > 4 ? 8 : 2) == 0 && (depth < 8 || entry.field->message == nullptr))
        out[entry.name] = member(*entry.field, depth);
    return Value(std::move(out));
  }

 private:
  unsigned below(unsigned bound) { return std::uniform_int_distribution<unsigned>(0, bound - 1)(random_); }

  // Lists, maps and bytes are never empty: the wire cannot tell empty from absent.
  Value member(const Field& field, int depth) {
    if (field.shape == Shape::Single) return single(field, depth);
    if (field.shape == Shape::List) {
      codec::Array list;
      for (unsigned i = 1 + below(3); i > 0; --i) list.push_back(single(field, depth));
      return Value(std::move(list));
    }
    codec::Object map;
    for (unsigned i = 1 + below(3); i > 0; --i) map[text()] = single(field, depth);
    return Value(std::move(map));
  }

  std::string text() {
    static const char* const kTexts[] = {"", "a", "web-1", "kubernetes.io/x", "\u00e4\u20ac\"\\\n", "0"};
    return kTexts[below(std::size(kTexts))];
  }

  Value integer(std::int64_t low, std::int64_t high) {
    if (below(3) == 0) return below(2) == 0 ? low : high;
    return static_cast<std::int64_t>(below(100));
  }

  Value pick(std::initializer_list<const char*> values) { return Value(*(values.begin() + below(values.size()))); }

  Value schema_or(const Field& field, int depth) {
    const schema::Type& wrapper = *field.message;
    for (const Field& candidate : wrapper.fields)
      if (candidate.name == "schema" && below(2) == 0 && depth < 6) return object(*candidate.message, depth + 2);
    if (field.scalar == Scalar::SchemaOrBool) return below(2) == 0;
    codec::Array list;
    if (field.scalar == Scalar::SchemaOrStringArray)
      for (unsigned i = below(3); i > 0; --i) list.emplace_back(text());
    return Value(std::move(list));
  }

  Value single(const Field& field, int depth) {
    switch (field.scalar) {
      case Scalar::Bool:
        return below(2) == 0;
      case Scalar::Int32:
        return integer(INT32_MIN, INT32_MAX);
      case Scalar::Int64:
        return integer(INT64_MIN, INT64_MAX);
      case Scalar::Uint32:
        return integer(0, UINT32_MAX);
      case Scalar::Uint64:
        return integer(0, INT64_MAX);
      case Scalar::Float:
      case Scalar::Double:
        return below(2) == 0 ? 1.5 : -0.25;
      case Scalar::String:
        return Value(text());
      case Scalar::Bytes:
        return pick({"AA==", "AAEC", "aGVsbG8="});
      case Scalar::Message:
        return object(*field.message, depth + 1);
      case Scalar::Quantity:
        return pick({"0", "1000m", "1.5Gi", "250m", "12e6"});
      case Scalar::IntOrString:
        return below(2) == 0 ? Value(80) : Value("25%");
      case Scalar::Time:
        return pick({"2026-01-02T03:04:05Z", "1969-12-31T23:00:00+01:00"});
      case Scalar::MicroTime:
        return pick({"2026-01-02T03:04:05.123456Z", "2026-01-02T03:04:05Z"});
      case Scalar::Duration:
        return pick({"0s", "90s", "1.5s"});
      case Scalar::RawExtension:
      case Scalar::FieldsV1:
        return Value({{"b", 1}, {"a", codec::Array{1, "x"}}});
      case Scalar::Json:
        return below(2) == 0 ? Value("x") : Value(3);
      case Scalar::StringList:
        return Value(codec::Array{"x", text()});
      default:
        return schema_or(field, depth);
    }
  }

  std::mt19937 random_;
};

std::string json_of(const schema::Type& type, const Value& tree) {
  std::string out;
  schema::append_canonical_json(type, tree, out);
  return out;
}

struct Instance {
  explicit Instance(const schema::Type& type) : type(type), bytes(new std::max_align_t[type.size_bytes / 16 + 1]) {
    type.construct(bytes);
    static auto& kept = *new std::vector<std::max_align_t*>();  // reachable to the very end, for the leak checker
    kept.push_back(bytes);
  }
  const schema::Type& type;
  std::max_align_t* bytes;  // never destroyed: the table has no destructor; kept until the program ends
};

void check(const schema::Type& type, unsigned seed) {
  SCOPED_TRACE(std::string(type.full_name) + " seed " + std::to_string(seed));
  Value tree = Maker(seed).object(type, 0);
  Result<void> normal = schema::normalize(type, tree);
  ASSERT_TRUE(normal.has_value()) << normal.error().message;
  std::string expected = json_of(type, tree);

  Result<Value> parsed = codec::parse_json(expected);
  ASSERT_TRUE(parsed.has_value()) << expected;
  ASSERT_TRUE(schema::normalize(type, *parsed).has_value());
  EXPECT_EQ(json_of(type, *parsed), expected) << "JSON";

  std::string wire;
  schema::append_wire(type, tree, wire);
  Result<Value> from_wire = schema::tree_from_wire(type, wire);
  ASSERT_TRUE(from_wire.has_value()) << from_wire.error().message;
  EXPECT_EQ(json_of(type, *from_wire), expected) << "wire";

  Instance instance(type);
  Result<void> read = schema::struct_from_tree(type, tree, instance.bytes);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(json_of(type, schema::tree_from_struct(type, instance.bytes)), expected) << "struct";

  std::string struct_wire;
  schema::append_wire_from_struct(type, instance.bytes, struct_wire);
  EXPECT_EQ(struct_wire, wire) << "struct wire bytes";
  Instance again(type);
  Result<void> back = schema::struct_from_wire(type, struct_wire, again.bytes);
  ASSERT_TRUE(back.has_value()) << back.error().message;
  EXPECT_EQ(json_of(type, schema::tree_from_struct(type, again.bytes)), expected) << "struct wire";
  Result<Value> from_struct_wire = schema::tree_from_wire(type, struct_wire);
  ASSERT_TRUE(from_struct_wire.has_value());
  EXPECT_EQ(json_of(type, *from_struct_wire), expected) << "struct wire to tree";
}

TEST(RoundTrip, EveryKind) {
  for (const Kind& kind : builtin_kinds()) {
    for (unsigned seed = 0; seed < 20 && !testing::Test::HasFailure(); ++seed) {
      check(*kind.type, seed);
      if (kind.list_type != nullptr && seed < 3) check(*kind.list_type, seed);
    }
  }
}

}  // namespace
}  // namespace charon::model

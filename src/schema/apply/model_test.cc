// Server-side apply against a plain model, on random objects of built-in types and of random schemas of custom resources.
//
// To the model an object is a flat table, from the path of a field to its value, and a manager owns paths of it:
//
//   apply    conflicts are the paths that others own and that would get another value; what is applied is there; what was
//            applied and is no longer goes, unless somebody else owns it; with force the others lose what changes
//
// and, since they follow from that: what is applied again changes nothing; appliers that name nothing in common may come in any
// order; who applies nothing any more takes with him what he alone had, and nothing else.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <memory>
#include <set>

#include "api/apps/v1/types.h"
#include "api/core/v1/types.h"
#include "api/meta/v1/types.h"
#include "api/networking/v1/types.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "schema/apply/updater.h"
#include "schema/from_openapi.h"
#include "schema/random_objects_test.h"

namespace charon::schema::apply {
namespace {

using codec::Array;
using codec::Object;
using codec::Value;

using Fields = std::map<std::string, std::string>;  // path -> JSON
using Paths = std::set<std::string>;

// Reads the fields of an object off its table.
class Flat {
 public:
  static Fields of(const Type& type, const Value& object) {
    Flat flat;
    flat.members(type, object.get_object(), "");
    return std::move(flat.fields_);
  }
  // `value` with members in order: equal values have one text.
  static std::string text(const Value& value) { return codec::write_json(sorted(value)); }

  // The name of an element of a list map or set.
  static std::string element(const Field& list, const Value& item) {
    if (!item.is_object()) return "[=" + text(item) + "]";
    std::map<std::string, std::string> keys;
    for (std::string_view key : list.list_keys) {
      const JsonField* found = list.message->find(key);
      const Value* value = codec::find(item, key);
      if (value != nullptr)
        keys[std::string(key)] = text(*value);
      else if (!found->field->default_json.empty())
        keys[std::string(key)] = found->field->default_json;
    }
    std::string out;
    for (const auto& [key, value] : keys) out += (out.empty() ? "[" : ",") + key + "=" + value;
    return out + "]";
  }

 private:
  static Value sorted(const Value& value) {
    if (value.is_array()) {
      Array out;
      for (const Value& item : value.get_array()) out.push_back(sorted(item));
      return out;
    }
    if (!value.is_object()) return value;
    std::map<std::string, Value> members;
    for (const auto& [name, member] : value.get_object()) members[std::string(name)] = sorted(member);
    Object out;
    for (auto& [name, member] : members) out[name] = std::move(member);
    return out;
  }

  void members(const Type& type, const Object& object, const std::string& path) {
    for (const auto& [name, value] : object) {
      const std::string below = path + "." + std::string(name);
      if (const JsonField* found = type.find({name.data(), name.size()}))
        field(*found->field, value, below);
      else if (type.preserve_unknown)
        unknown(value, below);
      else
        fields_[below] = text(value);  // apiVersion, kind
    }
  }
  void field(const Field& field, const Value& value, const std::string& path) {
    if (value.is_null()) return;  // what was in it went
    const bool atomic_list = field.shape == Shape::List && field.list_type == ListType::Atomic;
    if (atomic_list || (field.atomic && field.shape != Shape::List)) {
      fields_[path] = text(value);
    } else if (field.shape == Shape::List) {
      for (const Value& item : value.get_array()) {
        const std::string below = path + element(field, item);
        fields_[below] = "";  // that it is there
        if (item.is_object() && field.atomic)
          fields_[below] = text(item);
        else if (item.is_object())
          members(*field.message, item.get_object(), below);
      }
    } else if (field.shape == Shape::Map) {
      for (const auto& [name, item] : value.get_object()) {
        const std::string below = path + "." + std::string(name);
        fields_[below] = "";
        if (field.items != nullptr)
          this->field(*field.items, item, below);
        else
          single(field, item, below);
      }
    } else {
      single(field, value, path);
    }
  }
  void single(const Field& field, const Value& value, const std::string& path) {
    if (value.is_null()) return;
    if (field.scalar == Scalar::Message)
      members(*field.message, value.get_object(), path);
    else if (field.scalar == Scalar::Json && value.is_object())
      for (const auto& [name, member] : value.get_object()) unknown(member, path + "." + std::string(name));
    else
      fields_[path] = text(value);
  }
  void unknown(const Value& value, const std::string& path) {
    if (!value.is_object()) {
      fields_[path] = text(value);
      return;
    }
    fields_[path] = "";
    for (const auto& [name, member] : value.get_object()) unknown(member, path + "." + std::string(name));
  }

  Fields fields_;
};

// Without nulls, and without what is empty because all in it was left out.
void drop_empty(Value& value) {
  if (!value.is_object() && !value.is_array()) return;
  if (value.is_array()) {
    for (Value& item : value.get_array()) drop_empty(item);
    return;
  }
  std::vector<std::string> gone;
  for (auto& member : value.get_object()) {
    drop_empty(member.value());
    const Value& now = member.value();
    if (now.is_null() || (now.is_object() && now.get_object().empty()) || (now.is_array() && now.get_array().empty()))
      gone.emplace_back(member.key());
  }
  for (const std::string& name : gone) value.get_object().erase(name);
}

struct Model {
  Fields object;
  std::map<std::string, Paths> owners;

  bool owned_by_others(const std::string& who, const std::string& path) const {
    return std::ranges::any_of(owners, [&](const auto& owner) { return owner.first != who && owner.second.contains(path); });
  }
  // By owner. Paths that are not there yet are nobody's to quarrel about.
  std::map<std::string, Paths> conflicts(const std::string& who, const Fields& config) const {
    std::map<std::string, Paths> out;
    for (const auto& [name, paths] : owners)
      for (const auto& [path, value] : config)
        if (name != who && paths.contains(path) && object.contains(path) && object.at(path) != value) out[name].insert(path);
    return out;
  }
  void apply(const std::string& who, const Fields& config) {
    for (const auto& [name, paths] : conflicts(who, config))
      for (const std::string& path : paths) owners[name].erase(path);
    for (const auto& [path, value] : config) object[path] = value;
    for (const std::string& path : Paths(owners[who]))
      if (!config.contains(path) && !owned_by_others(who, path)) remove(path);
    owners[who].clear();
    for (const auto& [path, value] : config) owners[who].insert(path);
    drop_idle();
  }
  // With what stands below it, whoever set that: an element goes as a whole.
  void remove(const std::string& path) {
    auto goes = [&](const std::string& one) {
      return one.starts_with(path) && (one.size() == path.size() || one[path.size()] == '.' || one[path.size()] == '[');
    };
    std::erase_if(object, [&](const auto& field) { return goes(field.first); });
    for (auto& [name, paths] : owners) std::erase_if(paths, goes);
  }
  void drop_idle() {
    std::erase_if(owners, [](const auto& owner) { return owner.second.empty(); });
  }
};

// The same by the real thing.
struct World {
  const Type& type;
  Value live = Object();
  Owners owners = {};

  std::optional<Conflicts> apply(const std::string& who, const Value& config, Force force) {
    static const ResetFields reset;
    static const FieldSet unowned;
    Result<void> checked = check(type, config);
    EXPECT_TRUE(checked) << checked.error().message;
    Owner self{.manager = who, .applied = true, .api_version = "v1"};
    auto applied = Updater({type, "v1", reset, unowned, nullptr}).apply(live, config, owners, self, force);
    if (!applied) return std::move(applied.error());
    changed = applied->changed;
    live = std::move(applied->object);
    if (live.is_null()) live = Object();
    return std::nullopt;
  }
  std::map<std::string, Paths> owned() const {
    std::map<std::string, Paths> out;
    for (const Owner& owner : owners) owner.fields.each([&](const Path& path) { out[owner.manager].insert(display(path)); });
    return out;
  }
  bool changed = false;
};

std::string text(const std::map<std::string, Paths>& owners) {
  std::string out;
  for (const auto& [name, paths] : owners) {
    out += name + ":\n";
    for (const std::string& path : paths) out += "  " + path + "\n";
  }
  return out;
}
std::string text(const Fields& fields) {
  std::string out;
  for (const auto& [path, value] : fields) out += path + " " + value + "\n";
  return out;
}

// Only what stands at paths of which `kept` is true; elements of lists keep what names them.
Value part(const Type& type, const Value& object, const std::function<bool(const std::string&)>& kept) {
  FieldSet set;
  auto names_element = [](const Path& path) {
    if (path.back().field_name() == nullptr) return true;
    if (path.size() < 2 || path[path.size() - 2].field_name() != nullptr) return false;
    std::string element;
    path[path.size() - 2].append_display(element);
    return element.contains("[" + *path.back().field_name() + "=") || element.contains("," + *path.back().field_name() + "=");
  };
  field_set_of(type, object).each([&](const Path& path) {
    if (kept(display(path)) || names_element(path)) set.insert(path);
  });
  Value out = extract(type, object, set);
  if (out.is_null()) out = Object();
  drop_empty(out);
  return out;
}

// A type, and objects of it. Seeds below 20 are of custom resources with a random schema, the others of built-in kinds.
class ApplyModel : public testing::TestWithParam<unsigned> {
 protected:
  ApplyModel() : random_(GetParam()) {
    static const Type* const kBuiltIn[] = {&apps::v1::Deployment::table(), &core::v1::Pod::table(), &core::v1::Service::table(),
                                           &networking::v1::Ingress::table(), &core::v1::PersistentVolumeClaim::table()};
    if (GetParam() >= 20) {
      type_ = kBuiltIn[GetParam() % std::size(kBuiltIn)];
      return;
    }
    Value schema =
        Object{{"type", "object"}, {"properties", Object{{"spec", random_.struct_of(0)}, {"more", random_.struct_of(0)}}}};
    custom_ = std::make_unique<OpenApiType>(schema, OpenApiNames{"Thing", "com.example.v1.Thing"},
                                            meta::v1::ObjectMeta::table(), meta::v1::ListMeta::table());
    type_ = &custom_->type();
    schema_ = codec::write_json(schema);
  }

  Value config() { return random_.object(*type_); }
  std::string context(const Value& config) const { return schema_ + "\n" + codec::write_json(config); }
  Fields flat(const Value& object) const { return Flat::of(*type_, object); }

  // Elements of the configuration stand in its order.
  void expect_order(const Value& config, const Value& live) {
    if (!config.is_object() || !live.is_object()) return;
    for (const auto& [name, value] : config.get_object()) {
      const Value* there = live.get_object().if_contains(name);
      ASSERT_NE(there, nullptr) << name;
      if (!value.is_array()) {
        expect_order(value, *there);
        continue;
      }
      // Of texts and numbers; elements with names are compared by path anyway.
      std::size_t at = 0;
      for (const Value& item : there->get_array())
        if (at < value.get_array().size() && !item.is_object() && codec::equal(item, value.get_array()[at])) ++at;
      bool plain = std::ranges::none_of(value.get_array(), [](const Value& item) { return item.is_object(); });
      ASSERT_TRUE(!plain || at == value.get_array().size()) << codec::write_json(value) << codec::write_json(*there);
    }
  }

  RandomObjects random_;
  std::unique_ptr<OpenApiType> custom_;
  const Type* type_ = nullptr;
  std::string schema_;
};

constexpr int kRounds = 60;

TEST_P(ApplyModel, ManyWritersAgreeWithIt) {
  int conflicts = 0;
  int drops = 0;
  for (int round = 0; round < kRounds; ++round) {
    World world{*type_};
    Model model;
    for (int step = 0; step < 6; ++step) {
      Value given = random_.pick(5) == 0 ? Value(Object()) : config();
      const std::string who(1, static_cast<char>('a' + random_.pick(3)));
      const Fields fields = flat(given);
      SCOPED_TRACE(who + " applies " + context(given) + " to " + codec::write_json(world.live));
      const auto contested = model.conflicts(who, fields);
      const std::string before = codec::write_json(world.live);
      if (auto met = world.apply(who, given, Force::No)) {
        std::map<std::string, Paths> got;
        for (const Conflict& conflict : *met) got[conflict.owner.manager].insert(display(conflict.path));
        ASSERT_EQ(text(got), text(contested));
        ASSERT_EQ(codec::write_json(world.live), before);
        ASSERT_EQ(text(world.owned()), text(model.owners));
        ++conflicts;
        ASSERT_FALSE(world.apply(who, given, Force::Yes));
      } else {
        ASSERT_TRUE(contested.empty()) << text(contested);
      }
      const std::size_t had = model.object.size();
      model.apply(who, fields);
      drops += model.object.size() < had ? 1 : 0;
      ASSERT_EQ(text(flat(world.live)), text(model.object));
      ASSERT_EQ(text(world.owned()), text(model.owners));
      expect_order(given, world.live);
      // Once more it changes nothing, and nobody objects.
      const std::string object = codec::write_json(world.live);
      ASSERT_FALSE(world.apply(who, given, Force::No));
      ASSERT_FALSE(world.changed);
      ASSERT_EQ(codec::write_json(world.live), object);
      ASSERT_EQ(text(world.owned()), text(model.owners));
    }
  }
  // The run has been in all the corners.
  EXPECT_GT(conflicts, 10);
  EXPECT_GT(drops, 10);
}

TEST_P(ApplyModel, WhoNamesNothingInCommonMayComeInAnyOrder) {
  for (int round = 0; round < kRounds; ++round) {
    const Value whole = config();
    const unsigned salt = random_.pick(1000);
    auto side = [&](bool left) {
      return part(*type_, whole, [&](const std::string& path) {
        return (std::hash<std::string>()(path + std::to_string(salt)) % 2 == 0) == left;
      });
    };
    const Value one = side(true);
    const Value other = side(false);
    SCOPED_TRACE(context(one) + "\n" + codec::write_json(other));
    World first{*type_};
    World second{*type_};
    ASSERT_FALSE(first.apply("a", one, Force::No));
    World alone = first;
    ASSERT_FALSE(first.apply("b", other, Force::No));
    ASSERT_FALSE(second.apply("b", other, Force::No));
    ASSERT_FALSE(second.apply("a", one, Force::No));
    ASSERT_EQ(text(flat(first.live)), text(flat(second.live)));
    ASSERT_EQ(text(first.owned()), text(second.owned()));
    // And one of them leaves: as if he had never been.
    ASSERT_FALSE(second.apply("b", Object(), Force::No));
    ASSERT_EQ(text(flat(second.live)), text(flat(alone.live)));
    ASSERT_EQ(text(second.owned()), text(alone.owned()));
    ASSERT_FALSE(second.apply("a", Object(), Force::No));
    ASSERT_EQ(text(flat(second.live)), "");
    ASSERT_TRUE(second.owners.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ApplyModel, testing::Range(1u, 31u));

TEST(ApplyNestedLists, ElementsOfMapsAreWhatTheirSchemaSays) {
  const Value schema = codec::parse_json(R"({"type":"object","properties":{"sets":{"type":"object","additionalProperties":)"
                                         R"({"type":"array","items":{"type":"string"},"x-kubernetes-list-type":"set"}}}})")
                           .value();
  OpenApiType custom(schema, {"Thing", "com.example.v1.Thing"}, meta::v1::ObjectMeta::table(), meta::v1::ListMeta::table());
  World world{custom.type()};
  auto config = [](const char* sets) { return codec::parse_json(std::string(R"({"sets":)") + sets + "}").value(); };
  ASSERT_FALSE(world.apply("a", config(R"({"x":["one"]})"), Force::No));
  ASSERT_FALSE(world.apply("b", config(R"({"x":["two"]})"), Force::No));
  EXPECT_EQ(codec::write_json(world.live), R"({"sets":{"x":["one","two"]}})");
  EXPECT_EQ(text(world.owned()), "a:\n  .sets.x\n  .sets.x[=\"one\"]\nb:\n  .sets.x\n  .sets.x[=\"two\"]\n");
  auto twice = check(custom.type(), config(R"({"x":["one","one"]})"));
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().message, ".sets.x: duplicate entries for key [=\"one\"]");
}

}  // namespace
}  // namespace charon::schema::apply

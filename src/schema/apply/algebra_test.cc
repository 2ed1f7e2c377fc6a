// The laws of server-side apply (KEP-555) and of strategic merge patches, on random deployments and configurations.
//
//   again      what was applied, or patched, changes nothing when it is applied once more
//   any order  appliers that name nothing in common make the same object and own the same, whoever comes first; so do patches
//   back       who applies nothing any more takes with him what he alone had named, and nothing else
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <random>

#include "api/apps/v1/types.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "schema/apply/updater.h"
#include "schema/patch.h"

namespace charon::schema::apply {
namespace {

using codec::Array;
using codec::Object;
using codec::Value;

const Type& type() { return apps::v1::Deployment::table(); }

// Elements of list maps and sets come in the order in which they were applied; all else is compared as it is.
Value sorted(const Value& value) {
  if (value.is_object()) {
    Object out;
    std::map<std::string, Value> members;
    for (const auto& [name, member] : value.get_object()) members[std::string(name)] = sorted(member);
    for (auto& [name, member] : members) {
      bool granular = name == "containers" || name == "env" || name == "ports" || name == "finalizers" || name == "volumes";
      if (granular && member.is_array())
        std::ranges::sort(member.get_array(), {}, [](const Value& item) { return codec::write_json(item); });
      out[name] = std::move(member);
    }
    return out;
  }
  if (!value.is_array()) return value;
  Array out;
  for (const Value& item : value.get_array()) out.push_back(sorted(item));
  return out;
}

std::string text_of(const Value& object) { return codec::write_json(sorted(object)); }

std::string text_of(const Owners& owners) {
  std::vector<std::string> lines;
  for (const Owner& owner : owners)
    lines.push_back(owner.manager + (owner.applied ? " applied " : " updated ") +
                    codec::write_json(owner.fields.to_fields_v1()));
  std::ranges::sort(lines);
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// Draws parts of deployments. `side`: two sides name nothing in common.
class Draw {
 public:
  explicit Draw(unsigned seed) : random_(seed) {}

  Value config(std::string_view side) {
    Object meta{{"name", "web"}};
    if (often()) meta["labels"] = strings(side);
    if (often()) meta["annotations"] = strings(side);
    if (often()) meta["finalizers"] = names("example.com/", side);
    Object spec;
    if (often()) spec[side == "a" ? "replicas" : "minReadySeconds"] = number();
    Object pod;
    if (often()) pod["containers"] = containers(side);
    // An atomic list belongs to one of them.
    if (side == "a" && often()) pod["tolerations"] = Array{Object{{"key", word()}}, Object{{"key", word()}}};
    Object pods;
    if (often()) pods["metadata"] = Object{{"labels", strings(side)}};
    if (!pod.empty()) pods["spec"] = std::move(pod);
    if (!pods.empty()) spec["template"] = std::move(pods);
    Object config{{"metadata", std::move(meta)}};
    if (!spec.empty()) config["spec"] = std::move(spec);
    return config;
  }

 private:
  bool often() { return random_() % 3 != 0; }
  std::int64_t number() { return static_cast<std::int64_t>(random_() % 4); }
  std::string word() { return std::string(1, static_cast<char>('p' + random_() % 4)); }
  Object strings(std::string_view side) {
    Object out;
    for (int i = 0; i < 3; ++i)
      if (often()) out[std::string(side) + std::to_string(i)] = word();
    return out;
  }
  Array names(std::string_view prefix, std::string_view side) {
    Array out;
    for (int i = 0; i < 3; ++i)
      if (often()) out.emplace_back(std::string(prefix) + std::string(side) + std::to_string(i));
    return out;
  }
  // One container is both sides', each with fields of its own.
  Array containers(std::string_view side) {
    Array out;
    for (const std::string& name : {std::string("main"), std::string(side) + "0", std::string(side) + "1"}) {
      if (!often()) continue;
      Object container{{"name", name}};
      if (often()) container[side == "a" ? "image" : "workingDir"] = word();
      if (often()) container[side == "a" ? "args" : "command"] = Array{word(), word()};
      if (often()) {
        Array env;
        for (int i = 0; i < 2; ++i)
          if (often()) env.push_back(Object{{"name", std::string(side) + std::to_string(i)}, {"value", word()}});
        container["env"] = std::move(env);
      }
      if (often())
        container["ports"] = Array{Object{{"containerPort", side == "a" ? 80 : 90}, {"protocol", "TCP"}, {"name", word()}}};
      out.push_back(std::move(container));
    }
    return out;
  }

  std::mt19937 random_;
};

struct World {
  Value live = Object{{"metadata", Object{{"name", "web"}}}};
  Owners owners;

  bool apply(std::string_view who, const Value& config) {
    static const ResetFields reset;
    static const FieldSet unowned;
    EXPECT_TRUE(check(type(), config)) << codec::write_json(config);
    Owner self{.manager = std::string(who), .applied = true, .api_version = "apps/v1"};
    auto applied = Updater({type(), "apps/v1", reset, unowned, nullptr}).apply(live, config, owners, self, Force::No);
    EXPECT_TRUE(applied) << "a conflict about " << codec::write_json(config);
    if (!applied) return false;
    live = std::move(applied->object);
    return applied->changed;
  }
};

class AlgebraTest : public testing::TestWithParam<unsigned> {};

constexpr int kRounds = 100;

TEST_P(AlgebraTest, ApplyingAgainChangesNothing) {
  Draw draw(GetParam());
  World world;
  for (int i = 0; i < kRounds; ++i) {
    for (std::string_view side : {"a", "b"}) {
      Value config = draw.config(side);
      world.apply(side, config);
      std::string object = text_of(world.live);
      std::string owners = text_of(world.owners);
      ASSERT_FALSE(world.apply(side, config)) << codec::write_json(config);
      ASSERT_EQ(text_of(world.live), object);
      ASSERT_EQ(text_of(world.owners), owners);
    }
  }
}

TEST_P(AlgebraTest, WhoNamesNothingInCommonMayComeInAnyOrder) {
  Draw draw(GetParam());
  World one;
  World two;
  for (int i = 0; i < kRounds; ++i) {
    Value a = draw.config("a");
    Value b = draw.config("b");
    one.apply("a", a);
    one.apply("b", b);
    two.apply("b", b);
    two.apply("a", a);
    ASSERT_EQ(text_of(one.live), text_of(two.live)) << codec::write_json(a) << "\n" << codec::write_json(b);
    ASSERT_EQ(text_of(one.owners), text_of(two.owners));
  }
}

TEST_P(AlgebraTest, WhoNamesNothingAnyMoreLeavesNothing) {
  Draw draw(GetParam());
  for (int i = 0; i < kRounds; ++i) {
    World world;
    world.apply("b", draw.config("b"));
    FieldSet before = field_set_of(type(), world.live);
    std::string owners = text_of(world.owners);
    world.apply("a", draw.config("a"));
    world.apply("a", draw.config("a"));
    world.apply("a", Object{{"metadata", Object{{"name", "web"}}}});
    world.apply("a", Object());
    ASSERT_EQ(field_set_of(type(), world.live), before) << codec::write_json(world.live);
    ASSERT_EQ(text_of(world.owners), owners);
  }
}

TEST_P(AlgebraTest, PatchingAgainChangesNothingAndPatchesApartCommute) {
  Draw draw(GetParam());
  for (int i = 0; i < kRounds; ++i) {
    Value base = draw.config("a");
    merge(type(), base, draw.config("b"));
    Value a = draw.config("a");
    Value b = draw.config("b");
    auto patched = [](Value object, const Value& patch) {
      EXPECT_TRUE(strategic_merge_patch(type(), object, patch)) << codec::write_json(patch);
      return object;
    };
    Value once = patched(base, a);
    ASSERT_EQ(codec::write_json(patched(once, a)), codec::write_json(once)) << codec::write_json(a);
    ASSERT_EQ(text_of(patched(once, b)), text_of(patched(patched(base, b), a))) << codec::write_json(a) << codec::write_json(b);
    // Nothing that a patch says is lost.
    ASSERT_TRUE(field_set_of(type(), a).without(field_set_of(type(), once)).empty()) << codec::write_json(once);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, AlgebraTest, testing::Range(1u, 9u));

}  // namespace
}  // namespace charon::schema::apply

#include "schema/apply/updater.h"

#include <gtest/gtest.h>

#include <random>

#include "api/apps/v1/types.h"
#include "codec/json.h"
#include "codec/tree.h"

namespace charon::schema::apply {
namespace {

using codec::Value;

Value json(std::string_view text) {
  Result<Value> value = codec::parse_json(text);
  EXPECT_TRUE(value) << text;
  return value.value_or(Value());
}

// Versions of deployments that differ in the name of one field only: "apps/v2" says `count` in the place of `replicas`.
class TwoVersions final : public Versions {
 public:
  std::optional<Versioned> convert(const Value& tree, std::string_view from, std::string_view to) const override {
    if (to != "apps/v1" && to != "apps/v2") return std::nullopt;
    if (from == to) return Versioned{&type(), tree};
    Value out = tree;
    if (Value* spec = codec::find(out, "spec"); spec != nullptr && spec->is_object()) {
      codec::Object& members = spec->get_object();
      const char* old_name = to == "apps/v2" ? "replicas" : "minReadySeconds";
      const char* new_name = to == "apps/v2" ? "minReadySeconds" : "replicas";
      if (Value* value = members.if_contains(old_name)) {
        Value moved = *value;
        members.erase(old_name);
        members[new_name] = moved;
      }
    }
    return Versioned{&type(), std::move(out)};
  }
  static const Type& type() { return apps::v1::Deployment::table(); }
};

// An object and its owners, written to by name.
struct World {
  Value live = codec::Object();
  Owners owners;
  TwoVersions versions;
  ResetFields reset;
  FieldSet unowned;
  std::string version = "apps/v1";
  int clock = 0;

  Owner owner(std::string_view name) {
    Owner out;
    out.manager = name;
    out.api_version = version;
    out.time = std::to_string(++clock);
    return out;
  }
  // The conflicts, one a line; empty when it went through.
  std::string apply(std::string_view name, std::string_view config, Force force = Force::No) {
    Owner self = owner(name);
    self.applied = true;
    WriteKind kind{TwoVersions::type(), version, reset, unowned, &versions};
    auto applied = Updater(kind).apply(live, json(config), owners, self, force);
    if (applied) {
      changed = applied->changed;
      live = std::move(applied->object);
      return "";
    }
    std::string out;
    for (const Conflict& conflict : applied.error()) out += conflict.owner.manager + ":" + display(conflict.path) + "\n";
    return out;
  }
  void update(std::string_view name, std::string_view object) {
    WriteKind kind{TwoVersions::type(), version, reset, unowned, &versions};
    Value next = json(object);
    Updater updater(kind);
    updater.update(live, next, updater.changes(live, next), owners, owner(name));
    live = std::move(next);
  }
  std::string object() const { return codec::write_json(live); }
  std::string fields(std::string_view name) const {
    for (const Owner& one : owners)
      if (one.manager == name) return codec::write_json(one.fields.to_fields_v1());
    return "none";
  }
  bool changed = false;
};

TEST(Updater, ApplyCreatesAndOwns) {
  World world;
  EXPECT_EQ(world.apply("a", R"({"spec":{"replicas":3}})"), "");
  EXPECT_EQ(world.object(), R"({"spec":{"replicas":3}})");
  EXPECT_EQ(world.fields("a"), R"({"f:spec":{"f:replicas":{}}})");
  EXPECT_TRUE(world.changed);
}

TEST(Updater, ApplyingTheSameAgainChangesNothing) {
  World world;
  world.apply("a", R"({"metadata":{"labels":{"x":"1"}},"spec":{"replicas":3}})");
  std::string before = world.object();
  std::string time = world.owners[0].time;
  EXPECT_EQ(world.apply("a", R"({"metadata":{"labels":{"x":"1"}},"spec":{"replicas":3}})"), "");
  EXPECT_FALSE(world.changed);
  EXPECT_EQ(world.object(), before);
  EXPECT_EQ(world.owners[0].time, time);
}

TEST(Updater, OtherValuesConflict) {
  World world;
  world.apply("a", R"({"spec":{"replicas":3,"paused":true}})");
  EXPECT_EQ(world.apply("b", R"({"spec":{"replicas":4,"paused":false}})"), "a:.spec.paused\na:.spec.replicas\n");
  EXPECT_EQ(world.object(), R"({"spec":{"replicas":3,"paused":true}})");
  EXPECT_EQ(world.fields("b"), "none");
}

TEST(Updater, TheSameValueIsShared) {
  World world;
  world.apply("a", R"({"spec":{"replicas":3}})");
  EXPECT_EQ(world.apply("b", R"({"spec":{"replicas":3}})"), "");
  EXPECT_EQ(world.fields("a"), world.fields("b"));
  // Who leaves a shared field leaves its value.
  EXPECT_EQ(world.apply("a", R"({"metadata":{"labels":{"x":"1"}}})"), "");
  EXPECT_EQ(world.object(), R"({"spec":{"replicas":3},"metadata":{"labels":{"x":"1"}}})");
  EXPECT_EQ(world.apply("a", R"({"spec":{"replicas":5}})"), "b:.spec.replicas\n");
}

TEST(Updater, ForceTakesOver) {
  World world;
  world.apply("a", R"({"spec":{"replicas":3,"paused":true}})");
  EXPECT_EQ(world.apply("b", R"({"spec":{"replicas":4}})", Force::Yes), "");
  EXPECT_EQ(world.fields("a"), R"({"f:spec":{"f:paused":{}}})");
  EXPECT_EQ(world.fields("b"), R"({"f:spec":{"f:replicas":{}}})");
  EXPECT_EQ(world.apply("a", R"({"spec":{"replicas":3,"paused":true}})"), "b:.spec.replicas\n");
}

TEST(Updater, WhatIsNoLongerAppliedIsRemoved) {
  World world;
  world.apply("a", R"({"metadata":{"labels":{"x":"1","y":"2"}},"spec":{"replicas":3}})");
  EXPECT_EQ(world.apply("a", R"({"metadata":{"labels":{"x":"1"}}})"), "");
  EXPECT_EQ(codec::string_at_path(world.live, {"metadata", "labels", "x"}), "1");
  EXPECT_EQ(codec::find_path(world.live, {"metadata", "labels", "y"}), nullptr);
  const Value* replicas = codec::find_path(world.live, {"spec", "replicas"});
  EXPECT_EQ(replicas, nullptr);
  EXPECT_EQ(world.fields("a"), R"({"f:metadata":{"f:labels":{"f:x":{}}}})");
}

TEST(Updater, ElementsOfListMapsGoUnlessOwned) {
  World world;
  auto containers = [](const char* list) {
    return std::string(R"({"spec":{"template":{"spec":{"containers":)") + list + "}}}}";
  };
  world.apply("a", containers(R"([{"name":"one","image":"1"},{"name":"two","image":"2"}])"));
  world.apply("b", containers(R"([{"name":"two","args":["x"]}])"));
  EXPECT_EQ(world.apply("a", containers(R"([{"name":"one","image":"1"}])")), "");
  EXPECT_EQ(world.object(), containers(R"([{"name":"one","image":"1"},{"name":"two","args":["x"]}])"));
  EXPECT_EQ(world.apply("b", R"({"metadata":{"labels":{"x":"1"}}})"), "");
  EXPECT_EQ(codec::write_json(world.live.at("spec")), R"({"template":{"spec":{"containers":[{"name":"one","image":"1"}]}}})");
}

TEST(Updater, DefaultedKeysNameTheSameElement) {
  World world;
  auto ports = [](const char* list) {
    return std::string(R"({"spec":{"template":{"spec":{"containers":[{"name":"a","ports":)") + list + "}]}}}}";
  };
  world.apply("a", ports(R"([{"containerPort":80,"protocol":"TCP"}])"));
  EXPECT_EQ(world.apply("b", ports(R"([{"containerPort":80,"name":"web"}])")), "");
  EXPECT_EQ(world.object(), ports(R"([{"containerPort":80,"protocol":"TCP","name":"web"}])"));
  EXPECT_EQ(world.apply("b", ports(R"([{"containerPort":80,"protocol":"UDP"}])")), "");
  EXPECT_EQ(
      codec::find_path(world.live, {"spec"})->at("template").at("spec").at("containers").at(0).at("ports").as_array().size(),
      2u);
}

TEST(Updater, UpdatersOwnWhatTheyChange) {
  World world;
  world.apply("a", R"({"metadata":{"labels":{"x":"1"}},"spec":{"replicas":3}})");
  world.update("u", R"({"metadata":{"labels":{"x":"1","y":"2"}},"spec":{"replicas":5}})");
  EXPECT_EQ(world.fields("u"), R"({"f:metadata":{"f:labels":{"f:y":{}}},"f:spec":{"f:replicas":{}}})");
  EXPECT_EQ(world.fields("a"), R"({"f:metadata":{"f:labels":{"f:x":{}}}})");
  EXPECT_EQ(world.apply("a", R"({"metadata":{"labels":{"x":"1"}},"spec":{"replicas":3}})"), "u:.spec.replicas\n");
  // What is removed has no owner.
  world.update("v", R"({"metadata":{"labels":{"x":"1"}},"spec":{"replicas":5}})");
  EXPECT_EQ(world.fields("u"), R"({"f:spec":{"f:replicas":{}}})");
  EXPECT_EQ(world.fields("v"), "none");
}

TEST(Updater, TimesAreOfWhatWasTaken) {
  World world;
  world.update("u", R"({"spec":{"replicas":1,"paused":true}})");
  std::string first = world.owners[0].time;
  world.update("u", R"({"spec":{"replicas":1,"paused":true}})");
  EXPECT_EQ(world.owners[0].time, first);
  world.update("u", R"({"spec":{"replicas":1}})");  // only removes
  EXPECT_EQ(world.owners[0].time, first);
  world.update("u", R"({"spec":{"replicas":2}})");
  EXPECT_NE(world.owners[0].time, first);
}

TEST(Updater, ResetFieldsAreNobodys) {
  World world;
  world.reset.dropped.insert(Path{PathElement::field("status")});
  EXPECT_EQ(world.apply("a", R"({"spec":{"replicas":3},"status":{"replicas":1}})"), "");
  EXPECT_EQ(world.fields("a"), R"({"f:spec":{"f:replicas":{}}})");
  world.update("u", R"({"spec":{"replicas":3},"status":{"replicas":2}})");
  EXPECT_EQ(world.fields("u"), "none");
}

TEST(Updater, OwnersOfAnotherVersionConflictInTheirTerms) {
  World world;
  world.apply("a", R"({"spec":{"replicas":3}})");
  world.version = "apps/v2";
  world.live = world.versions.convert(world.live, "apps/v1", "apps/v2")->tree;
  EXPECT_EQ(world.apply("b", R"({"spec":{"minReadySeconds":4}})"), "a:.spec.replicas\n");
  EXPECT_EQ(world.apply("b", R"({"spec":{"minReadySeconds":4}})", Force::Yes), "");
  EXPECT_EQ(world.fields("a"), "none");
  EXPECT_EQ(world.fields("b"), R"({"f:spec":{"f:minReadySeconds":{}}})");
}

TEST(Updater, TheSameApplierInAnotherVersionDropsWhatItHad) {
  World world;
  world.apply("a", R"({"spec":{"replicas":3,"paused":true}})");
  world.version = "apps/v2";
  world.live = world.versions.convert(world.live, "apps/v1", "apps/v2")->tree;
  EXPECT_EQ(world.apply("a", R"({"spec":{"paused":true}})"), "");
  EXPECT_EQ(world.object(), R"({"spec":{"paused":true}})");
  ASSERT_EQ(world.owners.size(), 1u);
  EXPECT_EQ(world.owners[0].api_version, "apps/v2");
}

TEST(Updater, OwnersOfUnknownVersionsAreDropped) {
  World world;
  world.apply("a", R"({"spec":{"replicas":3}})");
  world.owners[0].api_version = "apps/v1beta9";
  EXPECT_EQ(world.apply("b", R"({"spec":{"replicas":4}})"), "");
  EXPECT_EQ(world.fields("a"), "none");
}

// Random configurations over few fields, so that they often meet.
class RandomConfigs {
 public:
  explicit RandomConfigs(unsigned seed) : random_(seed) {}
  // `part` of `parts`: fields of different parts are disjoint.
  std::string next(unsigned part, unsigned parts) {
    codec::Object labels;
    codec::Array containers;
    codec::Object spec;
    for (unsigned i = part; i < 6; i += parts)
      if (random_() % 2 == 0) labels[std::string(1, static_cast<char>('a' + i))] = std::to_string(random_() % 3);
    if (part == 0 && random_() % 2 == 0) spec["replicas"] = random_() % 3;
    for (unsigned i = part; i < 4; i += parts) {
      if (random_() % 2 != 0) continue;
      codec::Object container{{"name", "c" + std::to_string(i)}};
      if (random_() % 2 == 0) container["image"] = std::to_string(random_() % 3);
      if (random_() % 2 == 0)
        container["ports"] = codec::Array{codec::Object{{"containerPort", 80 + random_() % 2}, {"name", "p"}}};
      containers.push_back(std::move(container));
    }
    codec::Object config;
    if (!labels.empty()) config["metadata"] = codec::Object{{"labels", std::move(labels)}};
    if (!containers.empty()) spec["template"] = codec::Object{{"spec", codec::Object{{"containers", std::move(containers)}}}};
    if (!spec.empty()) config["spec"] = std::move(spec);
    return codec::write_json(config);
  }
  unsigned pick(unsigned count) { return static_cast<unsigned>(random_()) % count; }

 private:
  std::mt19937 random_;
};

bool same_tree(const World& left, const World& right) {
  return compare(TwoVersions::type(), left.live, right.live, View::Typed).empty();
}

TEST(UpdaterProperties, ApplyIsIdempotent) {
  RandomConfigs configs(1);
  for (int round = 0; round < 300; ++round) {
    World world;
    std::string config;
    for (int i = 0; i < 4; ++i) world.apply(configs.pick(2) == 0 ? "a" : "b", config = configs.next(0, 1), Force::Yes);
    world.apply("a", config, Force::Yes);
    std::string object = world.object();
    std::string fields = world.fields("a");
    ASSERT_EQ(world.apply("a", config), "") << config;
    ASSERT_FALSE(world.changed) << config;
    ASSERT_EQ(world.object(), object);
    ASSERT_EQ(world.fields("a"), fields);
  }
}

TEST(UpdaterProperties, AppliersOfDisjointFieldsCommute) {
  RandomConfigs configs(2);
  for (int round = 0; round < 300; ++round) {
    std::string one = configs.next(0, 2);
    std::string other = configs.next(1, 2);
    World first;
    World second;
    ASSERT_EQ(first.apply("a", one) + first.apply("b", other), "");
    ASSERT_EQ(second.apply("b", other) + second.apply("a", one), "");
    ASSERT_TRUE(same_tree(first, second)) << first.object() << second.object();
    ASSERT_EQ(first.fields("a"), second.fields("a"));
    ASSERT_EQ(first.fields("b"), second.fields("b"));
  }
}

TEST(UpdaterProperties, WhatIsAppliedIsThere) {
  RandomConfigs configs(3);
  for (int round = 0; round < 300; ++round) {
    World world;
    for (int i = 0; i < 5; ++i) {
      std::string name(1, static_cast<char>('a' + configs.pick(3)));
      std::string config = configs.next(0, 1);
      world.apply(name, config, Force::Yes);
      Value taken = extract(TwoVersions::type(), world.live, field_set_of(TwoVersions::type(), json(config)));
      FieldSet wanted = field_set_of(TwoVersions::type(), json(config));
      ASSERT_TRUE(wanted.without(field_set_of(TwoVersions::type(), taken)).empty()) << config << " in " << world.object();
    }
  }
}

TEST(UpdaterProperties, TheLoserOfAForcedApplyConflicts) {
  RandomConfigs configs(4);
  int conflicts = 0;
  for (int round = 0; round < 300; ++round) {
    std::string one = configs.next(0, 1);
    std::string other = configs.next(0, 1);
    World world;
    world.apply("a", one);
    std::string contested = world.apply("b", other);
    if (contested.empty()) continue;
    ++conflicts;
    std::string before = world.object();
    world.apply("b", other, Force::Yes);
    ASSERT_NE(world.apply("a", one), "") << one << other;
    world.apply("a", one, Force::Yes);
    ASSERT_NE(world.apply("b", other), "") << one << other;
  }
  EXPECT_GT(conflicts, 50);
}

TEST(UpdaterProperties, AnApplierThatLeavesTakesItsFieldsAlong) {
  RandomConfigs configs(5);
  for (int round = 0; round < 300; ++round) {
    World world;
    std::string kept = configs.next(0, 2);
    world.apply("a", kept);
    World alone = world;
    ASSERT_EQ(world.apply("b", configs.next(1, 2)), "");
    ASSERT_EQ(world.apply("b", "{}"), "");
    ASSERT_TRUE(field_set_of(TwoVersions::type(), alone.live).without(field_set_of(TwoVersions::type(), world.live)).empty());
    ASSERT_EQ(world.fields("a"), alone.fields("a"));
    ASSERT_EQ(world.fields("b"), "none");
    // Nothing that "b" named is left, but for the objects that held it.
    for (const char* label : {"b", "d", "f"}) ASSERT_EQ(codec::string_at_path(world.live, {"metadata", "labels", label}), "");
  }
}

}  // namespace
}  // namespace charon::schema::apply

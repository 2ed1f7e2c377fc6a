#include "control/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/json.h"

namespace charon::control {
namespace {

using apps::v1::ControllerRevision;
using core::v1::PodTemplateSpec;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

PodTemplateSpec with_image(const std::string& image) {
  PodTemplateSpec pod_template;
  pod_template.metadata.labels["app"] = "web";
  core::v1::Container& container = pod_template.spec.containers.emplace_back();
  container.name = "main";
  container.image = image;
  return pod_template;
}

meta::v1::ObjectMeta owner_metadata() {
  meta::v1::ObjectMeta metadata;
  metadata.name = "web";
  metadata.namespace_ = "default";
  metadata.uid = "web-uid";
  metadata.annotations["kubernetes.io/change-cause"] = "first";
  return metadata;
}

const meta::v1::ObjectMeta kOwner = owner_metadata();

RevisionOwner owner_of(const PodTemplateSpec& pod_template) {
  meta::v1::OwnerReference reference;
  reference.uid = "web-uid";
  reference.controller = true;
  return {kOwner, reference, pod_template, kRevisionLabel, 0, std::nullopt};
}

RevisionPtr made(const std::string& image, std::int64_t number) {
  Plan plan;
  const PodTemplateSpec pod_template = with_image(image);
  ControllerRevision revision = *plan_update_revision(owner_of(pod_template), {}, 0, plan).revision;
  revision.revision = number;
  revision.metadata.uid = image;
  return std::make_shared<const ControllerRevision>(std::move(revision));
}

std::vector<std::string> removed(const Plan& plan) {
  std::vector<std::string> names;
  for (const Write& write : plan.writes)
    if (write.verb == Write::Verb::Delete) names.push_back(write.key.name);
  return names;
}

TEST(History, ANewTemplateGetsARevisionThatUndoesByPatch) {
  Plan plan;
  const PodTemplateSpec pod_template = with_image("web:1");
  const UpdateRevision update = plan_update_revision(owner_of(pod_template), {}, 3, plan);
  ASSERT_THAT(plan.writes, SizeIs(1));
  EXPECT_EQ(plan.writes[0].stage, 3);
  EXPECT_EQ(plan.writes[0].owner_uid, "web-uid");
  const auto revision = plan.writes[0].object<ControllerRevision>();
  EXPECT_EQ(revision.revision, 1);
  EXPECT_EQ(revision.metadata.name, "web-" + revision.metadata.labels.at("controller-revision-hash"));
  EXPECT_EQ(revision.metadata.labels.at("app"), "web");
  EXPECT_EQ(revision.metadata.annotations.at("kubernetes.io/change-cause"), "first");
  const auto data = codec::parse_json(update.revision->data.text);
  ASSERT_TRUE(data);
  EXPECT_EQ(codec::string_at_path(*data, {"spec", "template", "$patch"}), "replace");
  EXPECT_EQ(template_of(*update.revision), pod_template);
}

TEST(History, TheSameTemplateNeedsNothing) {
  Plan plan;
  const PodTemplateSpec pod_template = with_image("web:2");
  const auto update = plan_update_revision(owner_of(pod_template), {made("web:1", 1), made("web:2", 2)}, 0, plan);
  EXPECT_TRUE(plan.empty());
  EXPECT_EQ(update.revision->metadata.uid, "web:2");
}

TEST(History, AnOldTemplateTakesItsRevisionWithTheNextNumber) {
  Plan plan;
  const PodTemplateSpec pod_template = with_image("web:1");
  const auto update = plan_update_revision(owner_of(pod_template), {made("web:1", 1), made("web:2", 2)}, 0, plan);
  ASSERT_THAT(plan.writes, SizeIs(1));
  EXPECT_EQ(plan.writes[0].verb, Write::Verb::Patch);
  EXPECT_EQ(codec::int_at(plan.writes[0].body, "revision"), 3);
  EXPECT_EQ(codec::string_at_path(plan.writes[0].body, {"metadata", "uid"}), "web:1");
  EXPECT_EQ(update.revision->metadata.uid, "web:1");
}

TEST(History, ANameThatIsTakenCountsAsACollision) {
  const PodTemplateSpec pod_template = with_image("web:1");
  RevisionOwner owner = owner_of(pod_template);
  Plan first;
  const auto before = plan_update_revision(owner, {}, 0, first);
  auto details = std::make_shared<StatusDetails>();
  details->kind = "controllerrevisions";
  owner.failure = Error{Reason::AlreadyExists, "taken", details};
  Plan plan;
  const auto update = plan_update_revision(owner, {}, 0, plan);
  EXPECT_EQ(update.collisions, 1);
  EXPECT_NE(update.revision->metadata.name, before.revision->metadata.name);
  // Another thing that exists already is none.
  details = std::make_shared<StatusDetails>();
  details->kind = "pods";
  owner.failure->details = details;
  EXPECT_EQ(plan_update_revision(owner, {}, 0, plan).collisions, 0);
}

TEST(History, OneOfTheSameNameWithAnotherTemplateIsACollision) {
  ControllerRevision other = *made("web:1", 1);
  other.data = template_patch(with_image("web:9"));
  Plan plan;
  const PodTemplateSpec pod_template = with_image("web:1");
  const auto update =
      plan_update_revision(owner_of(pod_template), {std::make_shared<const ControllerRevision>(other)}, 0, plan);
  EXPECT_EQ(update.collisions, 1);
  EXPECT_NE(update.revision->metadata.name, other.metadata.name);
}

TEST(History, MalformedDataIsNoTemplate) {
  for (const char* text : {"", "[]", "{}", "{\"spec\":{\"template\":3}}", "{\"spec\":{\"template\":{\"spec\":7}}}"}) {
    ControllerRevision revision;
    revision.data.text = text;
    EXPECT_FALSE(template_of(revision)) << text;
  }
}

TEST(History, TruncationSparesWhatIsLive) {
  const std::vector<RevisionPtr> revisions = {made("web:1", 1), made("web:2", 2), made("web:3", 3), made("web:4", 4)};
  const auto name = [&](int i) { return revisions[i]->metadata.name; };
  Plan plan;
  truncate_history(revisions, {{name(0), name(3)}, 1}, 0, plan);
  EXPECT_THAT(removed(plan), ElementsAre(name(1)));
  Plan all;
  truncate_history(revisions, {{name(3)}, 0}, 0, all);
  EXPECT_THAT(removed(all), ElementsAre(name(0), name(1), name(2)));
  Plan none;
  truncate_history(revisions, {{name(3)}, 3}, 0, none);
  EXPECT_THAT(removed(none), IsEmpty());
}

TEST(History, IsSortedByNumberThenByAge) {
  ControllerRevision older = *made("web:1", 2);
  ControllerRevision younger = *made("web:2", 2);
  older.metadata.creationTimestamp = {100, 0};
  younger.metadata.creationTimestamp = {200, 0};
  std::vector<RevisionPtr> revisions = {made("web:3", 3), std::make_shared<const ControllerRevision>(younger),
                                        std::make_shared<const ControllerRevision>(older)};
  sort_revisions(revisions);
  EXPECT_EQ(revisions[0]->metadata.uid, "web:1");
  EXPECT_EQ(revisions[1]->metadata.uid, "web:2");
  EXPECT_EQ(revisions[2]->metadata.uid, "web:3");
}

}  // namespace
}  // namespace charon::control

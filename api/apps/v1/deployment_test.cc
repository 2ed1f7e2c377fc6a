#include <gtest/gtest.h>

#include "api/meta/v1/kind_for_test.h"

namespace charon::apps::v1 {
namespace {

using meta::v1::json_at;
using meta::v1::KindForTest;
using meta::v1::Texts;

constexpr std::string_view kNow = "2026-01-02T03:10:00Z";

std::string workload(std::string_view labels, std::string_view more = "", std::string_view pod = "") {
  return std::string(
             R"({"metadata":{"name":"web"},"spec":{"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":)")
             .append(labels)
             .append(R"(},"spec":{"containers":[{"name":"a","image":"nginx:1.27"}])")
             .append(pod)
             .append("}}")
             .append(more) +
         "}}";
}
constexpr std::string_view kLabels = R"({"app":"web"})";

TEST(DeploymentRules, DefaultsAndCells) {
  KindForTest deployments("apps", "v1", "Deployment");
  codec::Value made = deployments.created(workload(kLabels));
  EXPECT_EQ(json_at(made, {"spec", "strategy"}),
            R"({"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"25%","maxSurge":"25%"}})");
  EXPECT_EQ(json_at(made, {"spec", "replicas"}), "1");
  EXPECT_EQ(json_at(made, {"spec", "progressDeadlineSeconds"}), "600");
  EXPECT_EQ(json_at(made, {"spec", "template", "spec", "enableServiceLinks"}), "(absent)");
  EXPECT_EQ(json_at(made.at_pointer("/spec/template/spec/containers/0"), {"imagePullPolicy"}), "\"IfNotPresent\"");
  EXPECT_EQ(
      deployments.computed_cells(
          R"({"spec":{"replicas":3,"selector":{"matchLabels":{"app":"web"},"matchExpressions":[{"key":"t","operator":"In","values":["b","a"]}]},
                   "template":{"spec":{"containers":[{"name":"a","image":"x"},{"name":"b","image":"y"}]}}},
                   "status":{"readyReplicas":2,"updatedReplicas":3,"availableReplicas":1}})",
          kNow),
      (Texts{"2/3", "3", "1", "a,b", "x,y", "app=web,t in (a,b)"}));
}

TEST(DeploymentRules, Validation) {
  KindForTest deployments("apps", "v1", "Deployment");
  EXPECT_EQ(deployments.errors(workload(kLabels)), Texts{});
  EXPECT_EQ(
      deployments.errors(workload(R"({"app":"x"})")),
      Texts{"spec.template.metadata.labels: Invalid value: {\"app\":\"x\"}: `selector` does not match template `labels`"});
  EXPECT_EQ(deployments.errors(workload(kLabels, "", R"(,"restartPolicy":"Never")")),
            Texts{"spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\""});
  EXPECT_EQ(deployments.errors(workload(kLabels, R"(,"strategy":{"type":"Recreate","rollingUpdate":{}})")),
            Texts{"spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"});
  EXPECT_EQ(deployments.errors(workload(kLabels, R"(,"strategy":{"rollingUpdate":{"maxSurge":0,"maxUnavailable":0}})")),
            Texts{"spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"});
  EXPECT_EQ(deployments.errors(R"({"spec":{"template":{"spec":{"containers":[{"name":"a","image":"x"}]}}}})"),
            Texts{"spec.selector: Required value"});
}

TEST(StatefulSetRules, UpdatesAreLimited) {
  KindForTest sets("apps", "v1", "StatefulSet");
  EXPECT_EQ(
      sets.update_errors(workload(kLabels, R"(,"serviceName":"a")"), workload(kLabels, R"(,"serviceName":"a","replicas":3)")),
      Texts{});
  EXPECT_EQ(sets.update_errors(workload(kLabels, R"(,"serviceName":"a")"), workload(kLabels, R"(,"serviceName":"b")")),
            Texts{"spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
                  "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are "
                  "forbidden"});
  EXPECT_EQ(sets.computed_cells(workload(kLabels), kNow), (Texts{"0/1", "a", "nginx:1.27"}));
}

TEST(JobRules, DefaultsSelectorAndCells) {
  KindForTest jobs("batch", "v1", "Job");
  constexpr std::string_view kJob =
      R"({"metadata":{"name":"j","uid":"u1"},"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"a","image":"x"}]}}},
          "status":{"succeeded":1,"startTime":"2026-01-02T03:00:00Z","completionTime":"2026-01-02T03:00:12Z","conditions":[{"type":"Complete","status":"True"}]}})";
  codec::Value made = jobs.created(kJob);
  EXPECT_EQ(json_at(made, {"spec", "completions"}), "1");
  EXPECT_EQ(json_at(made, {"spec", "backoffLimit"}), "6");
  EXPECT_EQ(json_at(made, {"spec", "selector"}), R"({"matchLabels":{"batch.kubernetes.io/controller-uid":"u1"}})");
  EXPECT_EQ(json_at(made, {"spec", "template", "metadata", "labels", "job-name"}), "\"j\"");
  EXPECT_EQ(jobs.errors(kJob), Texts{});
  EXPECT_EQ(jobs.errors(R"({"metadata":{"name":"j"},"spec":{"template":{"spec":{"containers":[{"name":"a","image":"x"}]}}}})"),
            Texts{"spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\""});
  EXPECT_EQ(jobs.computed_cells(kJob, kNow), (Texts{"Complete", "1/1", "12s", "a", "x", "<none>"}));
}

// Every kind whose columns are not all members of the object has rules that fill them, also for an empty object.
TEST(AllKinds, FillTheirComputedColumns) {
  for (const model::Kind& kind : model::builtin_kinds()) {
    std::size_t computed = 0;
    for (const model::Column& column : kind.columns) computed += column.json_path.empty() ? 1 : 0;
    if (computed == 0) continue;
    ASSERT_NE(kind.rules.cells, nullptr) << kind.gv.text() << " " << kind.kind;
    codec::Array cells;
    kind.rules.cells(codec::Object(), Time{}, cells);
    EXPECT_EQ(cells.size(), computed) << kind.gv.text() << " " << kind.kind;
  }
}

// Rules of a kind meet whatever a client sends.
TEST(AllKinds, RulesTakeAnEmptyObject) {
  for (const model::Kind& kind : model::builtin_kinds()) {
    codec::Value object = codec::Object();
    schema::apply_defaults(*kind.type, object);
    if (kind.rules.set_defaults != nullptr) kind.rules.set_defaults(object);
    if (kind.rules.prepare != nullptr) kind.rules.prepare(object, {.create = true});
    codec::Value before = object;
    schema::FieldErrors errors;
    if (kind.rules.validate != nullptr) {
      kind.rules.validate(object, {.create = true}, errors);
      kind.rules.validate(object, {.before = &before}, errors);
    }
    EXPECT_TRUE(schema::normalize(*kind.type, object).has_value()) << kind.gv.text() << " " << kind.kind;
  }
}

}  // namespace
}  // namespace charon::apps::v1

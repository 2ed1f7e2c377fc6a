#include <gtest/gtest.h>

#include "api/meta/v1/kind_for_test.h"
#include "base/cron_schedule.h"

namespace charon::batch::v1 {
namespace {

using meta::v1::KindForTest;
using meta::v1::Texts;

struct Case {
  std::string_view given;
  Texts errors;
};

std::string job(std::string_view members) {
  return R"({"metadata":{"name":"j"},"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"a","image":"x"}]}})" +
         std::string(members) + "}}";
}

const KindForTest& jobs() {
  static const KindForTest kind("batch", "v1", "Job");
  return kind;
}

TEST(JobValidation, SaysWhatKubernetesSays) {
  const std::string rules = "spec.podFailurePolicy.rules[0]";
  const Case cases[] = {
      {R"(,"completionMode":"Indexed","completions":3,"backoffLimitPerIndex":1,"maxFailedIndexes":2,
          "podFailurePolicy":{"rules":[{"action":"FailIndex","onExitCodes":{"containerName":"a","operator":"In","values":[1,42]}},
                                       {"action":"Ignore","onPodConditions":[{"type":"DisruptionTarget","status":"True"}]}]},
          "successPolicy":{"rules":[{"succeededCount":1}]},"managedBy":"example.com/queue")",
       {}},
      {R"(,"completionMode":"Indexed","parallelism":1)", {"spec.completions: Required value: when completion mode is Indexed"}},
      {R"(,"backoffLimitPerIndex":1)", {"spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"}},
      {R"(,"maxFailedIndexes":1)", {"spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified"}},
      {R"(,"managedBy":"queue")",
       {"spec.managedBy: Invalid value: \"queue\": must be a domain-prefixed path (such as \"acme.io/foo\")"}},
      {R"(,"podFailurePolicy":{"rules":[{"action":"FailIndex","onExitCodes":{"containerName":"b","operator":"In","values":[2,0]}}]})",
       {rules + ".action: Invalid value: \"FailIndex\": requires the backoffLimitPerIndex to be set",
        rules +
            ".onExitCodes.containerName: Invalid value: \"b\": must be one of the container or initContainer names in the pod "
            "template",
        rules + ".onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator",
        rules + ".onExitCodes.values: Invalid value: [2,0]: must be ordered"}},
      {R"(,"podFailurePolicy":{"rules":[{"action":"Count"}]})",
       {rules + R"(: Invalid value: {"action":"Count"}: specifying one of OnExitCodes and OnPodConditions is required)"}},
      {R"(,"podFailurePolicy":{"rules":[]},"podReplacementPolicy":"TerminatingOrFailed")",
       {"spec.podReplacementPolicy: Unsupported value: \"TerminatingOrFailed\": supported values: \"Failed\""}},
      {R"(,"successPolicy":{"rules":[{"succeededCount":1}]})",
       {R"(spec.successPolicy: Invalid value: {"rules":[{"succeededCount":1}]}: requires indexed completion mode)"}},
      {R"(,"completionMode":"Indexed","completions":1,"successPolicy":{"rules":[{}]})",
       {"spec.successPolicy.rules[0]: Required value: at least one of succeededCount or succeededIndexes must be specified"}},
  };
  for (const Case& each : cases) EXPECT_EQ(jobs().errors(job(each.given)), each.errors) << each.given;
}

TEST(JobValidation, AFailurePolicyNeedsPodsThatAreNotRestarted) {
  EXPECT_EQ(jobs().errors(R"({"metadata":{"name":"j"},"spec":{"podFailurePolicy":{"rules":[]},"template":{"spec":{
                "restartPolicy":"OnFailure","containers":[{"name":"a","image":"x"}]}}}})"),
            Texts{"spec.template.spec.restartPolicy: Invalid value: \"OnFailure\": only \"Never\" is supported when "
                  "podFailurePolicy is specified"});
}

TEST(JobValidation, AnIndexedJobGrowsInStep) {
  std::string before = job(R"(,"manualSelector":true,"completionMode":"Indexed","completions":2,"parallelism":2)");
  EXPECT_EQ(
      jobs().update_errors(before, job(R"(,"manualSelector":true,"completionMode":"Indexed","completions":4,"parallelism":4)")),
      Texts{});
  EXPECT_EQ(
      jobs().update_errors(before, job(R"(,"manualSelector":true,"completionMode":"Indexed","completions":4,"parallelism":2)")),
      Texts{"spec.completions: Invalid value: 4: can only be modified in tandem with spec.parallelism"});
}

TEST(CronSchedule, IsReadAsCronDoes) {
  for (std::string_view good :
       {"* * * * *", "*/5 0-6/2 1,15 jan-MAR mon", "0 0 ? * ?", "@daily", "@every 1h30m", "0  12 * * 0"})
    EXPECT_EQ(schedule_error(good), std::nullopt) << good;
  struct Bad {
    std::string_view schedule;
    std::string_view error;
  };
  const Bad cases[] = {
      {"* * * *", "expected exactly 5 fields, found 4: [* * * *]"},
      {"60 * * * *", "end of range (60) above maximum (59): 60"},
      {"* * 0 * *", "beginning of range (0) below minimum (1): 0"},
      {"5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"},
      {"1-2-3 * * * *", "too many hyphens: 1-2-3"},
      {"*/2/3 * * * *", "too many slashes: */2/3"},
      {"*/0 * * * *", "step of range should be a positive number: */0"},
      {"x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax"},
      {"@sometimes", "unrecognized descriptor: @sometimes"},
  };
  for (const Bad& each : cases) EXPECT_EQ(schedule_error(each.schedule), each.error) << each.schedule;
}

TEST(CronJobValidation, SaysWhatKubernetesSays) {
  KindForTest kind("batch", "v1", "CronJob");
  auto of = [](std::string_view members) {
    return R"({"metadata":{"name":"c"},"spec":{"jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never",
        "containers":[{"name":"a","image":"x"}]}}}},)" +
           std::string(members) + "}}";
  };
  const Case cases[] = {
      {R"("schedule":"0 * * * *","timeZone":"Europe/Zurich")", {}},
      {R"("schedule":"0 25 * * *")",
       {"spec.schedule: Invalid value: \"0 25 * * *\": end of range (25) above maximum (23): 25"}},
      {R"("schedule":"TZ=UTC 0 * * * *")",
       {"spec.schedule: Invalid value: \"TZ=UTC 0 * * * *\": cannot use TZ or CRON_TZ in schedule, use timeZone field "
        "instead"}},
      {R"("schedule":"0 * * * *","timeZone":"")",
       {"spec.timeZone: Invalid value: \"\": timeZone must be nil or non-empty string"}},
      {R"("schedule":"0 * * * *","timeZone":"Local")",
       {"spec.timeZone: Invalid value: \"Local\": timeZone must be an explicit time zone as defined in "
        "https://www.iana.org/time-zones"}},
      {R"("schedule":"0 * * * *","timeZone":"UTC")", {}},
      {R"("schedule":"0 * * * *","timeZone":"America/Argentina/Buenos_Aires")", {}},
      {R"("schedule":"0 * * * *","timeZone":"Etc/GMT+12")", {}},
      {R"("schedule":"0 * * * *","timeZone":"Mars/Olympus")",
       {"spec.timeZone: Invalid value: \"Mars/Olympus\": unknown time zone Mars/Olympus"}},
      {R"("schedule":"0 * * * *","timeZone":"/etc/passwd")",
       {"spec.timeZone: Invalid value: \"/etc/passwd\": unknown time zone /etc/passwd"}},
      {R"("schedule":"0 * * * *","timeZone":"../x")", {"spec.timeZone: Invalid value: \"../x\": time: invalid location name"}},
  };
  for (const Case& each : cases) EXPECT_EQ(kind.errors(of(each.given)), each.errors) << each.given;
  // One that was taken once stays.
  codec::Value before = kind.read(of(R"("schedule":"0 * * * *","timeZone":"Old/Name")"));
  EXPECT_EQ(kind.errors_of_update(before, of(R"("schedule":"1 * * * *","timeZone":"Old/Name")")), Texts{});
}

}  // namespace
}  // namespace charon::batch::v1

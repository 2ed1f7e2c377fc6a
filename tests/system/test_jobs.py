"""Jobs and cron jobs on real containers."""
import time

from .checks import Suite, equal, eventually, true

CASES = Suite(namespace="t-jobs")
IMAGE = "charon.local/busybox:1"


def job(name, script, pod=None, **spec):
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {**spec, "template": {"spec": {
        "restartPolicy": "Never", "terminationGracePeriodSeconds": 1, **(pod or {}),
        "containers": [{"name": "main", "image": IMAGE, "command": ["sh", "-c", script]}]}}}}


def make(c, name, script, **spec):
    c.apply(job(name, script, **spec)).ok()


def status(c, name):
    return c.kubectl_json(f"get job {name}").get("status", {})


def pods(c, name):
    return c.kubectl_json(f"get pods -l job-name={name}")["items"]


def wait(c, name, condition, seconds=40):
    c.kubectl(f"wait --for=condition={condition} job/{name} --timeout={seconds}s", timeout=seconds + 15).ok()


def condition(c, name, kind):
    return next((each for each in status(c, name).get("conditions", []) if each["type"] == kind), None)


def held(c, name):
    return [pod["metadata"]["name"] for pod in pods(c, name) if pod["metadata"].get("finalizers")]


@CASES.case("a job completes", essential=True)
def completes(c):
    c.kubectl(f"create job hello --image={IMAGE} -- echo hello").ok().says("job.batch/hello created")
    wait(c, "hello", "complete")
    now = status(c, "hello")
    equal((now.get("succeeded"), now.get("failed"), now.get("active")), (1, None, None), "the counts")
    equal([each["type"] for each in now["conditions"]], ["SuccessCriteriaMet", "Complete"], "the conditions")
    true(now["startTime"] <= now["completionTime"], "it started before it was complete")
    c.kubectl("logs job/hello").ok().says("hello")
    equal(held(c, "hello"), [], "pods that are still held")
    lines = c.kubectl("get job hello").ok().out.splitlines()
    equal((lines[0].split(), lines[1].split()[:3]), (["NAME", "STATUS", "COMPLETIONS", "DURATION", "AGE"], ["hello", "Complete", "1/1"]), "the cells")
    c.kubectl("describe job hello").ok().shows("Parallelism: 1", "Completions: 1", "Pods Statuses: 0 Active (0 Ready) / 1 Succeeded / 0 Failed",
                                              "SuccessfulCreate", "Completed")


@CASES.case("its pods say whose they are")
def labels(c):
    metadata = pods(c, "hello")[0]["metadata"]
    uid = c.kubectl_json("get job hello")["metadata"]["uid"]
    wanted = {"batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": "hello", "controller-uid": uid, "job-name": "hello"}
    equal({key: metadata["labels"].get(key) for key in wanted}, wanted, "the labels")
    true(metadata["name"].startswith("hello-"), "the name comes from the job's")


@CASES.case("several completions, two at a time")
def completions(c):
    make(c, "five", "exit 0", completions=5, parallelism=2)
    wait(c, "five", "complete")
    equal(status(c, "five").get("succeeded"), 5, "the successes")
    equal((len(pods(c, "five")), held(c, "five")), (5, []), "the pods, and those that are still held")


@CASES.case("failures are counted up to the limit")
def fails(c):
    make(c, "broken", "exit 3", completions=1, parallelism=1, backoffLimit=1)
    wait(c, "broken", "failed", 60)
    equal((status(c, "broken").get("failed"), status(c, "broken").get("succeeded")), (2, None), "the counts")
    found = condition(c, "broken", "Failed")
    equal((found["reason"], found["message"]), ("BackoffLimitExceeded", "Job has reached the specified backoff limit"), "the condition")
    ends = sorted(pod["status"]["containerStatuses"][0]["state"]["terminated"]["finishedAt"] for pod in pods(c, "broken"))
    starts = sorted(pod["metadata"]["creationTimestamp"] for pod in pods(c, "broken"))
    seconds = [time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) for text in (ends[0], starts[1])]
    true(9 <= seconds[1] - seconds[0] <= 14, f"the pause before the second pod is {seconds[1] - seconds[0]} s, wanted about 10")
    c.kubectl("get events --field-selector reason=BackoffLimitExceeded").ok().has("job/broken")


@CASES.case("an indexed job: each index once")
def indexed(c):
    make(c, "parts", "echo part $JOB_COMPLETION_INDEX of $(hostname)", completions=3, parallelism=3, completionMode="Indexed")
    wait(c, "parts", "complete")
    equal((status(c, "parts")["completedIndexes"], status(c, "parts")["succeeded"]), ("0-2", 3), "the indexes")
    said = sorted(c.kubectl(f"logs {pod['metadata']['name']}").ok().out.strip() for pod in pods(c, "parts"))
    equal(said, [f"part {i} of parts-{i}" for i in range(3)], "what the pods know of themselves")


@CASES.case("a failed index leaves the others alone")
def per_index(c):
    make(c, "one-bad", "test $JOB_COMPLETION_INDEX != 1", completions=3, parallelism=3, completionMode="Indexed", backoffLimitPerIndex=0)
    wait(c, "one-bad", "failed")
    now = status(c, "one-bad")
    equal((now["completedIndexes"], now["failedIndexes"]), ("0,2", "1"), "the indexes")
    equal(condition(c, "one-bad", "Failed")["reason"], "FailedIndexes", "the reason")


@CASES.case("suspend takes the pods away, resume brings them back")
def suspend(c):
    make(c, "pause", "sleep 300", completions=2, parallelism=2)
    eventually(lambda: equal(status(c, "pause").get("ready"), 2, "the ready pods"), 30)
    started = status(c, "pause")["startTime"]
    c.kubectl(["patch", "job", "pause", "-p", '{"spec":{"suspend":true}}']).ok()
    wait(c, "pause", "suspended")
    eventually(lambda: equal(pods(c, "pause"), [], "the pods"), 30)
    equal((status(c, "pause").get("active"), status(c, "pause").get("failed")), (None, None), "the counts")
    c.kubectl(["patch", "job", "pause", "-p", '{"spec":{"suspend":false}}']).ok()
    eventually(lambda: equal(status(c, "pause").get("ready"), 2, "the ready pods"), 30)
    equal(condition(c, "pause", "Suspended")["status"], "False", "the condition")
    true(status(c, "pause")["startTime"] > started, "the start is the resumption")
    c.kubectl("delete job pause --cascade=foreground --timeout=30s").ok()
    equal(pods(c, "pause"), [], "the pods")


@CASES.case("podFailurePolicy: an exit code fails the job at once")
def failure_policy(c):
    rules = [{"action": "FailJob", "onExitCodes": {"containerName": "main", "operator": "In", "values": [42]}}]
    make(c, "fatal", "exit 42", backoffLimit=6, podFailurePolicy={"rules": rules})
    wait(c, "fatal", "failed")
    found = condition(c, "fatal", "Failed")
    equal(found["reason"], "PodFailurePolicy", "the reason")
    true("failed with exit code 42 matching FailJob rule at index 0" in found["message"], f"the message: {found['message']}")
    equal(status(c, "fatal").get("failed"), 1, "the failures")


@CASES.case("successPolicy: one index is enough")
def success_policy(c):
    make(c, "leader", "test $JOB_COMPLETION_INDEX = 0 || sleep 300", completions=2, parallelism=2, completionMode="Indexed",
         successPolicy={"rules": [{"succeededIndexes": "0"}]})
    wait(c, "leader", "complete", 60)
    equal(condition(c, "leader", "Complete")["reason"], "SuccessPolicy", "the reason")


@CASES.case("activeDeadlineSeconds ends what takes too long")
def deadline(c):
    make(c, "slow", "sleep 300", activeDeadlineSeconds=2)
    wait(c, "slow", "failed")
    equal(condition(c, "slow", "Failed")["reason"], "DeadlineExceeded", "the reason")


@CASES.case("a job goes some time after its end, with its pods")
def ttl(c):
    make(c, "short", "exit 0", ttlSecondsAfterFinished=2)
    wait(c, "short", "complete")
    c.wait_gone("job short", 30)
    eventually(lambda: equal(pods(c, "short"), [], "the pods"), 20)


@CASES.case("deleting a job frees its pods")
def delete(c):
    make(c, "endless", "sleep 300", completions=2, parallelism=2)
    eventually(lambda: equal(status(c, "endless").get("active"), 2, "the active pods"), 20)
    c.kubectl("delete job endless").ok()
    eventually(lambda: equal(pods(c, "endless"), [], "the pods"), 30)


@CASES.case("a cron job is made, and run by hand")
def by_hand(c):
    c.kubectl(f"create cronjob tick --image={IMAGE} --schedule='* * * * *' -- echo tick").ok().says("cronjob.batch/tick created")
    lines = c.kubectl("get cronjob tick").ok().out.splitlines()
    equal(lines[0].split(), ["NAME", "SCHEDULE", "TIMEZONE", "SUSPEND", "ACTIVE", "LAST", "SCHEDULE", "AGE"], "the columns")
    c.kubectl("create job by-hand --from=cronjob/tick").ok().says("job.batch/by-hand created")
    wait(c, "by-hand", "complete")
    c.kubectl("logs job/by-hand").ok().says("tick")


@CASES.case("a wrong schedule is refused")
def wrong_schedule(c):
    c.kubectl(f"create cronjob wrong --image={IMAGE} --schedule='61 * * * *' -- true").fails(1).err_has("end of range (61) above maximum (59)")
    c.kubectl(f"create cronjob wrong --image={IMAGE} --schedule='TZ=UTC * * * * *' -- true").fails(1).err_has("cannot use TZ or CRON_TZ in schedule")


@CASES.case("a cron job fires each minute")
def fires(c):
    def runs():
        return [each for each in c.kubectl_json("get jobs")["items"] if each["metadata"]["name"].startswith("tick-")]

    eventually(lambda: true(runs(), "there is a job of the cron job"), 70, every=0.5)
    run = runs()[0]["metadata"]
    minute = run["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"]
    true(minute.endswith(":00Z"), f"it is scheduled for a minute: {minute}")
    equal((run["ownerReferences"][0]["kind"], run["ownerReferences"][0]["controller"]), ("CronJob", True), "its owner")
    wait(c, run["name"], "complete")

    def seen():
        now = c.kubectl_json("get cronjob tick")["status"]
        equal(now.get("lastScheduleTime"), minute, "the last schedule")
        true(now.get("lastSuccessfulTime", "") >= minute, "the last success")
    eventually(seen, 10)
    c.kubectl("get events --field-selector involvedObject.kind=CronJob").ok().has("SuccessfulCreate", "SawCompletedJob")
    c.kubectl("delete cronjob tick").ok()
    eventually(lambda: equal(runs(), [], "its jobs"), 20)

"""Where pods go, why not, and who has to go for them."""
from .checks import Suite, equal, eventually, true

CASES = Suite(namespace="t-sched")


def pod(name, **spec):
    requests = spec.pop("requests", {})
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": {"terminationGracePeriodSeconds": 0, **spec,
            "containers": [{"name": "main", "image": "charon.local/busybox:1", "command": ["sleep", "1000"], "resources": {"requests": requests}}]}}


def pending(c, name, text):
    def check():
        conditions = {one["type"]: one for one in c.kubectl_json(f"get pod {name}")["status"].get("conditions", [])}
        true("PodScheduled" in conditions, "the condition PodScheduled is set")
        one = conditions["PodScheduled"]
        equal((one["status"], one.get("reason")), ("False", "Unschedulable"), "it")
        true(text in one["message"], f"its message names {text!r}: {one['message']}")
    eventually(check, 15)
    eventually(lambda: c.kubectl(f"get events --field-selector involvedObject.name={name}").ok().has("FailedScheduling", text), 10)
    c.kubectl(f"get pod {name}").ok().has("Pending")


@CASES.case("more CPU than there is: Pending, with the reason")
def cpu(c):
    c.apply(pod("cpu", requests={"cpu": "1000"})).ok()
    pending(c, "cpu", "0/1 nodes are available: 1 Insufficient cpu")


@CASES.case("more memory than there is")
def memory(c):
    c.apply(pod("memory", requests={"memory": "100Ti"})).ok()
    pending(c, "memory", "Insufficient memory")


@CASES.case("a node selector that nothing matches, until a label does")
def selector(c):
    c.apply(pod("selector", nodeSelector={"t-sched": "yes"})).ok()
    pending(c, "selector", "didn't match Pod's node affinity/selector")
    c.kubectl("label nodes --all t-sched=yes", namespace=None).ok()
    c.wait_ready("selector")
    c.kubectl("label nodes --all t-sched-", namespace=None).ok()


@CASES.case("node affinity")
def affinity(c):
    def rule(operator, **more):
        return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "kubernetes.io/os", "operator": operator, **more}]}]}}}
    c.apply(pod("affine", affinity=rule("In", values=["linux"]))).ok()
    c.apply(pod("averse", affinity=rule("DoesNotExist"))).ok()
    c.wait_ready("affine")
    pending(c, "averse", "didn't match Pod's node affinity/selector")


@CASES.case("taints keep pods away that do not tolerate them")
def taint(c):
    c.kubectl("taint nodes --all t-sched=no:NoSchedule", namespace=None).ok().has("tainted")
    c.apply(pod("plain")).ok()
    c.apply(pod("tolerant", tolerations=[{"key": "t-sched", "operator": "Exists"}])).ok()
    c.wait_ready("tolerant")
    pending(c, "plain", "untolerated taint")
    c.kubectl("taint nodes --all t-sched-", namespace=None).ok().has("untainted")
    c.wait_ready("plain")


@CASES.case("NoExecute evicts")
def evict(c):
    c.kubectl("taint nodes --all t-sched=no:NoExecute", namespace=None).ok()
    try:
        c.wait_gone("pod plain")
        c.kubectl("get pod tolerant").ok().has("Running")
    finally:
        c.kubectl("taint nodes --all t-sched-", namespace=None).ok()


@CASES.case("pod anti-affinity")
def anti(c):
    c.apply(pod("first")).ok()
    c.wait_ready("first")
    c.apply(pod("second", affinity={"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"labelSelector": {"matchLabels": {"app": "first"}}, "topologyKey": "kubernetes.io/hostname"}]}})).ok()
    pending(c, "second", "anti-affinity")
    c.kubectl("delete pod first").ok()
    c.wait_ready("second")


@CASES.case("scheduling gates hold a pod")
def gates(c):
    c.apply(pod("gated", schedulingGates=[{"name": "example.com/wait"}])).ok()
    eventually(lambda: c.kubectl("get pod gated").ok().has("SchedulingGated"), 10)
    c.kubectl(["patch", "pod", "gated", "--type=json", "-p", '[{"op":"remove","path":"/spec/schedulingGates/0"}]']).ok()
    c.wait_ready("gated")


@CASES.case("another scheduler's pods are left alone")
def other(c):
    c.apply(pod("foreign", schedulerName="somebody")).ok()
    c.apply(pod("mine")).ok()
    c.wait_ready("mine")
    true("nodeName" not in c.kubectl_json("get pod foreign")["spec"], "it has no node")


def share_of_node(c, part):
    """So much of the node's CPU, as a request."""
    cpu = c.kubectl_json("get nodes")["items"][0]["status"]["allocatable"]["cpu"]
    milli = int(cpu[:-1]) if cpu.endswith("m") else 1000 * int(cpu)
    return {"cpu": f"{int(milli * part)}m"}


def message(c, name):
    return next(one["message"] for one in c.kubectl_json(f"get pod {name}")["status"]["conditions"] if one["type"] == "PodScheduled")


@CASES.case("an important pod takes the place of a less important one")
def preempt(c):
    for name, value, policy in (("t-low", 10, "PreemptLowerPriority"), ("t-high", 1000, "PreemptLowerPriority"), ("t-meek", 1000, "Never")):
        c.apply({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": value, "preemptionPolicy": policy}).ok()
    half = share_of_node(c, 0.6)
    c.apply(pod("low", priorityClassName="t-low", requests=half, terminationGracePeriodSeconds=4)).ok()
    c.wait_ready("low")
    c.apply(pod("meek", priorityClassName="t-meek", requests=half)).ok()
    pending(c, "meek", "not eligible due to preemptionPolicy=Never.")
    c.kubectl("delete pod meek").ok()
    c.apply(pod("high", priorityClassName="t-high", requests=half)).ok()
    node = c.kubectl("get nodes -o jsonpath={.items[0].metadata.name}", namespace=None).ok().out

    def victim_told():
        low = c.kubectl_json("get pod low")
        told = [one for one in low["status"]["conditions"] if one["type"] == "DisruptionTarget"]
        true(told and told[0]["reason"] == "PreemptionByScheduler", "the victim has the condition")
        equal(told[0]["message"], "default-scheduler: preempting to accommodate a higher priority pod", "its message")
        true("deletionTimestamp" in low["metadata"], "the victim is going")
        equal(c.kubectl_json("get pod high")["status"].get("nominatedNodeName"), node, "the node it waits for")
    eventually(victim_told, 4)
    c.kubectl("get pod high -o wide").ok().has(node)  # NOMINATED NODE
    c.wait_ready("high")
    uid = c.kubectl("get pod high -o jsonpath={.metadata.uid}").ok().out
    eventually(lambda: c.kubectl("get events --field-selector involvedObject.name=low,reason=Preempted").ok().has(f"Preempted by pod {uid} on node {node}"), 10)
    eventually(lambda: c.kubectl("get events --field-selector involvedObject.name=high").ok().has("FailedScheduling", "Successfully assigned t-sched/high"), 10)
    c.wait_gone("pod low")


@CASES.case("a budget forbids nothing where nobody else can go")
def budget(c):
    c.kubectl("create poddisruptionbudget guard --selector=app=guarded --min-available=1").ok()
    part = share_of_node(c, 0.35)
    c.kubectl("delete pod high").ok()
    c.apply(pod("guarded", priorityClassName="t-low", requests=part)).ok()
    c.apply(pod("free", priorityClassName="t-low", requests=part)).ok()
    c.wait_ready("guarded")
    c.wait_ready("free")
    c.apply(pod("urgent", priorityClassName="t-high", requests=part)).ok()
    c.wait_ready("urgent")
    c.wait_gone("pod free")
    c.kubectl("get pod guarded").ok().has("Running")
    c.kubectl("delete pod guarded urgent").ok()
    c.kubectl("delete poddisruptionbudget guard").ok()
    c.kubectl("delete priorityclass t-low t-high t-meek", namespace=None).ok()


@CASES.case("claims that nobody has bound hold a pod")
def claims(c):
    c.apply({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
             "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "t-none", "resources": {"requests": {"storage": "1Mi"}}}}).ok()
    c.apply(pod("claiming", volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}])).ok()
    pending(c, "claiming", "pod has unbound immediate PersistentVolumeClaims")
    c.apply(pod("claimless", volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "nobody"}}])).ok()
    pending(c, "claimless", 'persistentvolumeclaim "nobody" not found')
    c.kubectl("delete pod claiming claimless").ok()
    c.kubectl("delete pvc data").ok()


PROFILES = """apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: default-scheduler
- schedulerName: somebody
  plugins: {score: {disabled: [{name: "*"}], enabled: [{name: LeastCPUUsed}]}}
"""


@CASES.case("a second profile, and its file is followed")
def profile(c):
    path = c.data_dir + "/scheduler.yaml"
    with open(path, "w") as file:
        file.write(PROFILES)
    c.kill()
    c.start("--scheduler-config-file", path).ok()
    c.wait_ready("foreign")  # it has waited for somebody to come
    c.apply(pod("other", schedulerName="third")).ok()
    with open(path, "w") as file:
        file.write(PROFILES.replace("somebody", "third"))
    c.wait_ready("other")
    c.kubectl("get events --field-selector involvedObject.name=other,reason=Scheduled").ok().has("Successfully assigned t-sched/other")
    metrics = c.request("GET", "/metrics").body.decode()
    true('scheduler_schedule_attempts_total{profile="third",result="scheduled"} 1' in metrics, "its metrics count the pod")
    c.kill()
    c.start().ok()
    wrong = c.run([c.charon, "server", "--data-dir", c.data_dir + "/none", "--port", "0", "--scheduler-config-file", "/etc/hostname"])
    wrong.fails().err_has("/etc/hostname")

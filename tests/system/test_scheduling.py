"""Where pods go, and why not."""
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

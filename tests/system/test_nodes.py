"""The node."""
import os

from .checks import Suite, equal, eventually, true

CASES = Suite(namespace="t-nodes")


def name(c):
    return c.kubectl_json("get nodes")["items"][0]["metadata"]["name"]


@CASES.case("get nodes, also wide")
def get(c):
    lines = c.kubectl("get nodes").ok().out.splitlines()
    equal(lines[0].split(), ["NAME", "STATUS", "ROLES", "AGE", "VERSION"], "the columns")
    equal(lines[1].split()[1], "Ready", "the status")
    c.kubectl("get nodes -o wide").ok().has("INTERNAL-IP", "OS-IMAGE", "KERNEL-VERSION", "CONTAINER-RUNTIME", "containerd://", "Debian")


@CASES.case("describe node")
def describe(c):
    c.kubectl(f"describe node {name(c)}").ok().shows("Name: " + name(c), "Conditions:", "MemoryPressure False", "KubeletReady", "Capacity:", "Allocatable:",
                                                    "Container Runtime Version: containerd://", "Non-terminated Pods:", "Allocated resources:")


@CASES.case("labels that selectors count on")
def labels(c):
    labels = c.kubectl_json("get nodes")["items"][0]["metadata"]["labels"]
    equal((labels.get("kubernetes.io/hostname"), labels.get("kubernetes.io/os")), (name(c), "linux"), "host name and system")
    true(labels.get("kubernetes.io/arch") in ("amd64", "arm64"), "the architecture")


@CASES.case("capacity is the machine's")
def capacity(c):
    status = c.kubectl_json("get nodes")["items"][0]["status"]
    equal(int(status["capacity"]["cpu"]), os.cpu_count(), "the CPUs")
    true(status["capacity"]["memory"].endswith("Ki") and int(status["capacity"]["pods"]) > 0, f"memory and pods: {status['capacity']}")


@CASES.case("cordon, uncordon")
def cordon(c):
    c.kubectl(f"cordon {name(c)}").ok().has("cordoned")
    try:
        c.kubectl("get nodes").ok().has("Ready,SchedulingDisabled")
        c.kubectl("run held --image=charon.local/busybox:1 --image-pull-policy=Never -- sleep 1000").ok()
        eventually(lambda: c.kubectl("get events --field-selector involvedObject.name=held").ok().has("FailedScheduling", "unschedulable"), 10)
    finally:
        c.kubectl(f"uncordon {name(c)}").ok().has("uncordoned")
    c.wait_ready("held")
    c.kubectl("delete pod held --grace-period=0 --force").ok()


@CASES.case("taint and untaint")
def taint(c):
    c.kubectl(f"taint node {name(c)} a=b:PreferNoSchedule").ok().has("tainted")
    equal(c.kubectl_json("get nodes")["items"][0]["spec"]["taints"], [{"key": "a", "value": "b", "effect": "PreferNoSchedule"}], "the taints")
    c.kubectl(f"taint node {name(c)} a-").ok().has("untainted")
    c.kubectl(f"taint node {name(c)} a=b:Nonsense").fails(1).err_has("invalid taint effect")


@CASES.case("drain evicts the pods")
def drain(c):
    c.kubectl("create deployment drained --image=charon.local/nginx:1").ok()
    c.kubectl("rollout status deployment/drained --timeout=40s").ok()
    try:
        c.kubectl(f"drain {name(c)} --ignore-daemonsets --force --delete-emptydir-data --pod-selector=app=drained --timeout=40s").ok().has("drained")
        eventually(lambda: c.kubectl("get pods -l app=drained").ok().has("Pending"), 10)
    finally:
        c.kubectl(f"uncordon {name(c)}").ok()
        c.kubectl("delete deployment drained").ok()


@CASES.case("the node renews its lease")
def lease(c):
    def renewed():
        return c.kubectl_json(f"get lease {name(c)}", namespace="kube-node-lease")["spec"]["renewTime"]
    before = renewed()
    eventually(lambda: true(renewed() != before, "the time moves on"), 25, every=1)


@CASES.case("a node that does not report becomes NotReady and is tainted; deleting it is possible")
def silent(c):
    c.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "ghost"}}, "create -f -").ok()
    c.kubectl("get node ghost").ok()
    eventually(lambda: c.kubectl("get node ghost").ok().has("NotReady") if "Unknown" not in c.kubectl("get node ghost").out else None, 60, every=1)
    c.kubectl("delete node ghost").ok().has('node "ghost" deleted')

"""DaemonSets: the pods follow the node; rollouts and their history."""
from .checks import Suite, equal, eventually, true

CASES = Suite(namespace="t-ds")

AGENT = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, annotations: {kubernetes.io/change-cause: first}}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: main, image: charon.local/busybox:1, imagePullPolicy: Never, command: [sleep, "1000"], env: [{name: VERSION, value: "1"}]}]
"""


def pods(c):
    return [pod for pod in c.kubectl_json("get pods -l app=agent")["items"] if "deletionTimestamp" not in pod["metadata"]]


def versions(c):
    return [pod["spec"]["containers"][0]["env"][0]["value"] for pod in pods(c)]


def rollout_done(c, seconds=60):
    c.kubectl(f"rollout status daemonset/agent --timeout={seconds}s", timeout=seconds + 15).ok().has("successfully rolled out")


def node(c):
    return c.kubectl("get nodes -o name").ok().out.strip().removeprefix("node/")


@CASES.case("a pod runs on the node", essential=True)
def create(c):
    c.apply(AGENT).ok().says("daemonset.apps/agent created")
    rollout_done(c)
    pod, = pods(c)
    term, = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    equal(term, {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node(c)]}]}, "how it is bound to the node")
    tolerated = {toleration["key"].removeprefix("node.kubernetes.io/"): toleration["effect"] for toleration in pod["spec"]["tolerations"]}
    equal(tolerated, {"not-ready": "NoExecute", "unreachable": "NoExecute", "disk-pressure": "NoSchedule", "memory-pressure": "NoSchedule",
                      "pid-pressure": "NoSchedule", "unschedulable": "NoSchedule"}, "what it tolerates")
    true(all("tolerationSeconds" not in toleration for toleration in pod["spec"]["tolerations"]), "it tolerates for ever")


@CASES.case("get and describe")
def get(c):
    lines = c.kubectl("get ds agent").ok().out.splitlines()
    equal(lines[0].split()[:6], ["NAME", "DESIRED", "CURRENT", "READY", "UP-TO-DATE", "AVAILABLE"], "the columns")
    equal(lines[1].split()[:6], ["agent", "1", "1", "1", "1", "1"], "the cells")
    c.kubectl("describe ds agent").ok().shows("Desired Number of Nodes Scheduled: 1", "Number of Nodes Scheduled with Available Pods: 1",
                                              "Number of Nodes Misscheduled: 0", "SuccessfulCreate", "Created pod: agent-")


@CASES.case("a deleted pod is replaced")
def replaced(c):
    before = pods(c)[0]["metadata"]["name"]
    c.kubectl(f"delete pod {before}").ok()
    eventually(lambda: true([pod["metadata"]["name"] for pod in pods(c)] not in ([], [before]), "there is another pod"), 20)
    rollout_done(c)


@CASES.case("a rollout, its history and undo")
def roll(c):
    c.kubectl("set env ds/agent VERSION=2").ok()
    rollout_done(c)
    equal(versions(c), ["2"], "what the pods run")
    c.kubectl("rollout history ds/agent").ok().shows("REVISION CHANGE-CAUSE", "1 first", "2 first")
    c.kubectl("rollout history ds/agent --revision=1").ok().shows("VERSION: 1")
    c.kubectl("rollout undo ds/agent").ok().says("daemonset.apps/agent rolled back")
    rollout_done(c)
    equal(versions(c), ["1"], "what the pods run")
    c.kubectl("rollout undo ds/agent --to-revision=2").ok()
    rollout_done(c)
    equal(versions(c), ["2"], "what the pods run")
    numbers = sorted(revision["revision"] for revision in c.kubectl_json("get controllerrevisions")["items"])
    equal(numbers, [3, 4], "the numbers of the revisions")


@CASES.case("with surge, the new pod is there before the old one goes")
def surge(c):
    c.kubectl(["patch", "ds", "agent", "-p", '{"spec": {"updateStrategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}}}']).ok()
    c.kubectl("rollout restart ds/agent").ok()
    rollout_done(c)
    eventually(lambda: equal(len(c.kubectl_json("get pods -l app=agent")["items"]), 1, "the pods in the end"), 20)
    status = c.kubectl_json("get ds agent")["status"]
    equal((status["updatedNumberScheduled"], status["numberAvailable"], status.get("numberUnavailable", 0)), (1, 1, 0), "the counts")


@CASES.case("OnDelete replaces what a user deletes")
def on_delete(c):
    c.kubectl(["patch", "ds", "agent", "--type=merge", "-p", '{"spec": {"updateStrategy": {"type": "OnDelete", "rollingUpdate": null}}}']).ok()
    c.kubectl("set env ds/agent VERSION=5").ok()
    eventually(lambda: equal(c.kubectl_json("get ds agent")["status"].get("updatedNumberScheduled", 0), 0, "the updated pods"), 20)
    equal(versions(c), ["2"], "what the pods run")
    c.kubectl("delete pods -l app=agent").ok()
    eventually(lambda: equal(versions(c), ["5"], "what the pods run"), 20)


@CASES.case("the node selector and the node's labels decide")
def selector(c):
    c.kubectl(["patch", "ds", "agent", "-p", '{"spec": {"template": {"spec": {"nodeSelector": {"test/role": "daemon"}}}}}']).ok()
    eventually(lambda: equal(pods(c), [], "the pods"), 30)
    equal(c.kubectl_json("get ds agent")["status"]["desiredNumberScheduled"], 0, "the nodes that count")
    c.kubectl(f"label node {node(c)} test/role=daemon", namespace=None).ok()
    try:
        eventually(lambda: equal(len(pods(c)), 1, "the pods"), 20)
    finally:
        c.kubectl(f"label node {node(c)} test/role-", namespace=None).ok()
    eventually(lambda: equal(pods(c), [], "the pods"), 30)


@CASES.case("delete takes pods and history along")
def delete(c):
    c.kubectl("delete ds agent").ok()
    eventually(lambda: equal(c.kubectl("get pods,controllerrevisions -o name").ok().out.strip(), "", "what is left"), 30)

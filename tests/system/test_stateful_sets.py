"""StatefulSets: order, identity, rollouts and their history, claims."""
import json
import threading

from .checks import Failure, Suite, equal, eventually, true

CASES = Suite(namespace="t-sts")

WEB = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {clusterIP: None, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web, annotations: {kubernetes.io/change-cause: first}}
spec:
  serviceName: web
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: main, image: charon.local/busybox:1, imagePullPolicy: Never, command: [sleep, "1000"], env: [{name: VERSION, value: "1"}]}]
"""


def pods(c, app="web"):
    """By name."""
    return {pod["metadata"]["name"]: pod for pod in c.kubectl_json(f"get pods -l app={app}")["items"]}


def rollout_done(c, name="web", seconds=60):
    c.kubectl(f"rollout status statefulset/{name} --timeout={seconds}s", timeout=seconds + 15).ok()


def events(c, name="web"):
    listed = c.kubectl_json(f"get events --field-selector involvedObject.name={name},involvedObject.kind=StatefulSet")["items"]
    return [f"{event['reason']}: {event['message']}" for event in listed]


class Watched:
    """The pods' changes while a block runs, as (type, name)."""

    def __init__(self, c):
        self.c, self.changes = c, []

    def __enter__(self):
        version = self.c.request("GET", f"/api/v1/namespaces/{self.c.namespace}/pods").json()["metadata"]["resourceVersion"]
        path = f"/api/v1/namespaces/{self.c.namespace}/pods?watch=1&labelSelector=app%3Dweb&resourceVersion={version}"
        self.connection = self.c.connect(timeout=120)
        self.connection.request("GET", path)
        self.answer = self.connection.getresponse()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()
        return self

    def read(self):
        try:
            for line in self.answer:
                event = json.loads(line)
                self.changes.append((event["type"], event["object"]))
        except (OSError, ValueError, AttributeError):
            pass  # the connection was closed

    def __exit__(self, *_):
        self.connection.sock.shutdown(2)
        self.thread.join(5)

    def names(self, kind):
        return [pod["metadata"]["name"] for change, pod in self.changes if change == kind]


@CASES.case("pods are made in order, each when the one before is ready", essential=True)
def create(c):
    with Watched(c) as watched:
        c.apply(WEB).ok().has("statefulset.apps/web created")
        rollout_done(c)
    equal(watched.names("ADDED"), ["web-0", "web-1", "web-2"], "the order")
    ready = set()
    for change, pod in watched.changes:
        if change == "ADDED":
            equal(ready, {f"web-{ordinal}" for ordinal in range(int(pod["metadata"]["name"][4:]))}, "the ready pods when one is made")
        if any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", [])):
            ready.add(pod["metadata"]["name"])


@CASES.case("get and describe")
def get(c):
    lines = c.kubectl("get sts web").ok().out.splitlines()
    equal((lines[0].split(), lines[1].split()[:2]), (["NAME", "READY", "AGE"], ["web", "3/3"]), "the cells")
    c.kubectl("describe sts web").ok().shows("Replicas: 3 desired | 3 total", "Pods Status: 3 Running / 0 Waiting / 0 Succeeded / 0 Failed",
                                             "create Pod web-0 in StatefulSet web successful")
    status = c.kubectl_json("get sts web")["status"]
    equal([status[field] for field in ("replicas", "readyReplicas", "availableReplicas", "currentReplicas", "updatedReplicas", "collisionCount")],
          [3, 3, 3, 3, 3, 0], "the status")
    equal(status["currentRevision"], status["updateRevision"], "the revisions")


@CASES.case("a pod knows who it is")
def identity(c):
    revision = c.kubectl_json("get sts web")["status"]["updateRevision"]
    pod = pods(c)["web-1"]
    labels = pod["metadata"]["labels"]
    equal((labels["statefulset.kubernetes.io/pod-name"], labels["apps.kubernetes.io/pod-index"], labels["controller-revision-hash"]),
          ("web-1", "1", revision), "the labels")
    equal((pod["spec"]["hostname"], pod["spec"]["subdomain"]), ("web-1", "web"), "host name and subdomain")
    c.kubectl("exec web-1 -- hostname").ok().says("web-1")
    owner = pod["metadata"]["ownerReferences"][0]
    equal((owner["kind"], owner["name"], owner["controller"]), ("StatefulSet", "web", True), "the owner")


@CASES.case("a deleted pod comes back under its name")
def replaced(c):
    before = pods(c)["web-1"]["metadata"]["uid"]
    c.kubectl("delete pod web-1").ok()
    rollout_done(c)
    eventually(lambda: true(pods(c).get("web-1", {"metadata": {"uid": before}})["metadata"]["uid"] != before, "it is another pod"), 20)
    rollout_done(c)


@CASES.case("scale: up from the lowest, down from the highest ordinal")
def scale(c):
    with Watched(c) as watched:
        c.kubectl("scale sts web --replicas=4").ok().says("statefulset.apps/web scaled")
        rollout_done(c)
        c.kubectl("scale sts web --replicas=2").ok()
        eventually(lambda: equal(sorted(pods(c)), ["web-0", "web-1"], "the pods"), 30)
    equal((watched.names("ADDED"), watched.names("DELETED")), (["web-3"], ["web-3", "web-2"]), "the order")
    equal(c.request("GET", f"/apis/apps/v1/namespaces/{c.namespace}/statefulsets/web/scale").json()["status"],
          {"replicas": 2, "selector": "app=web"}, "the scale")


@CASES.case("a rollout replaces from the highest ordinal, one at a time")
def roll(c):
    with Watched(c) as watched:
        c.kubectl("set env sts/web VERSION=2").ok()
        c.kubectl("annotate sts web kubernetes.io/change-cause=second --overwrite").ok()
        rollout_done(c)
    steps = [(change, pod["metadata"]["name"]) for change, pod in watched.changes if change != "MODIFIED"]
    equal(steps, [("DELETED", "web-1"), ("ADDED", "web-1"), ("DELETED", "web-0"), ("ADDED", "web-0")], "the steps")
    equal(len(c.kubectl_json("get controllerrevisions")["items"]), 2, "the revisions")


@CASES.case("rollout history and undo")
def undo(c):
    c.kubectl("rollout history sts/web").ok().shows("REVISION CHANGE-CAUSE", "1 first", "2")
    c.kubectl("rollout history sts/web --revision=1").ok().shows("VERSION: 1")
    c.kubectl("rollout undo sts/web").ok().says("statefulset.apps/web rolled back")
    rollout_done(c)
    equal([pod["spec"]["containers"][0]["env"][0]["value"] for pod in pods(c).values()], ["1", "1"], "what the pods run")
    numbers = sorted(revision["revision"] for revision in c.kubectl_json("get controllerrevisions")["items"])
    equal(numbers, [2, 3], "the numbers of the revisions")
    c.kubectl("rollout undo sts/web --to-revision=2").ok()
    rollout_done(c)
    equal([pod["spec"]["containers"][0]["env"][0]["value"] for pod in pods(c).values()], ["2", "2"], "what the pods run")
    c.kubectl("rollout restart sts/web").ok().says("statefulset.apps/web restarted")
    rollout_done(c)


@CASES.case("a partition holds back the low ordinals")
def partition(c):
    c.kubectl(["patch", "sts", "web", "-p", '{"spec": {"updateStrategy": {"rollingUpdate": {"partition": 1}}}}']).ok()
    c.kubectl("set env sts/web VERSION=3").ok()
    rollout_done(c)
    versions = {name: pod["spec"]["containers"][0]["env"][0]["value"] for name, pod in pods(c).items()}
    equal(versions, {"web-0": "2", "web-1": "3"}, "what the pods run")
    status = c.kubectl_json("get sts web")["status"]
    equal((status["currentReplicas"], status["updatedReplicas"]), (1, 1), "the counts")
    true(status["currentRevision"] != status["updateRevision"], "both revisions are in use")


@CASES.case("Parallel makes all at once, from the start ordinal")
def parallel(c):
    c.apply("""
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: par}
spec:
  serviceName: par
  replicas: 3
  podManagementPolicy: Parallel
  ordinals: {start: 5}
  selector: {matchLabels: {app: par}}
  template:
    metadata: {labels: {app: par}}
    spec: {terminationGracePeriodSeconds: 1, containers: [{name: main, image: no.such/image:1, imagePullPolicy: Never}]}
""").ok()
    eventually(lambda: equal(sorted(pods(c, "par")), ["par-5", "par-6", "par-7"], "the pods, none of which starts"), 20)
    c.kubectl("delete sts par").ok()
    eventually(lambda: equal(pods(c, "par"), {}, "what is left"), 30)


@CASES.case("claims are made before the pods, and go by the policy")
def claims(c):
    c.apply("""
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 2
  podManagementPolicy: Parallel
  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete}
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: main, image: charon.local/busybox:1, imagePullPolicy: Never, volumeMounts: [{name: data, mountPath: /data}]}]
  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}}]
""").ok()

    def made():
        listed = c.kubectl_json("get pvc")["items"]
        equal([claim["metadata"]["name"] for claim in listed], ["data-db-0", "data-db-1"], "the claims")
        equal([claim["metadata"]["ownerReferences"][0]["name"] for claim in listed], ["db", "db"], "the owners of the claims")
        equal([pod["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"] for pod in pods(c, "db").values()], ["data-db-0", "data-db-1"],
              "the claims of the pods")
    eventually(made, 20)
    true("SuccessfulCreate: create Claim data-db-0 Pod db-0 in StatefulSet db success" in events(c, "db"), "an event tells of the claim")
    c.kubectl("delete sts db").ok()
    eventually(lambda: equal(c.kubectl_json("get pvc")["items"], [], "the claims that are left"), 30)


@CASES.case("delete takes pods and history along")
def delete(c):
    c.kubectl("delete sts web").ok()

    def gone():
        left = c.kubectl("get pods,controllerrevisions -o name").ok().out.strip()
        if left:
            raise Failure(f"there are still {left}")
    eventually(gone, 30)

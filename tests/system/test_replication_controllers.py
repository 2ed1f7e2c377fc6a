"""ReplicationControllers."""
from .checks import Suite, equal, eventually, true

CASES = Suite(namespace="t-rc")

OLD = """
apiVersion: v1
kind: ReplicationController
metadata: {name: old}
spec:
  replicas: 2
  selector: {app: old}
  template:
    metadata: {labels: {app: old}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: main, image: charon.local/busybox:1, imagePullPolicy: Never, command: [sleep, "1000"]}]
"""


def pods(c):
    return [pod for pod in c.kubectl_json("get pods -l app=old")["items"] if "deletionTimestamp" not in pod["metadata"]]


def ready(c, count):
    eventually(lambda: equal(c.kubectl_json("get rc old")["status"].get("readyReplicas", 0), count, "the ready pods"), 40)
    equal(len(pods(c)), count, "the pods")


@CASES.case("keeps its pods", essential=True)
def create(c):
    c.apply(OLD).ok().says("replicationcontroller/old created")
    ready(c, 2)
    lines = c.kubectl("get rc old").ok().out.splitlines()
    equal((lines[0].split(), lines[1].split()[:4]), (["NAME", "DESIRED", "CURRENT", "READY", "AGE"], ["old", "2", "2", "2"]), "the cells")
    c.kubectl("describe rc old").ok().shows("Replicas: 2 current / 2 desired", "SuccessfulCreate", "Created pod: old-")


@CASES.case("scales")
def scale(c):
    c.kubectl("scale rc old --replicas=3").ok().says("replicationcontroller/old scaled")
    ready(c, 3)
    c.kubectl("scale rc old --replicas=1").ok()
    ready(c, 1)


@CASES.case("replaces a deleted pod, lets go of one with another label")
def replaced(c):
    before = pods(c)[0]["metadata"]["name"]
    c.kubectl(f"delete pod {before}").ok()
    eventually(lambda: true([pod["metadata"]["name"] for pod in pods(c)] not in ([], [before]), "there is another pod"), 20)
    name = pods(c)[0]["metadata"]["name"]
    c.kubectl(f"label pod {name} app=free --overwrite").ok()
    ready(c, 1)
    eventually(lambda: true("ownerReferences" not in c.kubectl_json(f"get pod {name}")["metadata"], "it is released"), 20)
    c.kubectl(f"delete pod {name}").ok()


@CASES.case("delete takes its pods along")
def delete(c):
    c.kubectl("delete rc old").ok()
    eventually(lambda: equal(c.kubectl("get pods -o name").ok().out.strip(), "", "what is left"), 30)

"""Deployments: rollout in all its forms, scaling, ownership."""
import http.client
import random
import threading
import time

from .checks import Suite, equal, eventually, true

CASES = Suite(namespace="t-deploy")


def live_pods(c):
    """The pods that are not ending: those of a step before may still be listed for a moment."""
    return [pod for pod in c.kubectl_json("get pods -l app=web")["items"] if "deletionTimestamp" not in pod["metadata"]]


def images(c):
    return sorted(pod["spec"]["containers"][0]["image"] for pod in live_pods(c))


def rollout_done(c, seconds=60):
    c.kubectl(f"rollout status deployment/web --timeout={seconds}s", timeout=seconds + 15).ok().has("successfully rolled out")


@CASES.case("create deployment", essential=True)
def create(c):
    c.kubectl("create deployment web --image=charon.local/nginx:1 --replicas=2").ok().says("deployment.apps/web created")
    rollout_done(c)


@CASES.case("get deployments, replica sets and pods")
def get(c):
    lines = c.kubectl("get deployment web").ok().out.splitlines()
    equal(lines[0].split(), ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"], "the columns")
    equal(lines[1].split()[:4], ["web", "2/2", "2", "2"], "the cells")
    c.kubectl("get deployment web -o wide").ok().has("CONTAINERS", "IMAGES", "SELECTOR", "charon.local/nginx:1", "app=web")
    lines = c.kubectl("get rs -l app=web").ok().out.splitlines()
    equal((lines[0].split(), lines[1].split()[1:4]), (["NAME", "DESIRED", "CURRENT", "READY", "AGE"], ["2", "2", "2"]), "the replica set")
    c.kubectl("get all").ok().has("deployment.apps/web", "replicaset.apps/web-", "pod/web-")


@CASES.case("describe deployment")
def describe(c):
    c.kubectl("describe deployment web").ok().shows("Name: web", "Replicas: 2 desired | 2 updated | 2 total | 2 available | 0 unavailable",
                                                   "StrategyType: RollingUpdate", "RollingUpdateStrategy: 25% max unavailable, 25% max surge",
                                                   "Available True MinimumReplicasAvailable", "ScalingReplicaSet")


@CASES.case("pods are named and owned as Kubernetes does")
def owned(c):
    pod = live_pods(c)[0]
    owner = pod["metadata"]["ownerReferences"][0]
    equal((owner["kind"], owner["controller"]), ("ReplicaSet", True), "the owner")
    true(pod["metadata"]["name"].startswith(owner["name"] + "-"), "its name comes from the owner's")
    equal(pod["metadata"]["labels"]["pod-template-hash"], owner["name"].rsplit("-", 1)[1], "the hash")


@CASES.case("scale up and down")
def scale(c):
    c.kubectl("scale deployment web --replicas=4").ok().says("deployment.apps/web scaled")
    rollout_done(c)
    equal(len(images(c)), 4, "the pods")
    c.kubectl("scale deployment web --replicas=1 --current-replicas=3").fails(1).err_has("Expected replicas to be 3, was 4")
    c.kubectl("scale deployment web --replicas=2").ok()
    eventually(lambda: equal(len(images(c)), 2, "the pods"), 20)


@CASES.case("a deleted pod is replaced")
def replaced(c):
    name = live_pods(c)[0]["metadata"]["name"]
    c.kubectl(f"delete pod {name} --grace-period=1").ok()
    rollout_done(c)
    eventually(lambda: equal(len(images(c)), 2, "the pods"), 20)


@CASES.case("set image rolls on, without fewer than three quarters of the pods")
def set_image(c):
    c.kubectl("set image deployment/web nginx=charon.local/nginx:2").ok().says("deployment.apps/web image updated")
    # That image does not exist: the roll-out stops, and the old pods stay.
    eventually(lambda: true("charon.local/nginx:2" in images(c), "a new pod is made"), 20)
    time.sleep(1)
    available = c.kubectl_json("get deployment web")["status"].get("availableReplicas", 0)
    equal(available, 2, "the available pods")
    c.kubectl("rollout status deployment/web --timeout=1s").fails(1)


@CASES.case("rollout history")
def history(c):
    c.kubectl("rollout history deployment/web").ok().has("REVISION", "1 ", "2 ")
    c.kubectl("rollout history deployment/web --revision=2").ok().has("charon.local/nginx:2")


@CASES.case("rollout undo goes back")
def undo(c):
    c.kubectl("rollout undo deployment/web").ok().says("deployment.apps/web rolled back")
    rollout_done(c)
    eventually(lambda: equal(images(c), ["charon.local/nginx:1"] * 2, "the images"), 20)
    c.kubectl("rollout history deployment/web").ok().has("3 ").lacks("1   ")


@CASES.case("rollout restart makes new pods")
def restart(c):
    before = {pod["metadata"]["uid"] for pod in c.kubectl_json("get pods -l app=web")["items"]}
    c.kubectl("rollout restart deployment/web").ok().says("deployment.apps/web restarted")
    rollout_done(c)
    eventually(lambda: true(not before & {pod["metadata"]["uid"] for pod in c.kubectl_json("get pods -l app=web")["items"]}, "all pods are new"), 60)


@CASES.case("rollout pause and resume")
def pause(c):
    c.kubectl("rollout pause deployment/web").ok().says("deployment.apps/web paused")
    before = sorted(rs["metadata"]["name"] for rs in c.kubectl_json("get rs -l app=web")["items"])
    c.kubectl("set env deployment/web PAUSED=1").ok()
    time.sleep(1)
    equal(sorted(rs["metadata"]["name"] for rs in c.kubectl_json("get rs -l app=web")["items"]), before, "the replica sets")
    c.kubectl("rollout undo deployment/web").fails(1).err_has("paused")
    c.kubectl("rollout resume deployment/web").ok().says("deployment.apps/web resumed")
    rollout_done(c)
    eventually(lambda: true(len(c.kubectl_json("get rs -l app=web")["items"]) == len(before) + 1, "a new replica set"), 20)


@CASES.case("set resources, edit and patch of a deployment")
def change(c):
    c.kubectl("set resources deployment web --limits=memory=64Mi").ok().has("resource requirements updated")
    c.kubectl("edit deployment web", env={"KUBE_EDITOR": "sed -i s/64Mi/32Mi/"}).ok().has("edited")
    c.kubectl(["patch", "deployment", "web", "-p", '{"spec":{"template":{"spec":{"containers":[{"name":"nginx","env":[{"name":"A","value":"b"}]}]}}}}']).ok()
    spec = c.kubectl_json("get deployment web")["spec"]["template"]["spec"]["containers"][0]
    equal((spec["resources"]["limits"]["memory"], {"name": "A", "value": "b"} in spec["env"], spec["image"]), ("32Mi", True, "charon.local/nginx:1"), "the container")
    rollout_done(c)


@CASES.case("the scale subresource by the API")
def scale_subresource(c):
    path = f"/apis/apps/v1/namespaces/{c.namespace}/deployments/web/scale"
    scale = c.request("GET", path).json()
    equal((scale["kind"], scale["apiVersion"], scale["spec"]["replicas"]), ("Scale", "autoscaling/v1", 2), "it")
    scale["spec"]["replicas"] = 1
    for wrong in ({**scale, "kind": "Deployment"}, {**scale, "metadata": {"name": "other"}}):
        equal(c.request("PUT", path, wrong).status, 400, "the status of what is not its Scale")
    strict = c.request("PATCH", path + "?fieldValidation=Strict", {"x": 1, "spec": {"replicas": 1}}, content_type="application/merge-patch+json")
    equal(strict.status, 422, "the status of an unknown field")
    scale = c.request("GET", path).json()  # the controller may have changed the Deployment since
    scale["spec"]["replicas"] = 1
    equal(c.request("PUT", path, scale).status, 200, "the status")
    eventually(lambda: equal(len(images(c)), 1, "the pods"), 20)


@CASES.case("expose makes a Service, and EndpointSlices follow the pods")
def expose(c):
    c.kubectl("expose deployment web --port=80").ok().says("service/web exposed")
    def ready():
        wanted = sorted(pod["status"].get("podIP", "none yet") for pod in live_pods(c))
        slices = c.kubectl_json("get endpointslices -l kubernetes.io/service-name=web")["items"]
        addresses = [one for part in slices for endpoint in part.get("endpoints") or [] if endpoint["conditions"]["ready"] for one in endpoint["addresses"]]
        equal(sorted(addresses), wanted, "the addresses")
        equal(len(wanted), 1, "the pods")
        return wanted[0]
    address = eventually(ready, 10)
    c.kubectl("get endpoints web").ok().has(address + ":80")
    c.kubectl("describe service web").ok().shows("Name: web", "Port: <unset> 80/TCP", address + ":80")


@CASES.case("Recreate ends the old pods before it makes new ones")
def recreate(c):
    c.apply("""
apiVersion: apps/v1
kind: Deployment
metadata: {name: re}
spec:
  strategy: {type: Recreate}
  selector: {matchLabels: {app: re}}
  template:
    metadata: {labels: {app: re}}
    spec: {terminationGracePeriodSeconds: 1, containers: [{name: main, image: charon.local/busybox:1, command: [sleep, "1000"]}]}
""").ok()
    c.kubectl("rollout status deployment/re --timeout=40s").ok()
    c.kubectl("set env deployment/re A=b").ok()
    c.kubectl("rollout status deployment/re --timeout=40s").ok()
    equal(len(c.kubectl_json("get pods -l app=re")["items"]), 1, "the pods")


@CASES.case("delete --cascade=orphan leaves the pods; a new deployment adopts them")
def orphan(c):
    before = {pod["metadata"]["uid"] for pod in c.kubectl_json("get pods -l app=re")["items"]}
    deployment = c.kubectl_json("get deployment re")
    c.kubectl("delete deployment re --cascade=orphan").ok()
    time.sleep(1)
    equal(len(c.kubectl_json("get rs -l app=re")["items"]), 2, "the replica sets that stay")
    equal({pod["metadata"]["uid"] for pod in c.kubectl_json("get pods -l app=re")["items"]}, before, "the pods that stay")
    true(all("ownerReferences" not in rs["metadata"] for rs in c.kubectl_json("get rs -l app=re")["items"]), "they have no owner any more")
    for field in ("uid", "resourceVersion", "creationTimestamp", "generation"):
        deployment["metadata"].pop(field)
    c.apply(deployment, "create -f -").ok()
    c.kubectl("rollout status deployment/re --timeout=40s").ok()
    equal({pod["metadata"]["uid"] for pod in c.kubectl_json("get pods -l app=re")["items"]}, before, "the pods after adoption")


@CASES.case("delete takes everything along")
def delete(c):
    c.kubectl("delete deployment re web").ok()
    eventually(lambda: equal(c.kubectl("get rs,pods -o name").ok().out.strip(), "", "what is left"), 40)


@CASES.case("delete --cascade=foreground waits for the pods")
def foreground(c):
    c.kubectl("create deployment fg --image=charon.local/nginx:1").ok()
    c.kubectl("rollout status deployment/fg --timeout=40s").ok()
    c.kubectl("delete deployment fg --cascade=foreground", timeout=60).ok()
    equal(c.kubectl("get rs,pods -o name").ok().out.strip(), "", "what is left")


class Load(threading.Thread):
    """Requests to the ready endpoints of a service, from one thread, while a block runs."""

    def __init__(self, c, service):
        super().__init__(daemon=True)
        self.c, self.service, self.stopped = c, service, threading.Event()
        self.answered, self.failures, self.asked = 0, [], set()

    def endpoints(self):
        path = f"/apis/discovery.k8s.io/v1/namespaces/{self.c.namespace}/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3D{self.service}"
        slices = self.c.request("GET", path).json()["items"]
        return [endpoint["addresses"][0] for part in slices for endpoint in part.get("endpoints") or [] if endpoint["conditions"]["ready"]]

    def run(self):
        while not self.stopped.is_set():
            address = random.choice(self.endpoints() or ["none is ready"])
            try:
                connection = http.client.HTTPConnection(address, 80, timeout=5)
                connection.request("GET", "/")
                equal(connection.getresponse().status, 200, "the status")
                self.answered += 1
                self.asked.add(address)
            except Exception as error:  # whatever it is, a request was lost
                self.failures.append(f"{address}: {error!r}")
            time.sleep(0.01)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.join(20)


@CASES.case("a rollout under load drops no request")
def under_load(c):
    c.apply("""
apiVersion: apps/v1
kind: Deployment
metadata: {name: load}
spec:
  replicas: 2
  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  selector: {matchLabels: {app: load}}
  template:
    metadata: {labels: {app: load}}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
      - name: main
        image: charon.local/nginx:1
        imagePullPolicy: Never
        readinessProbe: {httpGet: {port: 80}, periodSeconds: 1}
        lifecycle: {preStop: {sleep: {seconds: 2}}}
""").ok()
    c.kubectl("expose deployment load --port=80").ok()
    c.kubectl("rollout status deployment/load --timeout=60s", timeout=75).ok()
    load = Load(c, "load")
    eventually(lambda: equal(len(load.endpoints()), 2, "the ready endpoints"), 20)
    with load:
        c.kubectl("rollout restart deployment/load").ok()
        c.kubectl("rollout status deployment/load --timeout=60s", timeout=75).ok()
        eventually(lambda: equal(len(c.kubectl_json("get pods -l app=load")["items"]), 2, "the pods in the end"), 20)
    equal(load.failures, [], "the lost requests")
    true(load.answered > 50 and len(load.asked) >= 4, f"{load.answered} requests were answered by {len(load.asked)} pods")
    c.kubectl("delete deployment,service load").ok()


@CASES.case("a ReplicaSet by itself: adopts what fits its selector, and releases what no longer does")
def replica_set(c):
    c.kubectl("run adopted --image=charon.local/nginx:1 --image-pull-policy=Never --labels=app=bare").ok()
    c.apply("""
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: bare}
spec:
  replicas: 2
  selector: {matchLabels: {app: bare}}
  template:
    metadata: {labels: {app: bare}}
    spec: {terminationGracePeriodSeconds: 1, containers: [{name: main, image: charon.local/nginx:1}]}
""").ok()
    eventually(lambda: equal(c.kubectl_json("get rs bare")["status"].get("readyReplicas"), 2, "the ready pods"), 30)
    equal(c.kubectl_json("get pod adopted")["metadata"]["ownerReferences"][0]["name"], "bare", "the owner of the adopted pod")
    c.kubectl("label pod adopted app=other --overwrite").ok()
    eventually(lambda: equal(len(c.kubectl_json("get pods -l app=bare")["items"]), 2, "the pods"), 20)
    eventually(lambda: true("ownerReferences" not in c.kubectl_json("get pod adopted")["metadata"], "it is released"), 20)
    c.kubectl("delete rs bare").ok()

"""Pods, from their creation to their end."""
import subprocess
import time

from .checks import Suite, equal, eventually, true

CASES = Suite(namespace="t-pods")
SHELL = "charon.local/busybox:1"


def shell_pod(name, script, **spec):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": {
        "terminationGracePeriodSeconds": 1, **spec,
        "containers": [{"name": "main", "image": SHELL, "command": ["sh", "-c", script]}]}}


def make(c, name, script, container=None, **spec):
    body = shell_pod(name, script, **spec)
    body["spec"]["containers"][0].update(container or {})
    c.apply(body).ok()


def phase(c, name):
    return c.kubectl(["get", "pod", name, "-o", "jsonpath={.status.phase}"]).ok().out


def wait_phase(c, name, wanted, seconds=20):
    eventually(lambda: equal(phase(c, name), wanted, "the phase"), seconds)


def container(c, name, index=0):
    statuses = c.kubectl_json(f"get pod {name}")["status"].get("containerStatuses", [])
    true(len(statuses) > index, "the node tells of the container")
    return statuses[index]


@CASES.case("run starts a pod", essential=True)
def run(c):
    c.kubectl("run web --image=charon.local/nginx:1 --image-pull-policy=Never --port=80").ok().says("pod/web created")
    c.wait_ready("web")


@CASES.case("get pods shows READY, STATUS, RESTARTS")
def get(c):
    lines = c.kubectl("get pod web").ok().out.splitlines()
    equal(lines[0].split(), ["NAME", "READY", "STATUS", "RESTARTS", "AGE"], "the columns")
    equal(lines[1].split()[:4], ["web", "1/1", "Running", "0"], "the cells")


@CASES.case("get pods -o wide shows IP and NODE")
def get_wide(c):
    lines = c.kubectl("get pod web -o wide").ok().out.splitlines()
    equal(lines[0].split()[5:7], ["IP", "NODE"], "the columns")
    true("NOMINATED NODE" in lines[0] and "READINESS GATES" in lines[0], "all columns are there")
    pod = c.kubectl_json("get pod web")
    true(pod["status"]["podIP"] in lines[1] and pod["spec"]["nodeName"] in lines[1], "the cells")


@CASES.case("defaults are filled in as Kubernetes does")
def defaults(c):
    spec = c.kubectl_json("get pod web")["spec"]
    wanted = {"restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler", "terminationGracePeriodSeconds": 30,
              "serviceAccountName": "default", "enableServiceLinks": True}
    equal({key: spec.get(key) for key in wanted}, wanted, "the spec's defaults")
    equal(spec["containers"][0]["terminationMessagePath"], "/dev/termination-log", "the container's default")


@CASES.case("the status says all that Kubernetes says")
def status(c):
    status = c.kubectl_json("get pod web")["status"]
    conditions = {condition["type"]: condition["status"] for condition in status["conditions"]}
    for name in ("PodScheduled", "Initialized", "ContainersReady", "Ready"):
        equal(conditions.get(name), "True", f"condition {name}")
    one = status["containerStatuses"][0]
    true(one["containerID"].startswith("containerd://") and one["imageID"] and one["started"] and "startedAt" in one["state"]["running"], f"the container: {one}")
    equal(status["qosClass"], "BestEffort", "the QoS class")
    true(status["hostIP"] and status["podIPs"][0]["ip"] == status["podIP"] and status["startTime"], "addresses and time")


@CASES.case("the pod answers on its IP")
def answers(c):
    address = c.kubectl_json("get pod web")["status"]["podIP"]
    c.run(f"curl -sS --fail --max-time 5 http://{address}/").ok().has("Charon is up")


@CASES.case("describe pod")
def describe(c):
    eventually(lambda: c.kubectl("describe pod web").ok().shows(
        "Name: web", "Status: Running", "Image: charon.local/nginx:1", "Ready: True", "Conditions:", "QoS Class: BestEffort",
        "Started", "Successfully assigned t-pods/web to"))


@CASES.case("events tell Scheduled, Pulled, Created, Started")
def events(c):
    eventually(lambda: c.kubectl("get events --field-selector involvedObject.name=web").ok().has(
        "Scheduled", "Pulled", "Created", "Started", "pod/web", "Successfully assigned"))


@CASES.case("kubectl events of the pod", since=(1, 26))
def kubectl_events(c):
    eventually(lambda: c.kubectl("events --for pod/web").ok().has("Scheduled", "Pulled", "Created", "Started"))


@CASES.case("wait for a condition; get --watch sees the phases")
def wait(c):
    c.kubectl("wait --for=condition=Ready pod/web --timeout=5s").ok().says("pod/web condition met")
    if c.since(1, 23):
        c.kubectl("wait --for=jsonpath={.status.phase}=Running pod -l run=web --timeout=5s").ok()


@CASES.case("port-forward carries a request")
def port_forward(c):
    forward = subprocess.Popen(["kubectl", "--kubeconfig", c.kubeconfig, "-n", c.namespace, "port-forward", "pod/web", ":80"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        line = forward.stdout.readline()
        true("Forwarding from 127.0.0.1:" in line, f"it says {line!r}")
        port = line.split("127.0.0.1:")[1].split()[0]
        c.run(f"curl -sS --fail --max-time 5 http://127.0.0.1:{port}/").ok().has("Charon is up")
    finally:
        forward.kill()


@CASES.case("restartPolicy Never: Succeeded and Failed with the exit code")
def never(c):
    make(c, "good", "exit 0", restartPolicy="Never")
    make(c, "bad", "echo sorry > /dev/termination-log; exit 7", restartPolicy="Never")
    wait_phase(c, "good", "Succeeded")
    wait_phase(c, "bad", "Failed")
    end = container(c, "bad")["state"]["terminated"]
    equal((end["exitCode"], end["reason"], end["message"].strip()), (7, "Error", "sorry"), "how it ended")
    equal(container(c, "good")["state"]["terminated"]["reason"], "Completed", "the reason")
    c.kubectl("get pod good bad").ok().has("Completed", "Error")


@CASES.case("restartPolicy Always: restarts, CrashLoopBackOff, logs --previous")
def crash(c):
    make(c, "crash", "echo I was here; exit 1")
    eventually(lambda: true(container(c, "crash")["restartCount"] >= 1, "it restarts"), 20)
    eventually(lambda: equal(container(c, "crash")["state"].get("waiting", {}).get("reason"), "CrashLoopBackOff", "the reason it waits"), 30)
    c.kubectl("get pod crash").ok().has("CrashLoopBackOff")
    c.kubectl("logs crash --previous").ok().says("I was here")
    true(container(c, "crash")["lastState"]["terminated"]["exitCode"] == 1, "the last state")
    eventually(lambda: c.kubectl("get events --field-selector involvedObject.name=crash").ok().has("BackOff"))


@CASES.case("init containers run first, one after the other")
def init(c):
    body = shell_pod("init", "cat /shared/order; sleep 1000")
    mount = [{"name": "shared", "mountPath": "/shared"}]
    body["spec"]["volumes"] = [{"name": "shared", "emptyDir": {}}]
    body["spec"]["containers"][0]["volumeMounts"] = mount
    body["spec"]["initContainers"] = [{"name": f"i{n}", "image": SHELL, "command": ["sh", "-c", f"echo {n} >> /shared/order"], "volumeMounts": mount} for n in (1, 2)]
    c.apply(body).ok()
    c.wait_ready("init")
    c.kubectl("logs init").ok().says("1\n2")
    equal([one["state"]["terminated"]["exitCode"] for one in c.kubectl_json("get pod init")["status"]["initContainerStatuses"]], [0, 0], "their exit codes")


@CASES.case("an init container that fails keeps the pod from starting")
def init_fails(c):
    body = shell_pod("initfail", "sleep 1000")
    body["spec"]["initContainers"] = [{"name": "i", "image": SHELL, "command": ["false"]}]
    c.apply(body).ok()
    eventually(lambda: c.kubectl("get pod initfail").ok().has("Init:"), 20)
    eventually(lambda: true("Init:Error" in c.kubectl("get pod initfail").out or "Init:CrashLoopBackOff" in c.kubectl("get pod initfail").out, "its status"), 20)


@CASES.case("sidecars (init containers that always restart) run beside")
def sidecar(c):
    body = shell_pod("sidecar", "sleep 1000")
    body["spec"]["initContainers"] = [{"name": "side", "image": SHELL, "restartPolicy": "Always", "command": ["sh", "-c", "trap exit TERM; sleep 1000 & wait"]}]
    c.apply(body).ok()
    c.wait_ready("sidecar")
    c.kubectl("get pod sidecar").ok().has("2/2")


@CASES.case("an image that is not there: ErrImageNeverPull, ImagePullBackOff")
def no_image(c):
    make(c, "noimage", "true", container={"image": "charon.local/none:1", "imagePullPolicy": "Never"})
    eventually(lambda: c.kubectl("get pod noimage").ok().has("ErrImageNeverPull"), 20)
    make(c, "nopull", "true", container={"image": "charon.local/none:1", "imagePullPolicy": "Always"})
    eventually(lambda: true(any(text in c.kubectl("get pod nopull").ok().out for text in ("ErrImagePull", "ImagePullBackOff")), "its status"), 30)


@CASES.case("readiness probe: not ready until it holds")
def readiness(c):
    make(c, "ready", "sleep 1000", container={"readinessProbe": {"exec": {"command": ["test", "-e", "/tmp/ready"]}, "periodSeconds": 1}})
    eventually(lambda: c.kubectl("get pod ready").ok().has("0/1", "Running"), 20)
    c.kubectl("exec ready -- touch /tmp/ready").ok()
    c.wait_ready("ready", 15)


@CASES.case("liveness probe: a restart, and the event Unhealthy")
def liveness(c):
    make(c, "alive", "touch /tmp/alive; sleep 1000", container={"livenessProbe": {"exec": {"command": ["test", "-e", "/tmp/alive"]}, "periodSeconds": 1, "failureThreshold": 1, "initialDelaySeconds": 2}})
    c.wait_ready("alive")
    c.kubectl("exec alive -- rm /tmp/alive").ok()
    eventually(lambda: equal(container(c, "alive")["restartCount"], 1, "the restarts"), 20)
    eventually(lambda: c.kubectl("get events --field-selector involvedObject.name=alive").ok().has("Unhealthy", "Killing"))


@CASES.case("environment: literals, field and resource references, expansion")
def environment(c):
    make(c, "env", 'echo "$A $B $NAME $IP $MEM"; sleep 1000', container={"resources": {"limits": {"memory": "32Mi"}}, "env": [
        {"name": "A", "value": "1"}, {"name": "B", "value": "$(A)+$$(A)"},
        {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "MEM", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory"}}}]})
    c.wait_ready("env")
    address = c.kubectl_json("get pod env")["status"]["podIP"]
    c.kubectl("logs env").ok().says(f"1 1+$(A) env {address} 33554432")


@CASES.case("limits: the QoS class, and OOMKilled above the memory limit")
def limits(c):
    make(c, "greedy", "dd if=/dev/zero of=/dev/null bs=64M count=1", restartPolicy="Never", container={"resources": {"limits": {"memory": "16Mi", "cpu": "500m"}}})
    equal(c.kubectl_json("get pod greedy")["status"].get("qosClass"), "Guaranteed", "the QoS class")
    wait_phase(c, "greedy", "Failed", 30)
    equal(container(c, "greedy")["state"]["terminated"]["reason"], "OOMKilled", "the reason")


@CASES.case("security context: user, group, read-only root")
def security(c):
    make(c, "secure", "id -u; id -g; touch /x 2>&1; sleep 1000", container={"securityContext": {"runAsUser": 1000, "runAsGroup": 1001, "readOnlyRootFilesystem": True}})
    c.wait_ready("secure")
    lines = c.kubectl("logs secure").ok().out.splitlines()
    equal(lines[:2], ["1000", "1001"], "user and group")
    true("Read-only file system" in lines[2], f"touch says {lines[2]}")


@CASES.case("host name and /etc/hosts of a pod")
def host_name(c):
    c.kubectl("exec env -- hostname").ok().says("env")
    address = c.kubectl_json("get pod env")["status"]["podIP"]
    c.kubectl("exec env -- cat /etc/hosts").ok().has(address, "localhost")


@CASES.case("hostNetwork pods have the node's address")
def host_network(c):
    make(c, "hostnet", "sleep 1000", hostNetwork=True)
    c.wait_ready("hostnet")
    status = c.kubectl_json("get pod hostnet")["status"]
    equal(status["podIP"], status["hostIP"], "the pod's address")


@CASES.case("pods reach each other")
def reach(c):
    address = c.kubectl_json("get pod web")["status"]["podIP"]
    c.kubectl(["exec", "env", "--", "sh", "-c", f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc {address} 80"]).ok().has("Charon is up")


@CASES.case("delete waits for the grace period; SIGTERM comes first")
def grace(c):
    make(c, "graceful", "trap 'echo bye; exit 0' TERM; while true; do sleep 0.1; done", terminationGracePeriodSeconds=20)
    c.wait_ready("graceful")
    started = time.monotonic()
    c.kubectl("delete pod graceful").ok().has('pod "graceful" deleted')
    true(time.monotonic() - started < 10, "it ends when the program ends, not when the grace period does")
    c.kubectl("get pod graceful").fails(1).err_has("NotFound")


@CASES.case("a program that ignores SIGTERM is killed after the grace period")
def stubborn(c):
    make(c, "stubborn", "trap '' TERM; while true; do sleep 0.1; done", terminationGracePeriodSeconds=2)
    c.wait_ready("stubborn")
    started = time.monotonic()
    c.kubectl("delete pod stubborn").ok()
    took = time.monotonic() - started
    true(1.8 < took < 12, f"it took {took:.1f} s")


@CASES.case("preStop runs before the end")
def pre_stop(c):
    c.run(["rm", "-f", "/tmp/charon-test-prestop"])
    body = shell_pod("prestop", "sleep 1000", terminationGracePeriodSeconds=10)
    body["spec"]["volumes"] = [{"name": "tmp", "hostPath": {"path": "/tmp"}}]
    body["spec"]["containers"][0].update({"volumeMounts": [{"name": "tmp", "mountPath": "/host"}],
                                         "lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", "echo stopping > /host/charon-test-prestop; kill 1"]}}}})
    c.apply(body).ok()
    c.wait_ready("prestop")
    c.kubectl("delete pod prestop --grace-period=3").ok()
    c.run(["cat", "/tmp/charon-test-prestop"]).ok().says("stopping")
    c.run(["rm", "-f", "/tmp/charon-test-prestop"])


@CASES.case("delete --grace-period=0 --force")
def force(c):
    c.kubectl("delete pod hostnet --grace-period=0 --force").ok().err_has("Immediate deletion")
    c.kubectl("get pod hostnet").fails(1)


@CASES.case("activeDeadlineSeconds ends a pod")
def deadline(c):
    make(c, "late", "sleep 1000", activeDeadlineSeconds=2)
    eventually(lambda: equal(c.kubectl_json("get pod late")["status"].get("reason"), "DeadlineExceeded", "the reason"), 20)


@CASES.case("delete --all ends them all")
def delete_all(c):
    c.kubectl("delete pods --all --timeout=60s", timeout=75).ok()
    equal(c.kubectl_json("get pods")["items"], [], "what is left")

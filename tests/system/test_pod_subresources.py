"""What changes in a running pod through its subresources: ephemeral containers (kubectl debug) and resources."""
import json
import subprocess

from .checks import Suite, equal, eventually, true
from .test_pods import shell_pod

CASES = Suite(namespace="t-podsub")
SHELL = "charon.local/busybox:1"


def debugger(c, name):
    statuses = c.kubectl_json("get pod web")["status"].get("ephemeralContainerStatuses", [])
    found = [status for status in statuses if status["name"] == name]
    true(found, f"a status of {name}")
    return found[0]


@CASES.case("a pod to look into", essential=True)
def make(c):
    pod = shell_pod("web", "echo here > /tmp/mark; exec sleep 1000")
    pod["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "100m"}}
    c.apply(pod).ok()
    c.wait_ready("web")


@CASES.case("kubectl debug starts a container in the running pod", since=(1, 25))
def debug(c):
    c.kubectl(["debug", "web", f"--image={SHELL}", "--target=main", "--container=look", "--profile=general", "--", "sh", "-c",
               "cat /proc/1/cmdline | tr '\\0' ' '; echo; exec sleep 1000"]).ok()
    eventually(lambda: true("running" in debugger(c, "look")["state"], "it runs"), 20)
    status = debugger(c, "look")
    equal((status["ready"], status["restartCount"]), (False, 0), "ready and restarts")
    true(status["containerID"].startswith("containerd://") and status["imageID"], f"the container: {status}")
    pod = c.kubectl_json("get pod web")
    equal(pod["spec"]["ephemeralContainers"][0]["targetContainerName"], "main", "the target")
    equal(pod["metadata"]["generation"], 2, "the generation")
    equal(c.kubectl("get pod web -o jsonpath={.status.containerStatuses[0].restartCount}").ok().out, "0", "the pod's restarts")


@CASES.case("it sees the processes of its target, and logs and exec reach it", since=(1, 25))
def reach(c):
    eventually(lambda: c.kubectl("logs web -c look").ok().has("sleep 1000"), 10)
    c.kubectl("exec web -c look -- cat /proc/1/root/tmp/mark").ok().says("here")
    about = lambda: {event["involvedObject"].get("fieldPath") for event in c.kubectl_json("get events")["items"]}
    eventually(lambda: true("spec.ephemeralContainers{look}" in about(), f"an event about it: {about()}"), 10)


@CASES.case("an ephemeral container is not started again", since=(1, 25))
def ends(c):
    c.kubectl(["debug", "web", f"--image={SHELL}", "--container=brief", "--profile=general", "--", "sh", "-c", "exit 3"]).ok()
    eventually(lambda: equal(debugger(c, "brief")["state"].get("terminated", {}).get("exitCode"), 3, "the exit code"), 20)
    equal(debugger(c, "brief")["restartCount"], 0, "the restarts")
    equal(c.kubectl("get pod web -o jsonpath={.status.phase}").ok().out, "Running", "the pod's phase")


@CASES.case("kubectl debug -it attaches to it", since=(1, 25))
def attach(c):
    debugging = subprocess.Popen(["kubectl", "--kubeconfig", c.kubeconfig, "-n", c.namespace, "debug", "web", "-i", f"--image={SHELL}", "--container=typed",
                                  "--profile=general", "--", "sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        debugging.stdin.write("echo from $((40+2))\n")
        debugging.stdin.flush()
        equal(debugging.stdout.readline(), "from 42\n", "the answer")
    finally:
        debugging.kill()


@CASES.case("a privileged ephemeral container starts in an ordinary pod", since=(1, 27))
def privileged(c):
    c.kubectl(["debug", "web", f"--image={SHELL}", "--container=admin", "--target=main", "--profile=sysadmin", "--", "sleep", "1000"]).ok()
    eventually(lambda: true("running" in debugger(c, "admin")["state"], f"it runs: {debugger(c, 'admin')}"), 20)


@CASES.case("ephemeral containers are neither changed nor removed, nor written with the pod")
def refused(c):
    path = f"/api/v1/namespaces/{c.namespace}/pods/web"
    pod = c.kubectl_json("get pod web")
    pod["spec"]["ephemeralContainers"] = pod["spec"]["ephemeralContainers"][:1]
    c.kubectl(["replace", "--raw", path + "/ephemeralcontainers", "-f", "-"], stdin=json.dumps(pod)).fails(1).err_has("may not be removed")
    pod = c.kubectl_json("get pod web")
    pod["spec"]["ephemeralContainers"].append({"name": "more", "image": SHELL})
    c.kubectl(["replace", "--raw", path, "-f", "-"], stdin=json.dumps(pod)).fails(1).err_has("pod updates may not change fields other than")
    pod["spec"]["ephemeralContainers"][-1]["ports"] = [{"containerPort": 80}]
    c.kubectl(["replace", "--raw", path + "/ephemeralcontainers", "-f", "-"], stdin=json.dumps(pod)).fails(1).err_has("cannot be set for an Ephemeral Container")


@CASES.case("both subresources are granted by their own names")
def granted(c):
    def may(subresource):
        return c.kubectl(f"auth can-i patch pods --subresource={subresource} --as=nobody-here").out.strip()
    equal((may("ephemeralcontainers"), may("resize")), ("no", "no"), "before")
    c.kubectl("create role debugger --verb=patch --resource=pods/ephemeralcontainers").ok()
    c.kubectl("create rolebinding debugger --role=debugger --user=nobody-here").ok()
    equal((may("ephemeralcontainers"), may("resize")), ("yes", "no"), "after")
    c.kubectl("auth can-i patch pods --as=nobody-here").fails(1)


RESIZE = '{"spec":{"containers":[{"name":"main","resources":{"requests":{"cpu":"%s"}}}]}}'


@CASES.case("patch --subresource resize changes what a pod asks for, before it runs", since=(1, 32))
def resize(c):
    pod = shell_pod("waits", "sleep 1000", nodeSelector={"nobody": "has-this"})
    pod["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "100m"}}
    c.apply(pod).ok()
    c.kubectl(["patch", "pod", "waits", "-p", RESIZE % "200m"]).fails(1).err_has("pod updates may not change fields other than")
    c.kubectl(["patch", "pod", "waits", "--subresource", "resize", "-p", RESIZE % "200m"]).ok().says("pod/waits patched")
    pod = c.kubectl_json("get pod waits")
    equal(pod["spec"]["containers"][0]["resources"]["requests"]["cpu"], "200m", "the request")
    equal(pod["metadata"]["generation"], 2, "the generation")
    c.kubectl(["patch", "pod", "waits", "--subresource", "resize", "--type=json", "-p", '[{"op":"remove","path":"/spec/containers/0/resources/requests/cpu"}]']).fails(
        1).err_has("resource requests cannot be removed")


@CASES.case("edit --subresource=resize", since=(1, 32))
def edit_resize(c):
    c.kubectl("edit pod waits --subresource=resize", env={"KUBE_EDITOR": "sed -i s/200m/300m/"}).ok().has("pod/waits edited")
    equal(c.kubectl("get pod waits -o jsonpath={.spec.containers[0].resources.requests.cpu}").ok().out, "300m", "the request")


@CASES.case("a running pod is not resized by a node that cannot", since=(1, 32))
def resize_running(c):
    c.kubectl(["patch", "pod", "web", "--subresource", "resize", "-p", RESIZE % "200m"]).fails(1).err_has("Pod running on node without support for resize")

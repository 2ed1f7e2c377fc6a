"""kill -9 of the server and agent, and what must be there after a restart."""
import json
import os
import threading
import time

from .checks import Suite, equal, eventually, true

CASES = Suite(namespace="t-restart")


def containers(c):
    """Container ids and restarts of all pods of the namespace."""
    return {pod["metadata"]["name"]: [(one["containerID"], one["restartCount"]) for one in pod["status"]["containerStatuses"]]
            for pod in c.kubectl_json("get pods")["items"]}


class Writer(threading.Thread):
    """Creates ConfigMaps on one connection until it breaks; remembers what was acknowledged."""

    def __init__(self, c, name):
        super().__init__()
        self.name_prefix, self.acknowledged = name, []
        self.connection, self.path = c.connect(), f"/api/v1/namespaces/{c.namespace}/configmaps"

    def run(self):
        number = 0
        try:
            while True:
                name = f"{self.name_prefix}-{number}"
                body = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"kill": "1"}}, "data": {"n": str(number)}})
                self.connection.request("POST", self.path, body, {"Content-Type": "application/json"})
                answer = self.connection.getresponse()
                answer.read()
                if answer.status != 201:
                    return
                self.acknowledged.append(name)
                number += 1
        except OSError:
            return
        except Exception as error:  # http.client has its own for a connection that ends
            if type(error).__module__ != "http.client":
                raise


@CASES.case("pods to survive", essential=True)
def make(c):
    c.kubectl("create deployment web --image=charon.local/nginx:1 --replicas=2").ok()
    c.kubectl("rollout status deployment/web --timeout=60s", timeout=75).ok()
    c.kubectl("run shell --image=charon.local/busybox:1 --image-pull-policy=Never -- sh -c 'while true; do date; sleep 1; done'").ok()
    c.wait_ready("shell")


@CASES.case("kill -9 and restart: pods are untouched, and adopted again")
def untouched(c):
    before = containers(c)
    c.kill()
    time.sleep(1)
    c.start().ok()
    eventually(lambda: equal(containers(c), before, "containers and restarts"), 20)
    time.sleep(3)
    equal(containers(c), before, "containers and restarts a little later")
    c.kubectl("logs shell --tail=1").ok()
    c.kubectl("exec shell -- echo hello").ok().says("hello")


@CASES.case("what happened to containers in the meantime is noticed")
def noticed(c):
    pid = [line.split()[0] for line in c.run("ps -eo pid,args").out.splitlines() if "while true; do date; sleep 1; done" in line and "kubectl" not in line]
    true(pid, "the program of the pod shell runs")
    c.kill()
    os.kill(int(pid[0]), 9)
    c.start().ok()
    eventually(lambda: equal(containers(c)["shell"][0][1], 1, "its restarts"), 30)


@CASES.case("what was asked for right before the kill is done after it")
def pending(c):
    c.kubectl("scale deployment web --replicas=3").ok()
    c.kill()
    c.start().ok()
    c.kubectl("rollout status deployment/web --timeout=60s", timeout=75).ok()
    eventually(lambda: equal(len(c.kubectl_json("get pods -l app=web")["items"]), 3, "the pods"), 20)


for round_number in (1, 2, 3):
    @CASES.case(f"kill -9 in a load of writes, {round_number}: every acknowledged write is there")
    def writes(c, round_number=round_number):
        writers = [Writer(c, f"r{round_number}-w{number}") for number in range(8)]
        for writer in writers:
            writer.start()
        time.sleep(0.6 + 0.3 * round_number)
        c.kill()
        for writer in writers:
            writer.join(20)
        acknowledged = {name for writer in writers for name in writer.acknowledged}
        true(len(acknowledged) > 50, f"there was a load: {len(acknowledged)} writes")
        c.start().ok()
        there = {item["metadata"]["name"] for item in c.request("GET", f"/api/v1/namespaces/{c.namespace}/configmaps?labelSelector=kill").json()["items"]}
        equal(sorted(acknowledged - there)[:5], [], f"what is missing of {len(acknowledged)}")


@CASES.case("a watch goes on after the restart where it was")
def resume(c):
    path = f"/api/v1/namespaces/{c.namespace}/configmaps"
    version = c.request("GET", path).json()["metadata"]["resourceVersion"]
    c.kubectl("create cm before-kill").ok()
    c.kill()
    c.start().ok()
    c.kubectl("create cm after-kill").ok()
    reply = c.request("GET", f"{path}?watch=1&resourceVersion={version}&timeoutSeconds=2")
    equal([json.loads(line)["object"]["metadata"]["name"] for line in reply.body.splitlines()], ["before-kill", "after-kill"], "the events")


@CASES.case("a clean stop and start keeps the pods as well")
def clean(c):
    before = containers(c)
    os.kill(c.pid(), 15)
    eventually(lambda: true(not os.path.exists(f"/proc/{c.pid()}/exe"), "it ends"), 15)
    c.start().ok()
    eventually(lambda: equal(containers(c), before, "containers and restarts"), 20)

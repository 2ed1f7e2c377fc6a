"""The end of a server, as its clients see it."""
import http.client
import json
import os
import signal
import ssl
import subprocess
import time

from .checks import Suite, equal, eventually, true
from .own_server import OwnServer

CASES = Suite(namespace="t-shutdown")


def connect(server):
    """As nobody: health may be asked by everybody."""
    context = ssl.create_default_context(cafile=server.data_dir + "/pki/ca.crt")
    return http.client.HTTPSConnection("127.0.0.1", int(server.url.rpartition(":")[2]), context=context, timeout=10)


def ready(server, connection=None):
    connection = connection or connect(server)
    connection.request("GET", "/readyz?verbose")
    reply = connection.getresponse()
    return reply.status, reply.read().decode()


@CASES.case("readiness ends first, and all is served until the delay is over")
def delay(c):
    with OwnServer(c, "shutdown-delay", "--shutdown-delay-duration", "3s") as server:
        equal(ready(server)[0], 200, "readiness before")
        server.process.send_signal(signal.SIGTERM)
        status, body = eventually(lambda: failing(server), 2, every=0.02)
        true("[-]shutdown failed" in body, f"what is not ready: {body}")
        equal(status, 500, "readiness")
        server.kubectl("create configmap late").ok()
        connection = connect(server)
        connection.request("GET", "/livez")
        equal(connection.getresponse().status, 200, "liveness")
        equal(server.process.wait(15), 0, "the exit code")
        again = connect(server)
        try:
            again.request("GET", "/livez")
            true(False, "nothing listens any more")
        except OSError:
            pass


def failing(server):
    status, body = ready(server)
    true(status != 200, "readiness has ended")
    return status, body


@CASES.case("watches end cleanly: kubectl get --watch exits with 0, a bare one gets its last chunk")
def watches(c):
    with OwnServer(c, "shutdown-watch") as server:
        watch = subprocess.Popen(["kubectl", f"--server={server.url}", "-n", "default", "get", "configmaps", "--watch", "-o", "name"],
                                 env={**os.environ, **server.env}, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        first = watch.stdout.readline()
        true(first.startswith("configmap/"), f"the watch has begun: {first}")
        token = server.kubectl("create token default").ok().out.strip()
        server.kubectl("create clusterrolebinding all --clusterrole=view --serviceaccount=default:default").ok()
        bare = connect(server)
        bare.request("GET", "/api/v1/namespaces/default/configmaps?watch=true", headers={"Authorization": "Bearer " + token})
        reply = bare.getresponse()
        equal(reply.status, 200, "the bare watch")
        started = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        lines = reply.read().decode().splitlines()  # IncompleteRead without the last chunk
        true(lines and all(json.loads(line)["type"] == "ADDED" for line in lines), "whole events only")
        out, err = watch.communicate(timeout=10)
        equal((watch.returncode, err), (0, ""), "kubectl's end")
        equal(server.process.wait(15), 0, "the exit code")
        true(time.monotonic() - started < 5, "the end does not wait for watches")


@CASES.case("a request under way is finished")
def under_way(c):
    with OwnServer(c, "shutdown-request") as server:
        token = server.kubectl("create token default").ok().out.strip()
        server.kubectl("create clusterrolebinding edit --clusterrole=edit --serviceaccount=default:default").ok()
        connection = connect(server)
        body = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "slow"}}).encode()
        connection.putrequest("POST", "/api/v1/namespaces/default/configmaps")
        for name, value in (("Authorization", "Bearer " + token), ("Content-Type", "application/json"), ("Content-Length", str(len(body)))):
            connection.putheader(name, value)
        connection.endheaders()
        connection.send(body[:10])
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        connection.send(body[10:])
        reply = connection.getresponse()
        equal(reply.status, 201, "the answer")
        equal(reply.getheader("connection"), "close", "what becomes of the connection")
        equal(server.process.wait(15), 0, "the exit code")


@CASES.case("more requests than may be served at a time get 429, and when to come again")
def too_many(c):
    with OwnServer(c, "limits", "--max-mutating-requests-inflight", "1", "--request-timeout", "3s") as server:
        token = server.kubectl("create token default").ok().out.strip()
        server.kubectl("create clusterrolebinding edit --clusterrole=edit --serviceaccount=default:default").ok()
        headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
        path = "/api/v1/namespaces/default/configmaps"
        body = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}})
        slow = connect(server)
        slow.putrequest("POST", path)
        for name, value in {**headers, "Content-Length": "100"}.items():
            slow.putheader(name, value)
        slow.endheaders()
        time.sleep(0.3)
        other = connect(server)
        other.request("POST", path, body, headers)
        reply = other.getresponse()
        status = json.loads(reply.read())
        equal((reply.status, status["reason"], reply.getheader("retry-after")), (429, "TooManyRequests", "1"), "the second write")
        other.request("GET", path, headers=headers)
        reply = other.getresponse()
        equal((reply.status, bool(reply.read())), (200, True), "a read")
        server.kubectl("create configmap by-admin").ok()
        reply = slow.getresponse()
        equal((reply.status, json.loads(reply.read())["reason"]), (504, "Timeout"), "the slow write")
        other.request("POST", path, body, headers)
        equal(other.getresponse().status, 201, "a write afterwards")

"""exec, attach and port-forward over WebSocket and SPDY, by every subprotocol that clients speak."""
import base64
import json
import os
import subprocess
import urllib.parse
import urllib.request

from .checks import Suite, equal, eventually, true
from .websocket import WebSocket

CASES = Suite(namespace="t-streams")
WEBSOCKETS = {"KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "true", "KUBECTL_PORT_FORWARD_WEBSOCKETS": "true"}
SPDY = {"KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "false", "KUBECTL_PORT_FORWARD_WEBSOCKETS": "false"}


def exec_path(c, *command, **options):
    query = [("command", word) for word in command] + [(name, "true") for name, on in {"stdout": True, "stderr": True, **options}.items() if on]
    return f"/api/v1/namespaces/{c.namespace}/pods/web/exec?" + urllib.parse.urlencode(query)


@CASES.case("a pod with a web server", essential=True)
def make(c):
    c.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "labels": {"app": "web"}}, "spec": {"terminationGracePeriodSeconds": 0, "containers": [
        {"name": "main", "image": "charon.local/busybox:1", "ports": [{"containerPort": 8080}],
         "command": ["sh", "-c", "mkdir -p /www/sub/cgi-bin /www/cgi-bin; echo page >/www/index.html; echo 'sub page' >/www/sub/index.html; "
                     "printf '#!/bin/sh\\nprintf \"Content-Type: text/plain\\\\r\\\\n\\\\r\\\\n\"; env; cat\\n' >/www/cgi-bin/show; chmod +x /www/cgi-bin/show; exec httpd -f -p 8080 -h /www"]}]}}).ok()
    c.wait_ready("web")


@CASES.case("kubectl exec over WebSocket v5: no falling back, output, exit code, the end of stdin")
def v5(c):
    ran = c.kubectl("exec web -v=8 -- sh -c 'echo out; echo err >&2; exit 3'", env=WEBSOCKETS).fails(3)
    true("v5.channel.k8s.io" in ran.err and "101 Switching Protocols" in ran.err, "the upgrade is in kubectl's log")
    true("SPDY" not in ran.err, "kubectl does not fall back to SPDY")
    equal(ran.out, "out\n", "stdout")
    big = "x" * 200_000
    equal(len(c.kubectl("exec -i web -- cat", stdin=big, env=WEBSOCKETS).ok().out), len(big), "what comes back")


@CASES.case("kubectl exec over SPDY")
def spdy(c):
    c.kubectl("exec -i web -- cat", stdin="through", env=SPDY).ok().says("through")
    c.kubectl("exec web -- sh -c 'exit 5'", env=SPDY).fails(5)


@CASES.case("a terminal over WebSocket has the client's size")
def terminal(c):
    ran = c.run(["script", "-qec", f"stty rows 33 cols 77; kubectl --kubeconfig {c.kubeconfig} -n {c.namespace} exec -it web -- sh -c 'sleep 1; stty size'",
                 "/dev/null"], timeout=20, env=WEBSOCKETS).ok()
    ran.has("33 77")


@CASES.case("exec by the older WebSocket protocols")
def older(c):
    for protocol in ["v4.channel.k8s.io", "v4.base64.channel.k8s.io", "channel.k8s.io", "base64.channel.k8s.io", ""]:
        out = WebSocket(c, exec_path(c, "sh", "-c", "echo out; echo err >&2; exit 4"), [protocol] if protocol else []).channels()
        equal((out[1], out[2]), (b"out\n", b"err\n"), f"stdout and stderr over {protocol!r}")
        if protocol.startswith("v4"):
            equal(json.loads(out[3])["details"]["causes"][0]["message"], "4", f"the exit code over {protocol!r}")
        else:
            true(b"exit code 4" in out[3], f"the failure's text over {protocol!r}: {out[3]}")
    true(b"Success" in WebSocket(c, exec_path(c, "true"), ["v4.channel.k8s.io"]).channels()[3], "success is told")
    true(not WebSocket(c, exec_path(c, "true"), ["channel.k8s.io"]).channels().get(3), "success is silent to old clients")


@CASES.case("stdin over WebSocket: v4 by message, v5 with its end")
def stdin(c):
    client = WebSocket(c, exec_path(c, "cat", stdin=True), ["v5.channel.k8s.io", "v4.channel.k8s.io"])
    equal(client.protocol, "v5.channel.k8s.io", "the chosen protocol")
    client.send(b"\0one ")
    client.send(b"\0two")
    client.send(b"\xff\0")
    equal(client.channels()[1], b"one two", "what cat gives back")
    client = WebSocket(c, exec_path(c, "head", "-n1", stdin=True), ["v4.base64.channel.k8s.io"])
    client.send(b"0" + base64.b64encode(b"line\nmore"), opcode=1)
    equal(client.channels()[1], b"line\n", "what head gives back")


@CASES.case("handshakes that cannot be are refused with a reason")
def refused(c):
    equal(WebSocket(c, exec_path(c, "true"), ["v9.channel.k8s.io"]).status, 400, "an unknown subprotocol")
    equal(WebSocket(c, exec_path(c), ["v5.channel.k8s.io"]).status, 400, "no command")
    gone = WebSocket(c, exec_path(c, "true").replace("/web/", "/none/"), ["v5.channel.k8s.io"])
    equal((gone.status, json.loads(gone.body)["reason"]), (404, "NotFound"), "a pod that is not there")


@CASES.case("exec by WebSocket is a GET, and wants the right to create pods/exec all the same")
def exec_right(c):
    c.kubectl("create serviceaccount looker").ok()
    c.kubectl("create role look --verb=get --resource=pods,pods/exec,pods/attach,pods/portforward").ok()
    c.kubectl("create rolebinding look --role=look --serviceaccount=t-streams:looker").ok()
    token = c.kubectl("create token looker").ok().out.strip()

    def attempt(subresource):
        path = exec_path(c, "touch", "/tmp/by-looker").replace("/exec?", f"/{subresource}?")
        return WebSocket(c, path, ["v5.channel.k8s.io"], token=token)
    for subresource in ("exec", "attach", "portforward"):
        refused = attempt(subresource)
        equal((refused.status, json.loads(refused.body)["reason"]), (403, "Forbidden"), f"{subresource} with get alone")
        true(f'cannot create resource "pods/{subresource}"' in json.loads(refused.body)["message"], f"the message names the right: {refused.body}")
    c.kubectl("exec web -- test -e /tmp/by-looker").fails(1)
    c.kubectl("create role open --verb=create --resource=pods/exec").ok()
    c.kubectl("create rolebinding open --role=open --serviceaccount=t-streams:looker").ok()
    eventually(lambda: equal(attempt("exec").status, 101, "exec with create"), 10)
    eventually(lambda: c.kubectl("exec web -- test -e /tmp/by-looker").ok(), 10)


@CASES.case("a client that goes away leaves no command and no descriptor behind")
def gone(c):
    for _ in range(5):
        client = WebSocket(c, exec_path(c, "cat", stdin=True), ["v5.channel.k8s.io"])
        client.send(b"\0hello")
        while client.receive() != b"\x01hello":
            pass
        client.stream.close()
        client.socket.close()
    # The runtime ends their stdin, and with it cat.
    eventually(lambda: true("cat" not in c.kubectl("exec web -- ps").ok().out, "no cat is left in the container"), 20)


def forwarded(c, env):
    forward = subprocess.Popen(["kubectl", "--kubeconfig", c.kubeconfig, "-n", c.namespace, "port-forward", "pod/web", ":8080", "-v=8"], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **env})
    try:
        port = int(forward.stdout.readline().split(":")[1].split()[0])
        for _ in range(3):
            equal(urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10).read(), b"page\n", "the page")
    finally:
        forward.terminate()
    return forward.communicate(timeout=10)[1]


@CASES.case("kubectl port-forward over WebSocket, no falling back")
def port_forward(c):
    log = forwarded(c, WEBSOCKETS)
    true("SPDY/3.1+portforward.k8s.io" in log and "101 Switching Protocols" in log, "the tunnel's subprotocol is in kubectl's log")
    true("fallback" not in log.lower(), "kubectl does not fall back")


@CASES.case("kubectl port-forward over SPDY")
def port_forward_spdy(c):
    forwarded(c, SPDY)


@CASES.case("port-forward by the older WebSocket protocol")
def port_forward_channels(c):
    client = WebSocket(c, f"/api/v1/namespaces/{c.namespace}/pods/web/portforward?ports=8080", ["v4.channel.k8s.io"])
    equal((client.receive(), client.receive()), (b"\x00\x90\x1f", b"\x01\x90\x1f"), "the announced port")
    client.send(b"\0GET / HTTP/1.0\r\n\r\n")
    true(client.channels()[0].endswith(b"\r\n\r\npage\n"), "the page")
    client = WebSocket(c, f"/api/v1/namespaces/{c.namespace}/pods/web/portforward?ports=81", ["v4.channel.k8s.io"])
    client.receive(), client.receive()
    true(b"refused" in client.channels().get(1, b""), "a closed port is told on the error channel")
    equal(WebSocket(c, f"/api/v1/namespaces/{c.namespace}/pods/web/portforward?ports=http", ["v4.channel.k8s.io"]).status, 400, "a port that is none")


@CASES.case("proxy to a pod: the page, a port, query and body, redirects, a Status for what cannot be reached")
def proxy_pod(c):
    base = f"/api/v1/namespaces/{c.namespace}/pods"
    c.kubectl(f"get --raw {base}/web/proxy/").ok().says("page")
    c.kubectl(f"get --raw {base}/http:web:8080/proxy/index.html").ok().says("page")
    shown = c.request("POST", f"{base}/web:8080/proxy/cgi-bin/show?a=b%20c&watch=true", "the body", "text/plain", {"Authorization": "Bearer secret", "X-Mine": "1"})
    text = shown.body.decode()
    true("QUERY_STRING=a=b%20c&watch=true" in text and text.endswith("the body") and "REQUEST_METHOD=POST" in text and "HTTP_X_MINE=1" in text,
         f"the backend's view: {text}")
    true("secret" not in text, "credentials stay with the API server")
    equal(c.request("GET", f"{base}/web/proxy").status, 301, "without a slash")
    moved = c.request("GET", f"{base}/web/proxy/sub")
    equal((moved.status, moved.headers["location"]), (302, f"{base}/web/proxy/sub/"), "a redirect of the backend")
    equal(c.request("HEAD", f"{base}/web/proxy/").body, b"", "the body of a HEAD")
    away = c.request("GET", f"{base}/web:81/proxy/")
    equal((away.status, away.json()["reason"]), (503, "ServiceUnavailable"), "a closed port")
    true("error trying to reach service" in away.json()["message"], "its message")
    equal(c.request("GET", f"{base}/ftp:web:81/proxy/").json()["message"], 'invalid pod request "ftp:web:81"', "an unknown scheme")
    equal(c.request("GET", f"{base}/none/proxy/").json()["message"], 'pods "none" not found', "no such pod")
    equal(c.request("GET", f"{base}/web/status/more").status, 404, "a path below another subresource")


@CASES.case("proxy to a service: by its port's name or number, and why not")
def proxy_service(c):
    base = f"/api/v1/namespaces/{c.namespace}/services"
    c.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
             "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}, {"name": "other", "port": 81, "targetPort": 8080}]}}).ok()
    eventually(lambda: c.kubectl(f"get --raw {base}/web:http/proxy/").ok().says("page"))
    c.kubectl(f"get --raw {base}/http:web:80/proxy/sub/").ok().says("sub page")
    for name, why in [("web", "no endpoints available for service"), ("web:82", "no service port 82 found for service"), ("web:none", "no endpoints available for service")]:
        answer = c.request("GET", f"{base}/{name}/proxy/")
        true(answer.status == 503 and why in answer.json()["message"], f"{name}: {answer.body}")


@CASES.case("proxy to a node reaches its agent")
def proxy_node(c):
    node = c.kubectl("get nodes -o name", namespace=None).ok().out.split("/")[1].strip()
    c.kubectl(f"get --raw /api/v1/nodes/{node}/proxy/healthz", namespace=None).ok().says("ok")
    c.kubectl(f"get --raw /api/v1/nodes/{node}:10250/proxy/pods", namespace=None).ok().has('"PodList"')


@CASES.case("proxying is a permission of its own")
def proxy_forbidden(c):
    c.kubectl(f"get --raw /api/v1/namespaces/{c.namespace}/pods/web/proxy/ --as someone").fails(1).err_has("cannot get resource", "pods/proxy")

"""Aggregation: APIServices, and an API server of somebody else behind the front proxy (aggregated_server.py)."""
import base64
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.request

from .checks import Failure, Suite, equal, eventually, true

CASES = Suite(namespace="t-aggregation")
SERVER = {}
NAME = "v1.wardle.example.com"
ROOT = "/apis/wardle.example.com/v1"
FLUNDERS = ROOT + "/namespaces/t-aggregation/flunders"


def api_service(name=NAME, **spec):
    version, _, group = name.partition(".")
    return {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": name}, "spec": {
        "group": group, "version": version, "groupPriorityMinimum": 2000, "versionPriority": 15,
        "service": {"name": "flunder-api", "namespace": "t-aggregation"}, "caBundle": SERVER["ca"], **spec}}


def flunder(name, reference="x"):
    return {"apiVersion": "wardle.example.com/v1", "kind": "Flunder", "metadata": {"name": name}, "spec": {"reference": reference}}


def control(path, method="GET"):
    request = urllib.request.Request(f"http://127.0.0.1:{SERVER['control']}{path}", method=method)
    with urllib.request.urlopen(request, timeout=10) as reply:
        return json.load(reply)


def calls(path):
    return [call for call in control("/calls") if call["path"] == path]


def available(c, status, reason, message=None, name=NAME, seconds=30):
    def look():
        conditions = c.kubectl_json(f"get apiservice {name}", namespace=None).get("status", {}).get("conditions", [])
        found = [each for each in conditions if each["type"] == "Available"]
        if not found or (found[0]["status"], found[0]["reason"]) != (status, reason):
            raise Failure(f"the condition is {found}, wanted {status} {reason}")
        if message is not None and message not in found[0]["message"]:
            raise Failure(f"the condition's message is {found[0]['message']!r}, wanted {message!r}")
    eventually(look, seconds)


def behave(c, mode, status, reason, message=None):
    """The server behaves so, and the cluster has seen it: a changed annotation of the Service makes it look at once."""
    control("/mode/" + mode, "POST")
    c.kubectl(f"annotate service flunder-api --overwrite mode={mode}").ok()
    available(c, status, reason, message)


def discovery(c):
    """Group -> version -> freshness, in the order of the aggregated form."""
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    items = c.request("GET", "/apis", headers={"Accept": accept}).json()["items"]
    return {item["metadata"]["name"]: {each["version"]: each for each in item["versions"]} for item in items}


@CASES.case("this server's own groups have APIServices, in Kubernetes' order")
def own(c):
    eventually(lambda: c.kubectl("get apiservices", namespace=None).ok().shows("v1. Local True", "v1.apps Local True", "v2.autoscaling Local True"))
    core = c.kubectl_json("get apiservice v1.", namespace=None)
    equal(core["metadata"]["labels"], {"kube-aggregator.kubernetes.io/automanaged": "onstart"}, "the labels")
    equal((core["spec"]["groupPriorityMinimum"], core["spec"]["versionPriority"]), (18000, 1), "the priorities")
    equal([(each["reason"], each["message"]) for each in core["status"]["conditions"]], [("Local", "Local APIServices are always available")], "the condition")
    groups = [each["name"] for each in c.request("GET", "/apis").json()["groups"]]
    equal(groups[:4], ["apiregistration.k8s.io", "apps", "events.k8s.io", "authentication.k8s.io"], "the first groups")
    equal(list(discovery(c)), groups, "the groups of the aggregated form")


@CASES.case("custom resources have one as long as their definition is there")
def custom(c):
    c.apply({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "gizmos.agg.example.com"}, "spec": {
        "group": "agg.example.com", "scope": "Namespaced", "names": {"plural": "gizmos", "singular": "gizmo", "kind": "Gizmo"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}]}}).ok()
    eventually(lambda: c.kubectl("get apiservice v1.agg.example.com", namespace=None).ok().shows("Local True"))
    made = c.kubectl_json("get apiservice v1.agg.example.com", namespace=None)
    equal((made["metadata"]["labels"], made["spec"]["groupPriorityMinimum"], made["spec"]["versionPriority"]),
          ({"kube-aggregator.kubernetes.io/automanaged": "true"}, 1000, 100), "its label and priorities")
    c.kubectl("delete apiservice v1.agg.example.com", namespace=None).ok()
    eventually(lambda: c.kubectl("get apiservice v1.agg.example.com", namespace=None).ok())
    c.kubectl("delete crd gizmos.agg.example.com", namespace=None).ok()
    c.wait_gone("apiservice v1.agg.example.com", namespace=None)


@CASES.case("an APIService that says nonsense is refused in Kubernetes' words")
def nonsense(c):
    SERVER["ca"] = ""
    c.apply(api_service("v1.other.example.com", group="x_y", groupPriorityMinimum=0, versionPriority=1001, service={}, caBundle="YQ==",
                        insecureSkipTLSVerify=True)).fails(1).err_has(
        'metadata.name: Invalid value: "v1.other.example.com": must be `spec.version+"."+spec.group`: "v1.x_y"',
        'spec.group: Invalid value: "x_y": a lowercase RFC 1123 subdomain must consist of',
        "spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000",
        "spec.versionPriority: Invalid value: 1001: must be positive and less than 1000",
        "spec.service.namespace: Required value", "spec.service.name: Required value",
        "spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present")
    c.apply(api_service("v1.other.example.com", service=None, caBundle="YWJj")).fails(1).err_has(
        'spec.caBundle: Invalid value: "3 bytes": local APIServices may not have a caBundle')


@CASES.case("an aggregated API server with a certificate of its own", essential=True)
def serve(c):
    folder = SERVER["folder"] = tempfile.mkdtemp(prefix="charon-aggregated-")
    certificate, key = os.path.join(folder, "tls.crt"), os.path.join(folder, "tls.key")
    c.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=flunder",
           "-addext", "subjectAltName=DNS:flunder-api.t-aggregation.svc", "-keyout", key, "-out", certificate]).ok()
    with open(certificate, "rb") as file:
        SERVER["ca"] = base64.b64encode(file.read()).decode()
    c.kubectl("create serviceaccount flunder-api").ok()
    c.kubectl("create rolebinding flunder-api -n kube-system --role=extension-apiserver-authentication-reader "
              "--serviceaccount=t-aggregation:flunder-api", namespace=None).ok()
    c.kubectl("create clusterrolebinding flunder-api --clusterrole=system:auth-delegator --serviceaccount=t-aggregation:flunder-api", namespace=None).ok()
    token = c.kubectl("create token flunder-api").ok().out.strip()
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "aggregated_server.py")
    SERVER["process"] = subprocess.Popen([sys.executable, program, certificate, key, f"https://127.0.0.1:{c.port}", c.data_dir + "/pki/ca.crt", token],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    SERVER["port"], SERVER["control"] = map(int, SERVER["process"].stdout.readline().split())
    SERVER["address"] = c.kubectl(["get", "nodes", "-o", 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}'], namespace=None).ok().out.strip()


def slice_of(*ready):
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": "flunder-api-1", "labels": {"kubernetes.io/service-name": "flunder-api"}},
            "ports": [{"name": "", "port": SERVER["port"]}],
            "endpoints": [{"addresses": [SERVER["address"]], "conditions": {"ready": is_ready}} for is_ready in ready]}


@CASES.case("the condition Available tells what is missing")
def missing(c):
    c.apply(api_service()).ok()
    available(c, "False", "ServiceNotFound", 'service/flunder-api in "t-aggregation" is not present')
    c.kubectl("get apiservice " + NAME, namespace=None).ok().shows("t-aggregation/flunder-api False (ServiceNotFound)")
    reply = c.request("GET", FLUNDERS)
    equal((reply.status, reply.json()["reason"]), (503, "ServiceUnavailable"), "the answer")
    c.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "flunder-api"}, "spec": {"ports": [{"port": 444}]}}).ok()
    available(c, "False", "ServicePortError", 'service/flunder-api in "t-aggregation" is not listening on port 443')
    c.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "flunder-api"}, "spec": {"ports": [{"port": 443}]}}).ok()
    available(c, "False", "EndpointsNotFound", 'cannot find endpointslices for service/flunder-api in "t-aggregation"')
    c.apply(slice_of(False)).ok()
    available(c, "False", "MissingEndpoints", 'endpointslices for service/flunder-api in "t-aggregation" have no addresses with port name ""')
    c.apply(slice_of(True)).ok()
    available(c, "True", "Passed", "all checks passed")


@CASES.case("discovery has the group, by its priority", essential=True)
def discovered(c):
    c.kubectl("api-resources --api-group=wardle.example.com", namespace=None).ok().shows("flunders fl wardle.example.com/v1 true Flunder")
    c.kubectl("api-versions", namespace=None).ok().has("wardle.example.com/v1")
    found = discovery(c)
    equal(found["wardle.example.com"]["v1"]["freshness"], "Current", "the freshness")
    equal(found["wardle.example.com"]["v1"]["resources"][0]["subresources"][0]["subresource"], "status", "the subresource")
    equal(list(found)[-1], "wardle.example.com", "the last group")
    group = c.request("GET", "/apis/wardle.example.com").json()
    equal(group["preferredVersion"]["groupVersion"], "wardle.example.com/v1", "the preferred version")
    equal(c.request("GET", ROOT).json()["resources"][0]["name"], "flunders", "the server's own list")


@CASES.case("kubectl creates, lists as a table, reads, watches and deletes")
def use(c):
    c.apply(flunder("one", "first"), "create -f -").ok().says("flunder.wardle.example.com/one created")
    c.kubectl("get flunders").ok().shows("NAME REFERENCE one first")
    equal(c.kubectl_json("get fl one")["spec"], {"reference": "first"}, "the spec")
    c.kubectl("get fl two").fails(1).err_has('Error from server (NotFound): flunders.wardle.example.com "two" not found')
    watch = subprocess.Popen(["kubectl", "-n", c.namespace, "get", "flunders", "-w", "--no-headers"], stdout=subprocess.PIPE, text=True,
                             env={**os.environ, "KUBECONFIG": c.kubeconfig})
    try:
        equal(watch.stdout.readline().split(), ["one", "first"], "what is there")
        c.apply(flunder("two", "second"), "create -f -").ok()
        equal(watch.stdout.readline().split(), ["two", "second"], "what comes")
    finally:
        watch.kill()
        watch.wait()
    c.kubectl("delete flunder two").ok()
    c.kubectl("get flunders --all-namespaces").ok().lacks("two")


@CASES.case("kubectl explain, and what OpenAPI says", since=(1, 27))
def openapi(c):
    eventually(lambda: c.kubectl("explain flunder.spec.reference").ok().has("What this flunder refers to."))
    index = c.request("GET", "/openapi/v3").json()["paths"]
    equal(index["apis/wardle.example.com/v1"]["serverRelativeURL"], f"/openapi/v3{ROOT}?hash=ABC", "the document's place")
    document = c.request("GET", "/openapi/v2").json()
    true(f"{ROOT}/namespaces/{{namespace}}/flunders" in document["paths"], "the paths are in v2")
    true("example.wardle.v1.Flunder" in document["definitions"], "the definitions are in v2")
    equal(c.request("GET", "/openapi/v2", headers={"Accept": "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"}).status, 200, "v2 as protobuf")


@CASES.case("the server learns who asks, and nothing that the client made up")
def who(c):
    c.kubectl("get flunders --as jane --as-group dev").fails(1).err_has(
        'flunders.wardle.example.com is forbidden: User "jane" cannot list resource "flunders" in API group "wardle.example.com" in the namespace "t-aggregation"')
    c.kubectl("create role flunders --verb=list,get --resource=flunders.wardle.example.com").ok()
    c.kubectl("create rolebinding flunders --role=flunders --user=jane").ok()
    control("/mode/ok", "POST")
    equal(c.request("GET", FLUNDERS, headers={"Impersonate-User": "jane", "Impersonate-Group": "dev", "Impersonate-Extra-Scopes": "a"}).status, 200, "the status")
    user = calls(FLUNDERS)[-1]["user"]
    equal((user["name"], user["groups"], user["extra"]), ("jane", ["dev", "system:authenticated"], {"scopes": ["a"]}), "the user")
    control("/mode/ok", "POST")
    c.request("GET", FLUNDERS, headers={"X-Remote-User": "mallory", "X-Remote-Group": "system:masters", "X-Remote-Extra-A": "b", "Authorization": "Basic eDp5"})
    call = calls(FLUNDERS)[-1]
    equal(call["user"]["name"], "kubernetes-admin", "the user")
    true("authorization" not in call["headers"] and not any(key.startswith("impersonate-") for key in call["headers"]), "credentials stay here")
    true("a" not in call["user"]["extra"] and "authentication.kubernetes.io/credential-id" in call["user"]["extra"], "the extra is ours")
    equal(call["headers"]["host"], "flunder-api.t-aggregation.svc:443", "the host")


@CASES.case("nobody else may speak for users to it")
def alone(c):
    with tempfile.TemporaryDirectory() as folder:
        c.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=front-proxy-client",
               "-keyout", folder + "/key", "-out", folder + "/crt"]).ok()
        ran = c.run(["curl", "-sk", "--cert", folder + "/crt", "--key", folder + "/key", "-H", "X-Remote-User: admin",
                     f"https://{SERVER['address']}:{SERVER['port']}{FLUNDERS}"])
        true(ran.code != 0 and ran.out == "", "the connection is refused")


@CASES.case("an upgrade passes through")
def upgrade(c):
    raw = socket.create_connection(("127.0.0.1", c.port), timeout=10)
    with c.tls_context().wrap_socket(raw, server_hostname="127.0.0.1") as stream:
        stream.sendall(f"GET {FLUNDERS}/one/exec HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n".encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += stream.recv(1)
        true(head.startswith(b"HTTP/1.1 101"), f"the answer is {head!r}")
        stream.sendall(b"hello")
        equal(stream.recv(100), b"HELLO", "what comes back")


@CASES.case("a wrong caBundle is seen, and none at all can be asked for")
def bundle(c):
    with open(c.data_dir + "/pki/ca.crt", "rb") as file:
        other = base64.b64encode(file.read()).decode()
    c.apply(api_service(caBundle=other)).ok()
    available(c, "False", "FailedDiscoveryCheck", "tls: failed to verify certificate")
    equal(c.request("GET", FLUNDERS).status, 503, "the status")
    c.apply(api_service(caBundle=None, insecureSkipTLSVerify=True)).ok()
    available(c, "True", "Passed")
    c.kubectl("get flunders").ok().has("one")
    c.apply(api_service(insecureSkipTLSVerify=None)).ok()
    available(c, "True", "Passed")


@CASES.case("an answer that breaks off does not look complete")
def broken(c):
    control("/mode/broken", "POST")
    ran = c.run(["curl", "-s", "--http1.1", "--cacert", c.data_dir + "/test-client.ca", "--cert", c.data_dir + "/test-client.crt", "--key", c.data_dir + "/test-client.key",
                 f"https://127.0.0.1:{c.port}{FLUNDERS}"])
    true(ran.code != 0 and "items" in ran.out, f"curl ends with {ran.code}: {ran.out!r}")
    control("/mode/ok", "POST")


@CASES.case("malformed documents harm nobody else")
def malformed(c):
    control("/mode/malformed", "POST")
    # Another server by the name of its APIService: all its documents are read anew.
    c.kubectl("delete apiservice " + NAME, namespace=None).ok()
    c.apply(api_service()).ok()
    available(c, "True", "Passed")
    eventually(lambda: equal([each["resource"] for each in discovery(c)["wardle.example.com"]["v1"]["resources"]], ["z"], "what can be used"))
    c.kubectl("api-resources", namespace=None).ok().has("deployments")
    for accept in ("application/json", "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"):
        equal(c.request("GET", "/openapi/v2", headers={"Accept": accept}).status, 200, "OpenAPI v2 as " + accept)
    equal(c.request("GET", "/openapi/v3").status, 200, "the index of OpenAPI v3")


@CASES.case("huge and slow answers are given up")
def hostile(c):
    behave(c, "huge", "False", "FailedDiscoveryCheck")
    behave(c, "slow", "False", "FailedDiscoveryCheck", f"failing or missing response from https://flunder-api.t-aggregation.svc:443{ROOT}: context deadline exceeded")
    c.kubectl("get pods").ok()
    behave(c, "ok", "True", "Passed")


@CASES.case("a namespace's end takes what the server holds in it")
def emptied(c):
    c.kubectl("create namespace t-aggregation-ends", namespace=None).ok()
    held = f"{ROOT}/namespaces/t-aggregation-ends/flunders"
    equal(c.request("POST", held, flunder("held")).status, 201, "the status")
    control("/mode/ok", "POST")
    c.kubectl("delete namespace t-aggregation-ends --wait=false", namespace=None).ok()
    c.wait_gone("namespace t-aggregation-ends", namespace=None)
    removed = [call for call in calls(held + "/held") if call["method"] == "DELETE"]
    equal(removed[0]["user"]["name"], "system:serviceaccount:kube-system:namespace-controller", "who deletes")
    equal(c.request("GET", held).json()["items"], [], "what is left")
    c.kubectl("get flunders").ok().has("one")


@CASES.case("what aggregated servers must know of this one is kept right")
def known(c):
    name = "configmap extension-apiserver-authentication"
    before = c.kubectl_json("get " + name, namespace="kube-system")["data"]
    c.kubectl("patch " + name + """ --type=merge -p '{"data":{"requestheader-client-ca-file":"another"}}'""", namespace="kube-system").ok()
    eventually(lambda: equal(c.kubectl_json("get " + name, namespace="kube-system")["data"], before, "the data"))
    c.kubectl("delete " + name, namespace="kube-system").ok()
    eventually(lambda: equal(c.kubectl_json("get " + name, namespace="kube-system")["data"], before, "the data"))


@CASES.case("a server that fails: 503, Stale in discovery, and the namespace waits for it")
def failing(c):
    behave(c, "failing", "False", "FailedDiscoveryCheck", f"bad status from https://flunder-api.t-aggregation.svc:443{ROOT}: 500")
    c.kubectl("get --raw " + FLUNDERS, namespace=None).fails(1).err_has("Error from server (ServiceUnavailable): the server is currently unable to handle the request")
    equal(discovery(c)["wardle.example.com"]["v1"]["freshness"], "Stale", "the freshness")
    c.kubectl("api-resources", namespace=None).has("deployments").lacks("flunders")
    c.kubectl("create namespace t-aggregation-waits", namespace=None).ok()
    c.kubectl("delete namespace t-aggregation-waits --wait=false", namespace=None).ok()

    def waits():
        conditions = c.kubectl_json("get namespace t-aggregation-waits", namespace=None)["status"].get("conditions", [])
        found = [each for each in conditions if each["type"] == "NamespaceDeletionDiscoveryFailure" and each["status"] == "True"]
        if not found:
            raise Failure(f"the conditions are {conditions}")
        equal((found[0]["reason"], found[0]["message"]), (
            "DiscoveryFailed", "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: "
            "wardle.example.com/v1: stale GroupVersion discovery: wardle.example.com/v1"), "the reason")
    eventually(waits)
    behave(c, "ok", "True", "Passed")
    c.wait_gone("namespace t-aggregation-waits", namespace=None)
    c.kubectl("get flunders").ok().has("one")
    text = c.kubectl("get --raw /metrics", namespace=None).ok().out
    true(re.search(r'aggregator_unavailable_apiservice_total\{name="v1.wardle.example.com",reason="FailedDiscoveryCheck"\} [1-9]', text), "the failures are counted")


@CASES.case("a deleted APIService takes its group along")
def delete(c):
    c.kubectl("delete apiservice " + NAME, namespace=None).ok()
    equal(c.request("GET", FLUNDERS).status, 404, "the status")
    true("wardle.example.com" not in discovery(c), "the group is gone")
    true(f"{ROOT}/namespaces/{{namespace}}/flunders" not in c.request("GET", "/openapi/v2").json()["paths"], "the paths are gone")
    said = c.kubectl("get flunders").fails(1).err
    # The first while kubectl still has the old discovery.
    true("the server could not find the requested resource" in said or 'the server doesn\'t have a resource type "flunders"' in said, said)


@CASES.case("the aggregated server ends")
def stop(c):
    SERVER["process"].terminate()
    SERVER["process"].wait(10)
    shutil.rmtree(SERVER["folder"], ignore_errors=True)
    c.kubectl("delete clusterrolebinding flunder-api", namespace=None).ok()
    c.kubectl("delete rolebinding flunder-api -n kube-system", namespace=None).ok()

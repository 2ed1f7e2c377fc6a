"""What is wrong is refused with the right Status, and nothing of it is kept."""
import json
import os
import socket
import ssl
import time

from .checks import Suite, equal, eventually, true

CASES = Suite(namespace="t-bad")


def config(name="x", **more):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **more}


def refused(c, reply, code, reason, text=""):
    status = reply.json()
    equal((reply.status, status.get("kind"), status.get("status"), status.get("code"), status.get("reason")), (code, "Status", "Failure", code, reason), "the Status")
    true(text in status["message"], f"the message names {text!r}: {status['message']!r}")
    return status


def post(c, body, resource="configmaps", **more):
    return c.request("POST", f"/api/v1/namespaces/{c.namespace}/{resource}", body, **more)


@CASES.case("malformed YAML by kubectl")
def bad_yaml(c):
    c.apply("apiVersion: v1\nkind: [ConfigMap\n").fails(1).err_has("error parsing")


@CASES.case("malformed YAML by HTTP: 400")
def bad_yaml_http(c):
    refused(c, post(c, "apiVersion: v1\nkind: [ConfigMap\n", content_type="application/yaml"), 400, "BadRequest")


@CASES.case("malformed JSON: 400")
def bad_json(c):
    for body in ('{"apiVersion": "v1", "kind"', "", "null", "[]", '"text"', '{"kind":"ConfigMap","apiVersion":"v1"} trailing', "{\"a\": \"\\ud800\"}"):
        refused(c, post(c, body), 400, "BadRequest")


@CASES.case("malformed protobuf: 400")
def bad_protobuf(c):
    for body in (b"k8s\0\xff\xff\xff", b"nonsense", b"", b"k8s\0" + os.urandom(64)):
        refused(c, post(c, body, content_type="application/vnd.kubernetes.protobuf"), 400, "BadRequest")


@CASES.case("a media type that is not known: 415")
def media_type(c):
    refused(c, post(c, "x", content_type="text/plain"), 415, "UnsupportedMediaType")


@CASES.case("a kind that is not known, by kubectl")
def unknown_kind(c):
    c.apply("apiVersion: v1\nkind: Nothing\nmetadata: {name: x}\n").fails(1).err_has('no matches for kind "Nothing" in version "v1"')
    c.kubectl("get nothings").fails(1).err_has('the server doesn\'t have a resource type "nothings"')


@CASES.case("a kind that is not the resource's: 400")
def wrong_kind(c):
    refused(c, post(c, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}), 400, "BadRequest")


@CASES.case("an unknown field: strict validation by kubectl")
def unknown_field(c):
    c.apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndatum: {a: b}\n").fails(1).err_has('unknown field "datum"')
    c.kubectl("get cm x").fails(1)


@CASES.case("an unknown field with --validate=warn: a warning, and it is dropped", since=(1, 25))
def unknown_field_warn(c):
    c.apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: warned}\ndatum: {a: b}\n", "apply --validate=warn -f -").ok().err_has('unknown field "datum"')
    true("datum" not in c.request("GET", f"/api/v1/namespaces/{c.namespace}/configmaps/warned").json(), "it is not stored")


@CASES.case("a duplicate key: strict validation")
def duplicate(c):
    reply = c.request("POST", f"/api/v1/namespaces/{c.namespace}/configmaps?fieldValidation=Strict",
                      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{"a":"1","a":"2"}}')
    refused(c, reply, 400, "BadRequest", "duplicate")


@CASES.case("what is there twice and what is unknown are told together, of JSON and of YAML")
def duplicate_and_unknown(c):
    path = f"/api/v1/namespaces/{c.namespace}/configmaps?fieldValidation="
    body = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"told"},"data":{"b":"1","b":"2"},"x":1}'
    says = 'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: '
    equal(refused(c, c.request("POST", path + "Strict", body), 400, "BadRequest")["message"], says + 'duplicate field "data.b", unknown field "x"', "of JSON")
    body = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: told}\ndata:\n  b: '1'\n  b: '2'\n"
    reply = c.request("POST", path + "Strict", body, content_type="application/yaml")
    equal(refused(c, reply, 400, "BadRequest")["message"], says + 'yaml: unmarshal errors:\n  line 6: key "b" already set in map', "of YAML")
    equal(c.request("POST", path + "Ignore", body, content_type="application/yaml").status, 201, "nobody asks")
    c.kubectl("delete cm told").ok()


@CASES.case("strict patches are Invalid with a cause, for which kubectl edit asks again")
def strict_patches(c):
    path = f"/api/v1/namespaces/{c.namespace}/configmaps/patched"
    post(c, config("patched"))
    for kind, body, text in (("merge-patch+json", '{"x":1}', 'unknown field "x"'), ("strategic-merge-patch+json", '{"x":1}', 'unknown field "x"'),
                             ("merge-patch+json", '{"data":{"a":"1","a":"2"}}', 'duplicate field "data.a"'),
                             ("json-patch+json", '[{"op":"add","path":"/data","value":{},"y":1}]', 'json patch unknown field "[0].y"')):
        status = refused(c, c.request("PATCH", path + "?fieldValidation=Strict", body, content_type="application/" + kind), 422, "Invalid", text)
        equal(status["details"]["causes"][0]["field"], "patch", "the cause")
    c.kubectl("delete cm patched").ok()


@CASES.case("options that mean nothing: 422 with their kind, and nothing happens")
def options(c):
    path = f"/api/v1/namespaces/{c.namespace}/configmaps"
    post(c, config("kept"))
    status = refused(c, c.request("POST", path + "?dryRun=All&dryRun=Foo", config("none")), 422, "Invalid", 'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value')
    equal(status["details"]["causes"][0]["field"], "dryRun", "the cause")
    refused(c, c.request("PUT", path + "/kept?fieldValidation=x", config("kept")), 422, "Invalid", 'UpdateOptions.meta.k8s.io "" is invalid: fieldValidation')
    refused(c, c.request("DELETE", path + "/kept?propagationPolicy=x"), 422, "Invalid", 'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy')
    refused(c, c.request("DELETE", path + "/kept", {"kind": "Foo", "apiVersion": "v1"}), 400, "BadRequest")
    refused(c, c.request("PUT", path + "/kept", {"apiVersion": "v1", "kind": "ConfigMap"}), 400, "BadRequest", "name must be provided")
    c.kubectl("get cm kept").ok()
    equal(c.request("DELETE", path + "/kept?gracePeriodSeconds=-1").status, 200, "a negative grace is a second")


@CASES.case("fields of a wrong type: 400, and the field is named")
def wrong_type(c):
    refused(c, post(c, config(data={"a": 1})), 400, "BadRequest", "data")
    refused(c, post(c, config(data="text")), 400, "BadRequest")
    refused(c, post(c, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": []}), 400, "BadRequest", "metadata")
    c.apply("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: a, image: b, ports: [{containerPort: eighty}]}]}").fails(1)


@CASES.case("names that are not allowed: 422 with the cause")
def names(c):
    for name in ("Upper", "a_b", "-a", "a-", "a" * 254, "a/b", "ä", "..", ""):
        status = refused(c, post(c, config(name)), 422, "Invalid", "name")
        true(any(cause["field"].startswith("metadata.") for cause in status["details"]["causes"]), f"the causes of {name!r}: {status['details']}")


@CASES.case("labels and annotations that are not allowed: 422")
def labels(c):
    for label in ({"a b": "x"}, {"a": "x" * 64}, {"-a": "x"}, {"a": "ü"}, {"A_b/c": "x"}):
        refused(c, post(c, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "labels": label}}), 422, "Invalid", "metadata.labels")
    refused(c, post(c, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "annotations": {"a": "x" * 300_000}}}), 422, "Invalid", "metadata.annotations")


@CASES.case("a ConfigMap above 1 MiB: 422")
def large_data(c):
    refused(c, post(c, config(data={"a": "x" * 1_100_000})), 422, "Invalid")


@CASES.case("a body of 10 MB: 413, and the server goes on")
def huge_body(c):
    try:
        refused(c, post(c, config(data={"a": "x" * 10_000_000})), 413, "RequestEntityTooLarge")
    except (ConnectionError, ssl.SSLError):
        pass  # it may also stop reading and close
    c.kubectl("get --raw /healthz").ok()


@CASES.case("nesting of 100,000 levels: 400, and the server goes on")
def nesting(c):
    for body, kind in (("[" * 100_000, "application/json"), ('{"a":' * 100_000, "application/json"), ("[" * 100_000, "application/yaml"),
                       (json.dumps(config())[:-1] + ',"data":' + "[" * 50_000 + "]" * 50_000 + "}", "application/json")):
        refused(c, post(c, body, content_type=kind), 400, "BadRequest")
    c.kubectl("get --raw /healthz").ok()


@CASES.case("YAML that explodes by aliases: refused soon")
def yaml_bomb(c):
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"] + [f"a{i}: &a{i} [" + ",".join([f"*a{i - 1}"] * 9) + "]" for i in range(1, 12)]
    started = time.monotonic()
    equal(post(c, "\n".join(lines), content_type="application/yaml").status // 100, 4, "the class of the status")
    true(time.monotonic() - started < 5, "it takes less than 5 s")


@CASES.case("an object for another namespace than the path's: 400")
def other_namespace(c):
    refused(c, post(c, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "default"}}), 400, "BadRequest", "namespace")


@CASES.case("create in a namespace that is not there: 404")
def no_namespace(c):
    refused(c, c.request("POST", "/api/v1/namespaces/nowhere/configmaps", config()), 404, "NotFound", 'namespaces "nowhere" not found')


@CASES.case("update under another name than the path's: 400")
def other_name(c):
    c.kubectl("create cm here").ok()
    refused(c, c.request("PUT", f"/api/v1/namespaces/{c.namespace}/configmaps/here", config("there")), 400, "BadRequest", "name")


@CASES.case("stale updates: exactly one of two wins")
def stale(c):
    path = f"/api/v1/namespaces/{c.namespace}/configmaps/here"
    here = c.request("GET", path).json()
    equal(c.request("PUT", path, {**here, "data": {"a": "first"}}).status, 200, "the first")
    refused(c, c.request("PUT", path, {**here, "data": {"a": "second"}}), 409, "Conflict", "the object has been modified")
    equal(c.request("GET", path).json()["data"], {"a": "first"}, "the data")


@CASES.case("a uid that is another's: 409")
def other_uid(c):
    path = f"/api/v1/namespaces/{c.namespace}/configmaps/here"
    here = c.request("GET", path).json()
    here["metadata"]["uid"] = "00000000-0000-0000-0000-000000000000"
    del here["metadata"]["resourceVersion"]
    equal(c.request("PUT", path, here).status, 409, "the status")


@CASES.case("bad patches")
def patches(c):
    path = f"/api/v1/namespaces/{c.namespace}/configmaps/here"
    def patch(kind, body):
        return c.request("PATCH", path, body, content_type=f"application/{kind}")
    refused(c, patch("merge-patch+json", "{"), 400, "BadRequest")
    refused(c, patch("json-patch+json", '{"op":"add"}'), 400, "BadRequest")
    for body in ('[{"op":"remove","path":"/data/nothing"}]', '[{"op":"fly","path":"/data"}]'):
        refused(c, patch("json-patch+json", body), 422, "Invalid", "the server rejected our request due to an error in our request")
    refused(c, patch("no-such-patch+json", "{}"), 415, "UnsupportedMediaType")
    refused(c, patch("merge-patch+json", '{"metadata":{"name":"other"}}'), 400, "BadRequest")


@CASES.case("a verb that the resource does not have: 405")
def verb(c):
    refused(c, c.request("PUT", f"/api/v1/namespaces/{c.namespace}/configmaps", config()), 405, "MethodNotAllowed")
    refused(c, c.request("POST", f"/api/v1/namespaces/{c.namespace}/configmaps/here", config()), 405, "MethodNotAllowed")


@CASES.case("subresources have their own verbs: a DELETE of one deletes nothing")
def delete_subresource(c):
    post(c, config("stays"))
    post(c, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "stays"}, "spec": {
        "nodeSelector": {"no": "where"}, "containers": [{"name": "a", "image": "b"}]}}, resource="pods")
    base = f"/api/v1/namespaces/{c.namespace}"
    for path in (f"{base}/pods/stays/status", f"{base}/pods/stays/eviction", f"{base}/pods/stays/binding", f"{base}/pods/stays/log",
                 f"/api/v1/namespaces/{c.namespace}/status", f"/api/v1/namespaces/{c.namespace}/finalize"):
        refused(c, c.request("DELETE", path), 405, "MethodNotAllowed")
    for path in (f"{base}/pods/stays/nothing", f"{base}/configmaps/stays/status", f"{base}/pods/stays/status/more"):
        for method in ("GET", "DELETE", "PUT"):
            refused(c, c.request(method, path, None if method != "PUT" else config("stays")), 404, "NotFound", "could not find the requested resource")
    c.kubectl("get pod stays -o jsonpath={.metadata.deletionTimestamp}").ok().says("")
    c.kubectl("get cm stays").ok()
    c.kubectl(f"get namespace {c.namespace} -o jsonpath={{.status.phase}}", namespace=None).ok().says("Active")
    c.kubectl("delete cm/stays pod/stays --grace-period=0 --force").ok()


@CASES.case("a pod is bound once, and by its own name")
def bindings(c):
    post(c, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bound"}, "spec": {
        "schedulerName": "nobody", "containers": [{"name": "a", "image": "b"}]}}, resource="pods")

    def bind(name="bound", node="elsewhere", **more):
        return post(c, {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name, **more}, "target": {"kind": "Node", "name": node}},
                    resource="pods/bound/binding")
    refused(c, bind("other"), 400, "BadRequest")
    refused(c, bind(uid="00000000-0000-0000-0000-000000000000"), 409, "Conflict")
    equal(bind().status, 201, "the first binding")
    refused(c, bind(node="another"), 409, "Conflict", "is already assigned to node")
    c.kubectl("get pod bound -o jsonpath={.spec.nodeName}").ok().says("elsewhere")
    c.kubectl("delete pod bound --grace-period=0 --force").ok()


@CASES.case("an eviction that a budget forbids: 429; a dry run evicts nobody")
def evictions(c):
    post(c, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "kept", "labels": {"app": "kept"}}, "spec": {
        "schedulerName": "nobody", "containers": [{"name": "a", "image": "b"}]}}, resource="pods")
    equal(c.request("PATCH", f"/api/v1/namespaces/{c.namespace}/pods/kept/status", {"status": {"phase": "Running", "conditions": [
        {"type": "Ready", "status": "True"}]}}, content_type="application/merge-patch+json").status, 200, "the pod runs")
    c.apply({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "kept"}, "spec": {
        "minAvailable": 1, "selector": {"matchLabels": {"app": "kept"}}}}).ok()

    def evict(name="kept", query="", **more):
        return post(c, {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}, **more}, resource="pods/kept/eviction" + query)
    refused(c, evict("other"), 400, "BadRequest")
    status = refused(c, evict(), 429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.")
    equal(status["details"]["causes"][0]["reason"], "DisruptionBudget", "the cause")
    refused(c, evict(query="?dryRun=All"), 429, "TooManyRequests")
    c.kubectl("delete pdb kept").ok()
    for dry in ({"query": "?dryRun=All"}, {"deleteOptions": {"dryRun": ["All"]}}):
        true(evict(**dry).status in (200, 201), f"a dry run by {dry}")
        c.kubectl("get pod kept -o jsonpath={.metadata.deletionTimestamp}").ok().says("")
    refused(c, evict(deleteOptions={"dryRun": ["Some"]}), 422, "Invalid")
    equal(evict(deleteOptions={"gracePeriodSeconds": 0}).status, 201, "the eviction")
    c.wait_gone("pod kept")


@CASES.case("large strategic merge patches are answered soon")
def large_patches(c):
    post(c, config("patched"))
    many = [f"example.com/f{i}" for i in range(60_000)]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "patched"}, "spec": {"schedulerName": "nobody", "containers": [{"name": "a", "image": "b"}]}}
    post(c, pod, resource="pods")
    env = [{"name": f"N{i}", "value": "1"} for i in range(25_000)]
    for resource, body in {
            "configmaps": {"metadata": {"finalizers": many, "$deleteFromPrimitiveList/finalizers": list(reversed(many))}},
            "pods": {"spec": {"$setElementOrder/containers": [{"name": "a"}], "containers": [
                {"name": "a", "env": env, "$setElementOrder/env": [{"name": one["name"]} for one in reversed(env)]}]}}}.items():
        started = time.monotonic()
        reply = c.request("PATCH", f"/api/v1/namespaces/{c.namespace}/{resource}/patched", body, content_type="application/strategic-merge-patch+json")
        true(reply.status == 200 or 400 <= reply.status < 500, f"{resource}: {reply.status}")
        true(time.monotonic() - started < 5, f"{resource} took {time.monotonic() - started} s")
    c.kubectl(["patch", "cm", "patched", "--type=merge", "-p", '{"metadata":{"finalizers":null}}']).ok()
    c.kubectl("delete cm/patched pod/patched --grace-period=0 --force").ok()


@CASES.case("curl gets the answer to a body that is refused early, over HTTP/1.1 and HTTP/2")
def early_refusal(c):
    c.tls_context()  # writes the files
    large = c.data_dir + "/large.json"
    with open(large, "w") as file:
        json.dump(config("large", data={"a": "x" * 20_000_000}), file)
    middle = c.data_dir + "/middle.json"
    with open(middle, "w") as file:
        json.dump(config("middle", data={"a": "x" * 400_000}), file)
    url = f"https://127.0.0.1:{c.port}/api/v1/namespaces/{c.namespace}/configmaps"
    admin = ["--cert", c.data_dir + "/test-client.crt", "--key", c.data_dir + "/test-client.key"]
    for version in ("--http1.1", "--http2"):
        for what, who, body, code in (("too large", admin, large, 413), ("nobody's", [], middle, 403), ("nobody's, and too large", [], large, 403),
                                      ("a wrong token's", ["-H", "Authorization: Bearer x"], middle, 401)):
            ran = c.run(["curl", "-sS", version, "--max-time", "20", "--cacert", c.data_dir + "/test-client.ca", *who, "-H", "Content-Type: application/json",
                         "--data-binary", "@" + body, "-w", "\n%{http_code} %{http_version}", url]).ok()
            status, _, last = ran.out.rpartition("\n")
            equal(last.split(), [str(code), {"--http1.1": "1.1", "--http2": "2"}[version]], f"{what} by {version}")
            equal(json.loads(status)["code"], code, f"the Status of {what} by {version}")
    c.kubectl("get --raw /healthz").ok()


@CASES.case("query parameters that make no sense: 400")
def query(c):
    base = f"/api/v1/namespaces/{c.namespace}/configmaps"
    for question in ("limit=x", "labelSelector=%3D%3D", "fieldSelector=a", "resourceVersion=abc", "continue=rubbish"):
        refused(c, c.request("GET", f"{base}?{question}"), 400, "BadRequest")
    equal(c.request("GET", f"{base}?resourceVersion=1&resourceVersionMatch=Maybe").status // 100, 4, "the class of an unknown resourceVersionMatch")


@CASES.case("Pods that make no sense: every cause is named")
def pod(c):
    status = refused(c, post(c, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {
        "restartPolicy": "Perhaps", "containers": [
            {"name": "a", "image": "i", "ports": [{"containerPort": 70000}], "resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}},
            {"name": "a", "image": "", "volumeMounts": [{"name": "none", "mountPath": "/x"}]}]}}, "pods"), 422, "Invalid")
    fields = {cause["field"] for cause in status["details"]["causes"]}
    for wanted in ("spec.restartPolicy", "spec.containers[0].ports[0].containerPort", "spec.containers[0].resources.requests", "spec.containers[1].name",
                   "spec.containers[1].image", "spec.containers[1].volumeMounts[0].name"):
        true(wanted in fields, f"{wanted} is among the causes: {sorted(fields)}")


@CASES.case("a Pod without containers: 422")
def no_containers(c):
    c.apply("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: []}\n").fails(1).err_has("spec.containers: Required value")


@CASES.case("a quantity that is none: 400")
def quantity(c):
    c.apply("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: a, image: b, resources: {requests: {cpu: lots}}}]}\n").fails(1).err_has("quantities must match")


@CASES.case("a Deployment whose selector does not match its template: 422")
def selector(c):
    c.apply("""
apiVersion: apps/v1
kind: Deployment
metadata: {name: x}
spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: c}}, spec: {containers: [{name: a, image: b}]}}}
""").fails(1).err_has("`selector` does not match template `labels`")


@CASES.case("most fields of a Pod may not change")
def pod_immutable(c):
    c.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "fixed"}, "spec": {"nodeSelector": {"no": "where"}, "containers": [{"name": "a", "image": "charon.local/busybox:1"}]}}).ok()
    c.kubectl(["patch", "pod", "fixed", "-p", '{"spec":{"containers":[{"name":"a","command":["x"]}]}}']).fails(1).err_has("pod updates may not change fields other than")
    c.kubectl("delete pod fixed --grace-period=0 --force").ok()


@CASES.case("status is not written through the main resource, nor spec through status")
def status_split(c):
    path = f"/apis/apps/v1/namespaces/{c.namespace}/deployments"
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"replicas": 0, "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}}}, "status": {"replicas": 77}}
    made = c.request("POST", path, body).json()
    true(made.get("status", {}).get("replicas", 0) != 77, "status is dropped on create")
    changed = c.request("PATCH", path + "/d/status", {"spec": {"replicas": 5}}, content_type="application/merge-patch+json")
    equal((changed.status, changed.json()["spec"]["replicas"]), (200, 0), "spec after a patch of status")
    c.kubectl("delete deployment d").ok()


def raw_socket(c, tls=True):
    plain = socket.create_connection(("127.0.0.1", c.port), timeout=20)
    return c.tls_context().wrap_socket(plain, server_hostname="127.0.0.1") if tls else plain


@CASES.case("plain HTTP on the HTTPS port, rubbish and half requests do no harm")
def rubbish(c):
    for data in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", os.urandom(512), b"\x16\x03\x01"):
        with raw_socket(c, tls=False) as plain:
            plain.sendall(data)
            plain.settimeout(5)
            try:
                plain.recv(100)
            except OSError:
                pass
    for data in (b"GET /healthz HTTP/9.9\r\n\r\n", b"\r\n\r\n\r\n", b"GET " + b"x" * 100_000, b"POST /api HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
                 b"POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + os.urandom(64)):
        with raw_socket(c) as stream:
            try:
                stream.sendall(data)
                stream.settimeout(5)
                stream.recv(1000)
            except OSError:
                pass
    c.kubectl("get --raw /healthz").ok()


@CASES.case("half-closed and idle connections leak no descriptors")
def leaks(c):
    def descriptors():
        return len(os.listdir(f"/proc/{c.pid()}/fd"))
    before = descriptors()
    held = []
    for number in range(100):
        stream = raw_socket(c, tls=number % 2 == 0)
        stream.sendall(b"GET /api/v1/pods?watch=1 HTTP/1.1\r\nHost: x\r\n" + (b"\r\n" if number % 4 == 0 else b""))
        held.append(stream)
    c.kubectl("get --raw /healthz").ok()
    for stream in held:
        stream.close()
    eventually(lambda: true(descriptors() <= before + 5, f"{descriptors()} descriptors are open, {before} were before"), seconds=20)


@CASES.case("a client that sends its body too slowly holds up nobody")
def slow(c):
    slow = [raw_socket(c) for _ in range(20)]
    for stream in slow:
        stream.sendall(b"POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
    started = time.monotonic()
    equal(c.request("GET", "/api/v1/namespaces/default").status, 200, "the status of another's request")
    true(time.monotonic() - started < 2, "it is answered within 2 s")
    for stream in slow:
        stream.close()


@CASES.case("a watcher that does not read holds up nobody and does not grow the server")
def slow_watcher(c):
    def memory_mb():
        with open(f"/proc/{c.pid()}/statm") as file:
            return int(file.read().split()[1]) * 4096 / 1e6
    before = memory_mb()
    with raw_socket(c) as stream:
        stream.sendall(b"GET /api/v1/namespaces/t-bad/configmaps?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n")
        path = f"/api/v1/namespaces/{c.namespace}/configmaps"
        post(c, config("heavy"))
        connection = c.connect()
        for number in range(400):
            body = json.dumps({"data": {"n": str(number) + "x" * 200_000}})
            connection.request("PATCH", path + "/heavy", body, {"Content-Type": "application/merge-patch+json"})
            answer = connection.getresponse()
            answer.read()
            equal(answer.status, 200, "the status")
        connection.close()
        grown = memory_mb() - before
    true(grown < 150, f"80 MB of events that nobody reads took {grown:.0f} MB")
    c.kubectl("delete cm heavy").ok()


@CASES.case("a client certificate of another authority is not accepted")
def wrong_certificate(c):
    key, cert = c.data_dir + "/wrong.key", c.data_dir + "/wrong.crt"
    c.run(f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /O=system:masters/CN=admin -keyout {key} -out {cert}").ok()
    ran = c.run(["curl", "-sk", "--cert", cert, "--key", key, "-w", "%{http_code}", f"https://127.0.0.1:{c.port}/api/v1/secrets"])
    true(ran.code != 0 or ran.out.endswith(("401", "403")), f"it is refused: {ran.out}")
    true("SecretList" not in ran.out, "no secrets come out")


@CASES.case("a server's certificate is not taken for a client's")
def server_certificate(c):
    for name in ("apiserver", "kubelet"):
        ran = c.run(["curl", "-sk", "--cert", f"{c.data_dir}/pki/{name}.crt", "--key", f"{c.data_dir}/pki/{name}.key", "-w", "%{http_code}",
                     f"https://127.0.0.1:{c.port}/api/v1/secrets"])
        true(ran.code != 0 or ran.out.endswith(("401", "403")), f"{name}'s is refused: {ran.out}")


@CASES.case("kubectl does not trust a server of another authority")
def wrong_authority(c):
    cert = c.data_dir + "/wrong.crt"  # of the case before
    c.kubectl(["--kubeconfig", "/dev/null", "--server", f"https://127.0.0.1:{c.port}", "--certificate-authority", cert, "--token", "x", "get", "pods"]).fails(1) \
        .err_has("certificate signed by unknown authority")


@CASES.case("10 MB of YAML, of protobuf, in chunks and announced alone: 413, and soon")
def huge_forms(c):
    def attempt(body, content_type, headers):
        started = time.monotonic()
        try:
            reply = post(c, body, content_type=content_type, headers=headers)
            refused(c, reply, 413, "RequestEntityTooLarge")
        except (ConnectionError, ssl.SSLError):
            pass  # it may also stop reading and close
        true(time.monotonic() - started < 5, f"{content_type} takes less than 5 s")
    yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n" + "".join(f"  k{i}: {'x' * 990}\n" for i in range(10_000))
    attempt(yaml, "application/yaml", None)
    attempt(b"k8s\0" + b"\x12\xff\xff\x7f" + b"x" * 10_000_000, "application/vnd.kubernetes.protobuf", None)
    with raw_socket(c) as stream:
        stream.sendall(f"POST /api/v1/namespaces/{c.namespace}/configmaps HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        try:
            for _ in range(100):
                stream.sendall(b"186a0\r\n" + b"x" * 100_000 + b"\r\n")
            stream.sendall(b"0\r\n\r\n")
        except OSError:
            pass
        try:
            true(b" 413 " in stream.recv(1000).split(b"\r\n")[0], "the chunks are refused")
        except OSError:
            pass
    with raw_socket(c) as stream:
        stream.sendall(f"POST /api/v1/namespaces/{c.namespace}/configmaps HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n".encode())
        true(b" 413 " in stream.recv(1000).split(b"\r\n")[0], "the announced length is refused before the body comes")
    c.kubectl("get --raw /healthz").ok()


@CASES.case("protobuf that is cut off anywhere: 400, never a crash")
def cut_protobuf(c):
    path = f"/api/v1/namespaces/{c.namespace}/configmaps"
    post(c, config("whole", data={"a": "b", "c": "d"}))
    whole = c.request("GET", path + "/whole", headers={"Accept": "application/vnd.kubernetes.protobuf"}).body
    connection = c.connect()
    for length in range(0, len(whole), 7):
        connection.request("POST", path, whole[:length], {"Content-Type": "application/vnd.kubernetes.protobuf"})
        answer = connection.getresponse()
        answer.read()
        true(answer.status in (400, 409, 422), f"{length} of {len(whole)} bytes: {answer.status}")
    connection.close()
    c.kubectl("delete cm whole").ok()


@CASES.case("kinds, groups and versions that are not there: 404, with the path's words")
def no_such_path(c):
    for path in ("/api/v2/pods", "/apis/apps/v9/deployments", "/apis/nothing.example.com/v1/things", f"/api/v1/namespaces/{c.namespace}/things"):
        refused(c, c.request("GET", path), 404, "NotFound", "the server could not find the requested resource")
    refused(c, post(c, {"apiVersion": "v9", "kind": "ConfigMap", "metadata": {"name": "x"}}), 400, "BadRequest")
    refused(c, post(c, {"kind": "Nothing", "apiVersion": "v1", "metadata": {"name": "x"}}), 400, "BadRequest")


@CASES.case("a client that closes its half gets its answer")
def half_closed(c):
    plain = socket.create_connection(("127.0.0.1", c.port), timeout=10)
    stream = c.tls_context().wrap_socket(plain, server_hostname="127.0.0.1")
    stream.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    plain_end = stream.fileno()
    socket.socket(fileno=os.dup(plain_end)).shutdown(socket.SHUT_WR)  # below TLS: no close_notify
    true(stream.recv(1000).startswith(b"HTTP/1.1 200"), "the answer")
    stream.close()


@CASES.case("header lines without an end are refused")
def headers(c):
    with raw_socket(c) as stream:
        stream.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        try:
            for number in range(2000):
                stream.sendall(f"X-{number}: {'y' * 1000}\r\n".encode())
            first = stream.recv(1000)
        except OSError:
            first = b""
        true(first == b"" or first.split()[1] in (b"400", b"431"), f"the answer: {first[:100]}")
    c.kubectl("get --raw /healthz").ok()


@CASES.case("thousands of bad requests do not grow the server")
def growth(c):
    def memory_mb():
        with open(f"/proc/{c.pid()}/statm") as file:
            return int(file.read().split()[1]) * 4096 / 1e6
    base = f"/api/v1/namespaces/{c.namespace}"
    json_type, yaml_type, protobuf_type = "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"
    bad = [("POST", "/configmaps", '{"apiVersion": "v1", "kind"', json_type), ("POST", "/configmaps", "[" * 20_000, json_type),
           ("POST", "/configmaps", "a: [b\n", yaml_type), ("POST", "/configmaps", "a: \"b\n", yaml_type), ("POST", "/configmaps", b"k8s\0" + os.urandom(500), protobuf_type),
           ("POST", "/configmaps", json.dumps(config("Not_A_Name", data={"a": "x" * 50_000})), json_type),
           ("POST", "/configmaps", json.dumps(config(data={"a": 1})), json_type), ("POST", "/pods", json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {}}), json_type),
           ("PUT", "/configmaps/none", json.dumps(config("none")), json_type), ("PATCH", "/configmaps/none", "{}", "application/merge-patch+json"),
           ("GET", "/configmaps?labelSelector=%3D%3D", None, json_type), ("GET", "/things", None, json_type), ("DELETE", "/configmaps/none", None, json_type),
           ("GET", "/pods/none/log", None, json_type), ("POST", "/configmaps", "x", "text/plain")]

    def load(rounds):
        connection = c.connect()
        for _ in range(rounds):
            for method, path, body, content_type in bad:
                connection.request(method, base + path, body, {"Content-Type": content_type})
                answer = connection.getresponse()
                answer.read()
                true(400 <= answer.status < 500, f"{method} {path}: {answer.status}")
        connection.close()
    load(60)  # what grows once: buffers, caches, the metrics' series
    before = memory_mb()
    load(200)
    grown = memory_mb() - before
    true(grown < 8, f"3000 bad requests took {grown:.1f} MB")
    c.kubectl("get cm x").fails(1).err_has("NotFound")

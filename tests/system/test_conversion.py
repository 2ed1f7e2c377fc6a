"""Custom resources in two versions that a webhook converts: read, followed and written in both, and what a bad webhook does."""
import json
import threading

from .checks import Suite, equal, eventually, true
from .webhook import WebhookServer

CASES = Suite(namespace="t-convert")
HOOK = {}
PLACE = "/apis/conv.example.com/{}/namespaces/t-convert/tabs"


def version(name, storage, **properties):
    spec = {"type": "object", "properties": {key: {"type": "string", **value} for key, value in properties.items()}}
    return {"name": name, "served": True, "storage": name == storage, "subresources": {"status": {}},
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
            "additionalPrinterColumns": [{"name": key, "type": "string", "jsonPath": f".spec.{key}"} for key in properties]}


def definition(storage="v1", path="/convert"):
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "tabs.conv.example.com"},
            "spec": {"group": "conv.example.com", "scope": "Namespaced", "names": {"plural": "tabs", "kind": "Tab"},
                     "versions": [version("v1", storage, host={}, port={"default": "80"}),
                                  version("v2", storage, hostPort={"pattern": ":", "description": "Where it listens."})],
                     "conversion": {"strategy": "Webhook", "webhook": {
                         "conversionReviewVersions": ["v1"], "clientConfig": HOOK["server"].client(path)}}}}


def tab(name, version, **spec):
    return {"apiVersion": f"conv.example.com/{version}", "kind": "Tab", "metadata": {"name": name}, "spec": spec}


def spec(c, version, name="a"):
    return c.kubectl_json(f"get tabs.{version}.conv.example.com {name}")["spec"]


@CASES.case("a definition with a conversion webhook", essential=True)
def define(c):
    HOOK["server"] = WebhookServer(c, "IP:127.0.0.1,DNS:hook.t-convert.svc")
    applied = c.apply(definition()).ok()
    equal(applied.err, "", "what kubectl says on stderr")
    c.kubectl("wait --for=condition=Established crd/tabs.conv.example.com --timeout=20s", namespace=None).ok()
    c.kubectl("api-versions").ok().has("conv.example.com/v1", "conv.example.com/v2")


@CASES.case("each version is written and read")
def both(c):
    c.apply(tab("a", "v1", host="one")).ok()
    c.apply(tab("b", "v2", hostPort="two:2")).ok()
    equal(spec(c, "v1"), {"host": "one", "port": "80"}, "a in v1")
    equal(spec(c, "v2"), {"hostPort": "one:80"}, "a in v2")
    equal(spec(c, "v1", "b"), {"host": "two", "port": "2"}, "b in v1")
    equal(spec(c, "v2", "b"), {"hostPort": "two:2"}, "b in v2")
    c.kubectl("get tabs.v1.conv.example.com").ok().shows("NAME HOST PORT", "a one 80", "b two 2")
    c.kubectl("get tabs.v2.conv.example.com").ok().shows("NAME HOSTPORT", "a one:80", "b two:2")
    c.kubectl("explain tabs.spec.hostPort --api-version=conv.example.com/v2").ok().has("Where it listens.")


@CASES.case("lists go to the webhook together")
def lists(c):
    for number in range(5):
        c.apply(tab(f"many-{number}", "v1", host=f"h{number}")).ok()
    before = len(HOOK["server"].calls("/convert"))
    items = c.request("GET", PLACE.format("v2")).json()["items"]
    equal(sorted(each["spec"]["hostPort"] for each in items)[:5], [f"h{n}:80" for n in range(5)], "the items")
    calls = HOOK["server"].calls("/convert")[before:]
    equal([call["objects"] for call in calls], [5], "the objects of each call: the two others are remembered")
    c.kubectl("delete tabs -l '!keep' --field-selector metadata.name!=a,metadata.name!=b").ok()


@CASES.case("patches in both versions, by the schema of the version that is written")
def patch(c):
    c.kubectl(["patch", "tabs.v2.conv.example.com", "a", "--type=merge", "-p", '{"spec":{"hostPort":"three:3"}}']).ok()
    equal(spec(c, "v1"), {"host": "three", "port": "3"}, "a in v1")
    c.kubectl(["patch", "tabs.v1.conv.example.com", "a", "--type=json", "-p", '[{"op":"replace","path":"/spec/port","value":"4"}]']).ok()
    equal(spec(c, "v2"), {"hostPort": "three:4"}, "a in v2")
    c.kubectl(["patch", "tabs.v2.conv.example.com", "a", "--type=merge", "-p", '{"spec":{"hostPort":"x"}}']).fails(1).err_has("spec.hostPort")
    c.kubectl("label tabs.v2.conv.example.com a seen=yes").ok()
    equal(c.kubectl_json("get tabs.v1.conv.example.com -l seen=yes")["items"][0]["metadata"]["name"], "a", "chosen in v1")


@CASES.case("apply knows owners across versions")
def apply(c):
    c.apply(tab("a", "v1", host="four", port="4")).ok()
    c.apply(tab("s", "v1", host="s", port="1"), "apply --server-side --field-manager=one -f -").ok()
    c.apply(tab("s", "v2", hostPort="t:2"), "apply --server-side --field-manager=two -f -").fails(1).err_has('with "one"', ".spec.host", ".spec.port")
    c.apply(tab("s", "v2", hostPort="t:2"), "apply --server-side --field-manager=two --force-conflicts -f -").ok()
    equal(spec(c, "v1", "s"), {"host": "t", "port": "2"}, "s in v1")
    managed = c.kubectl_json("get tabs.v2.conv.example.com s --show-managed-fields")["metadata"]["managedFields"]
    true(["two", "conv.example.com/v2"] in [[each["manager"], each["apiVersion"]] for each in managed], "the owner has its version")


@CASES.case("a watch of one version sees writes in the other")
def watch(c):
    revision = c.request("GET", PLACE.format("v2")).json()["metadata"]["resourceVersion"]
    seen = []

    def follow():
        connection = c.connect()
        try:
            connection.request("GET", PLACE.format("v2") + f"?watch=1&resourceVersion={revision}&timeoutSeconds=20&fieldSelector=metadata.name%3Dw")
            answer = connection.getresponse()
            while len(seen) < 3:
                line = answer.readline()
                if not line:
                    break
                seen.append(json.loads(line))
        finally:
            connection.close()

    thread = threading.Thread(target=follow)
    thread.start()
    c.apply(tab("w", "v1", host="w", port="1")).ok()
    c.kubectl(["patch", "tabs.v1.conv.example.com", "w", "--type=merge", "-p", '{"spec":{"port":"2"}}']).ok()
    c.kubectl("delete tabs.v1.conv.example.com w").ok()
    thread.join(20)
    equal([(each["type"], each["object"]["apiVersion"], each["object"]["spec"]["hostPort"]) for each in seen],
          [("ADDED", "conv.example.com/v2", "w:1"), ("MODIFIED", "conv.example.com/v2", "w:2"), ("DELETED", "conv.example.com/v2", "w:2")], "what it saw")


@CASES.case("another storage version: what is stored stays readable, and moves when it is written")
def storage(c):
    c.apply(definition(storage="v2")).ok()
    eventually(lambda: equal(c.kubectl_json("get crd tabs.conv.example.com")["status"]["storedVersions"], ["v1", "v2"], "the stored versions"))
    equal(spec(c, "v1"), {"host": "four", "port": "4"}, "a in v1")
    equal(spec(c, "v2"), {"hostPort": "four:4"}, "a in v2")
    before = c.kubectl_json("get tabs.v2.conv.example.com a")["metadata"]["resourceVersion"]
    for expected in (True, False):  # it moves once
        equal(c.request("PATCH", PLACE.format("v2") + "/a", "{}", "application/merge-patch+json").status, 200, "the status")
        after = c.kubectl_json("get tabs.v2.conv.example.com a")["metadata"]["resourceVersion"]
        equal(after != before, expected, "that it was written")
        before = after
    c.kubectl("delete tabs s b").ok()


@CASES.case("answers that are wrong are refused, and say whose they are")
def wrong(c):
    failed = "conversion webhook for conv.example.com/v2, Kind=Tab "
    for path, why in (("/convert-fail", "failed: this cannot be converted"), ("/convert-name", "returned invalid object: must have the same name: a != other"),
                      ("/convert-few", "returned 0 objects, expected 1"), ("/convert-version", "returned invalid object at index 0: invalid groupVersion")):
        c.apply(definition(storage="v2", path=path)).ok()
        eventually(lambda: c.kubectl("get tabs.v1.conv.example.com a").fails(1).err_has(failed + why))
        answer = c.request("GET", PLACE.format("v1") + "/a")
        equal((answer.status, answer.json().get("reason")), (500, None), "the status and reason")
    equal(spec(c, "v2"), {"hostPort": "four:4"}, "a in v2")
    c.apply(definition(storage="v2")).ok()
    eventually(lambda: equal(c.kubectl("get tabs.v1.conv.example.com a").code, 0, "the exit status"))


@CASES.case("a webhook that is down hurts its version alone, and not for longer")
def down(c):
    HOOK["server"].stop()
    port = HOOK["server"].port
    # What was converted before is remembered, so it is written first.
    c.kubectl(["patch", "tabs.v2.conv.example.com", "a", "--type=merge", "-p", '{"spec":{"hostPort":"five:5"}}']).ok()
    c.kubectl("get tabs.v1.conv.example.com").fails(1).err_has(
        f'conversion webhook for conv.example.com/v2, Kind=Tab failed: Post "https://127.0.0.1:{port}/convert?timeout=30s": '
        f"dial tcp 127.0.0.1:{port}: connect: connection refused")
    c.apply(tab("n", "v1", host="n")).fails(1).err_has("conversion webhook for")
    watched = c.request("GET", PLACE.format("v1") + "?watch=1&timeoutSeconds=5")
    true(b"conversion webhook for" in watched.body, "a watch says so")
    equal(spec(c, "v2"), {"hostPort": "five:5"}, "a in v2")
    c.kubectl("create configmap other").ok()
    HOOK["server"].start()
    equal(spec(c, "v1"), {"host": "five", "port": "5"}, "a in v1")


@CASES.case("the definition goes, with a webhook that is gone")
def gone(c):
    HOOK["server"].remove()
    c.kubectl("delete crd tabs.conv.example.com --timeout=30s", namespace=None).ok()
    c.kubectl("get tabs").fails(1)

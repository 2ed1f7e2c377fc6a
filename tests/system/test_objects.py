"""One object, by all the commands that work on any kind."""
import json
import subprocess
import time

from .checks import Suite, equal, true

CASES = Suite(namespace="t-objects")


@CASES.case("create configmap from literals", essential=True)
def create(c):
    c.kubectl("create configmap one --from-literal=a=1 --from-literal=b=two").ok().says("configmap/one created")


@CASES.case("get as a table")
def get(c):
    lines = c.kubectl("get configmap one").ok().out.splitlines()
    equal(lines[0].split(), ["NAME", "DATA", "AGE"], "the columns")
    equal(lines[1].split()[:2], ["one", "2"], "the cells")


@CASES.case("get -o json")
def get_json(c):
    one = c.kubectl_json("get configmap one")
    equal((one["apiVersion"], one["kind"], one["data"]), ("v1", "ConfigMap", {"a": "1", "b": "two"}), "it")
    for field in ("uid", "resourceVersion", "creationTimestamp"):
        true(one["metadata"].get(field), f"metadata.{field} is set")


@CASES.case("get -o yaml, name, jsonpath, custom-columns, go-template")
def get_forms(c):
    c.kubectl("get cm one -o yaml").ok().has("kind: ConfigMap", "  b: two", "uid: ")
    c.kubectl("get cm one -o name").ok().says("configmap/one")
    c.kubectl(["get", "cm", "one", "-o", "jsonpath={.data.b}"]).ok().says("two")
    c.kubectl("get cm one -o custom-columns=N:.metadata.name,A:.data.a").ok().has("N     A", "one   1")
    c.kubectl(["get", "cm", "one", "-o", "go-template={{.data.a}}"]).ok().says("1")


@CASES.case("get --show-labels, -L, --no-headers, --sort-by")
def get_options(c):
    c.kubectl("label cm one tier=web").ok().says("configmap/one labeled")
    c.kubectl("get cm one --show-labels").ok().has("LABELS", "tier=web")
    c.kubectl("get cm one -L tier").ok().has("TIER", "web")
    c.kubectl("get cm one --no-headers").ok().lacks("NAME")
    c.kubectl("get cm --sort-by=.metadata.name").ok().has("one")


@CASES.case("get -A has a NAMESPACE column")
def get_all_namespaces(c):
    c.kubectl("get cm -A").ok().has("NAMESPACE", "t-objects", "kube-root-ca.crt")


@CASES.case("get of what is not there: NotFound")
def not_found(c):
    c.kubectl("get cm nothing").fails(1).err_has('Error from server (NotFound): configmaps "nothing" not found')
    c.kubectl("get cm nothing --ignore-not-found").ok().says("")


@CASES.case("create of what is there: AlreadyExists")
def already_exists(c):
    c.kubectl("create configmap one").fails(1).err_has('configmaps "one" already exists')
    c.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}}, "create -f -").fails(1).err_has("(AlreadyExists)")


@CASES.case("describe")
def describe(c):
    c.kubectl("describe cm one").ok().shows("Name: one", "Labels: tier=web", "two")


@CASES.case("labels: overwrite, remove, select")
def label(c):
    c.kubectl("label cm one tier=db").fails(1).err_has("--overwrite is false")
    c.kubectl("label cm one tier=db --overwrite").ok()
    c.kubectl("get cm -l tier=db -o name").ok().says("configmap/one")
    c.kubectl("get cm -l 'tier in (db,web)' -o name").ok().says("configmap/one")
    c.kubectl("get cm -l 'tier notin (db)' -o name").ok().lacks("configmap/one")
    c.kubectl("get cm -l '!tier' -o name").ok().lacks("configmap/one")
    c.kubectl("label cm one tier-").ok().says("configmap/one unlabeled" if c.since(1, 23) else "configmap/one labeled")
    c.kubectl("get cm -l tier -o name").ok().says("")


@CASES.case("field selectors")
def fields(c):
    c.kubectl("get cm --field-selector metadata.name=one -o name").ok().says("configmap/one")
    c.kubectl("get cm --field-selector metadata.name!=one -o name").ok().lacks("configmap/one")
    c.kubectl("get cm --field-selector data.a=1").fails(1).err_has('"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"')


@CASES.case("annotate")
def annotate(c):
    c.kubectl(["annotate", "cm", "one", "note=a b"]).ok().has("annotated")
    equal(c.kubectl_json("get cm one")["metadata"]["annotations"]["note"], "a b", "the annotation")
    c.kubectl("annotate cm one note-").ok()
    true("annotations" not in c.kubectl_json("get cm one")["metadata"], "it is gone")


@CASES.case("patch --type=merge, with null to remove")
def patch_merge(c):
    c.kubectl(["patch", "cm", "one", "--type=merge", "-p", '{"data":{"c":"3","a":null}}']).ok().says("configmap/one patched")
    equal(c.kubectl_json("get cm one")["data"], {"b": "two", "c": "3"}, "the data")


@CASES.case("patch --type=json")
def patch_json(c):
    c.kubectl(["patch", "cm", "one", "--type=json", "-p",
               '[{"op":"test","path":"/data/c","value":"3"},{"op":"replace","path":"/data/c","value":"4"},{"op":"add","path":"/data/d","value":"5"}]']).ok()
    equal(c.kubectl_json("get cm one")["data"], {"b": "two", "c": "4", "d": "5"}, "the data")


@CASES.case("patch --type=json whose test does not hold fails and changes nothing")
def patch_json_test(c):
    before = c.kubectl_json("get cm one")
    c.kubectl(["patch", "cm", "one", "--type=json", "-p",
               '[{"op":"replace","path":"/data/b","value":"x"},{"op":"test","path":"/data/b","value":"9"}]']).fails(1)
    equal(c.kubectl_json("get cm one"), before, "it")


@CASES.case("patch --type=strategic merges lists by their keys")
def patch_strategic(c):
    c.apply("""
apiVersion: v1
kind: Service
metadata: {name: svc}
spec: {selector: {app: x}, ports: [{name: a, port: 80}, {name: b, port: 81}]}
""").ok()
    c.kubectl(["patch", "service", "svc", "-p", '{"spec":{"ports":[{"port":81,"targetPort":8081}]}}']).ok()
    ports = {port["port"]: port["targetPort"] for port in c.kubectl_json("get service svc")["spec"]["ports"]}
    equal(ports, {80: 80, 81: 8081}, "the target ports")


@CASES.case("patch that changes nothing says so and keeps the resourceVersion")
def patch_nothing(c):
    before = c.kubectl_json("get cm one")["metadata"]["resourceVersion"]
    c.kubectl(["patch", "cm", "one", "--type=merge", "-p", '{"data":{"b":"two"}}']).ok().has("(no change)")
    equal(c.kubectl_json("get cm one")["metadata"]["resourceVersion"], before, "the resourceVersion")


@CASES.case("edit")
def edit(c):
    c.kubectl("edit cm one", env={"KUBE_EDITOR": "sed -i s/two/three/"}).ok().says("configmap/one edited")
    equal(c.kubectl_json("get cm one")["data"]["b"], "three", "the edited value")
    c.kubectl("edit cm one", env={"KUBE_EDITOR": "true"}).ok().err_has("no changes made")


@CASES.case("replace")
def replace(c):
    one = c.kubectl_json("get cm one")
    one["data"] = {"only": "this"}
    c.apply(one, "replace -f -").ok().says("configmap/one replaced")
    equal(c.kubectl_json("get cm one")["data"], {"only": "this"}, "the data")


@CASES.case("replace with a stale resourceVersion: Conflict")
def conflict(c):
    one = c.kubectl_json("get cm one")
    c.kubectl("label cm one moved=on").ok()
    c.apply(one, "replace -f -").fails(1).err_has("(Conflict)", "the object has been modified; please apply your changes to the latest version")


@CASES.case("dry run on the server stores nothing")
def dry_run(c):
    c.kubectl("create configmap dry --dry-run=server").ok().says("configmap/dry created (server dry run)")
    c.kubectl("get cm dry").fails(1)
    c.kubectl("delete cm one --dry-run=server").ok()
    c.kubectl("get cm one").ok()


@CASES.case("generateName")
def generate_name(c):
    made = c.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "made-"}}, "create -f - -o name").ok().out.strip()
    true(made.startswith("configmap/made-") and len(made) == len("configmap/made-") + 5, f"the name is {made}")


@CASES.case("immutable ConfigMaps refuse changes")
def immutable(c):
    c.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "fixed"}, "immutable": True, "data": {"a": "1"}}).ok()
    c.kubectl(["patch", "cm", "fixed", "--type=merge", "-p", '{"data":{"a":"2"}}']).fails(1).err_has("field is immutable when `immutable` is set")


@CASES.case("create secret; data in base64")
def secret(c):
    c.kubectl("create secret generic s --from-literal=password=hunter2").ok().says("secret/s created")
    equal(c.kubectl_json("get secret s")["data"], {"password": "aHVudGVyMg=="}, "the data")
    c.kubectl("get secret s").ok().has("TYPE", "Opaque")
    c.kubectl("describe secret s").ok().has("password:  7 bytes").lacks("hunter2")


@CASES.case("stringData becomes data")
def string_data(c):
    c.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "sd"}, "stringData": {"x": "y"}}).ok()
    one = c.kubectl_json("get secret sd")
    equal(one["data"], {"x": "eQ=="}, "the data")
    true("stringData" not in one, "stringData is not stored")


@CASES.case("create serviceaccount")
def service_account(c):
    c.kubectl("create serviceaccount sa").ok().says("serviceaccount/sa created")
    c.kubectl("get sa sa").ok().has("sa")


@CASES.case("a finalizer holds an object until it is taken off")
def finalizer(c):
    c.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", "finalizers": ["example.com/hold"]}}).ok()
    c.kubectl("delete cm held --wait=false").ok()
    true(c.kubectl_json("get cm held")["metadata"].get("deletionTimestamp"), "it is being deleted")
    c.kubectl(["patch", "cm", "held", "--type=merge", "-p", '{"metadata":{"finalizers":null}}']).ok()
    c.kubectl("get cm held").fails(1).err_has("NotFound")


@CASES.case("--watch tells of additions, changes and the end")
def watch(c):
    watcher = subprocess.Popen(["kubectl", "--kubeconfig", c.kubeconfig, "-n", c.namespace, "get", "cm", "-l", "w=1", "--watch", "--output-watch-events",
                                "-o", "custom-columns=E:.type,N:.object.metadata.name,V:.object.data.v"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        time.sleep(1.0)
        c.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "w", "labels": {"w": "1"}}, "data": {"v": "1"}}).ok()
        c.kubectl(["patch", "cm", "w", "--type=merge", "-p", '{"data":{"v":"2"}}']).ok()
        c.kubectl("label cm w w-").ok()  # leaves the selector: DELETED
        time.sleep(0.7)
    finally:
        watcher.kill()
    seen = [line.split() for line in watcher.communicate()[0].splitlines()[1:]]
    equal([(event[0], event[2]) for event in seen], [("ADDED", "1"), ("MODIFIED", "2"), ("DELETED", "2")], "the events")


@CASES.case("wait --for=delete")
def wait(c):
    c.kubectl("create cm gone").ok()
    waiter = subprocess.Popen(["kubectl", "--kubeconfig", c.kubeconfig, "-n", c.namespace, "wait", "--for=delete", "cm/gone", "--timeout=20s"], stdout=subprocess.DEVNULL)
    time.sleep(0.5)
    c.kubectl("delete cm gone").ok().has('configmap "gone" deleted')
    equal(waiter.wait(20), 0, "the exit code of wait")


@CASES.case("wait --for=jsonpath", since=(1, 23))
def wait_jsonpath(c):
    c.kubectl("wait --for=jsonpath={.data.only}=this cm/one --timeout=5s").ok().has("condition met")
    c.kubectl("wait --for=jsonpath={.data.only}=that cm/one --timeout=1s").fails(1).err_has("timed out")


@CASES.case("delete by selector and --all")
def delete(c):
    for name in ("x1", "x2"):
        c.kubectl(f"create cm {name}").ok()
        c.kubectl(f"label cm {name} x=y").ok()
    c.kubectl("delete cm -l x=y").ok().has('"x1" deleted', '"x2" deleted')
    c.kubectl("delete secret --all").ok()
    c.kubectl("get secret -o name").ok().says("")
    c.kubectl("delete cm nothing").fails(1).err_has("NotFound")
    c.kubectl("delete cm nothing --ignore-not-found").ok()


@CASES.case("deletecollection by the API")
def delete_collection(c):
    for name in ("y1", "y2"):
        c.kubectl(f"create cm {name}").ok()
        c.kubectl(f"label cm {name} y=z").ok()
    reply = c.request("DELETE", f"/api/v1/namespaces/{c.namespace}/configmaps?labelSelector=y%3Dz")
    equal((reply.status, reply.json()["kind"], [item["metadata"]["name"] for item in reply.json()["items"]]), (200, "ConfigMapList", ["y1", "y2"]), "the answer")
    c.kubectl("get cm -l y=z -o name").ok().says("")


@CASES.case("delete with preconditions: another uid is a Conflict")
def preconditions(c):
    reply = c.request("DELETE", f"/api/v1/namespaces/{c.namespace}/configmaps/one", {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": "other"}})
    equal((reply.status, reply.json()["reason"]), (409, "Conflict"), "the answer")


@CASES.case("LIST in pages: limit and continue")
def pages(c):
    for i in range(7):
        c.request("POST", f"/api/v1/namespaces/{c.namespace}/configmaps", {"metadata": {"name": f"page-{i}", "labels": {"page": "1"}}})
    path, names, rounds = f"/api/v1/namespaces/{c.namespace}/configmaps?labelSelector=page&limit=3", [], 0
    token = ""
    while True:
        page = c.request("GET", path + (f"&continue={token}" if token else "")).json()
        true(len(page["items"]) <= 3, "a page holds at most 3")
        names += [item["metadata"]["name"] for item in page["items"]]
        rounds += 1
        token = page["metadata"].get("continue", "")
        if not token or rounds > 9:
            break
    equal((names, rounds), ([f"page-{i}" for i in range(7)], 3), "names and pages")
    c.kubectl("get cm -l page --chunk-size=2 -o name").ok().has("page-6")


@CASES.case("a watch from an old resourceVersion tells what happened since")
def watch_since(c):
    version = c.request("GET", f"/api/v1/namespaces/{c.namespace}/configmaps").json()["metadata"]["resourceVersion"]
    c.kubectl("create cm later").ok()
    reply = c.request("GET", f"/api/v1/namespaces/{c.namespace}/configmaps?watch=1&resourceVersion={version}&timeoutSeconds=1")
    events = [json.loads(line) for line in reply.body.splitlines()]
    equal([(event["type"], event["object"]["metadata"]["name"]) for event in events], [("ADDED", "later")], "the events")


@CASES.case("a watch from a resourceVersion that is no number: Invalid")
def watch_bad_version(c):
    equal(c.request("GET", f"/api/v1/namespaces/{c.namespace}/configmaps?watch=1&resourceVersion=abc").status, 422, "the status")


@CASES.case("watch bookmarks at the start of a streamed list")
def bookmarks(c):
    reply = c.request("GET", f"/api/v1/namespaces/{c.namespace}/configmaps?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                             "&allowWatchBookmarks=true&timeoutSeconds=1")
    events = [json.loads(line) for line in reply.body.splitlines()]
    marks = [event for event in events if event["type"] == "BOOKMARK"]
    true(marks and marks[0]["object"]["metadata"]["annotations"].get("k8s.io/initial-events-end") == "true", f"the end of the list is marked: {marks}")


@CASES.case("events that a client writes are listed")
def events(c):
    uid = c.kubectl_json("get cm one")["metadata"]["uid"]
    c.apply({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "one.1"}, "type": "Normal", "reason": "Tested", "message": "it was tested",
             "involvedObject": {"apiVersion": "v1", "kind": "ConfigMap", "name": "one", "namespace": c.namespace, "uid": uid},
             "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:00Z", "count": 1}, "create -f -").ok()
    if c.since(1, 26):
        c.kubectl("events --for configmap/one").ok().has("Tested", "it was tested")
    c.kubectl("get events").ok().has("REASON", "Tested", "configmap/one")
    c.kubectl("get events --field-selector reason=Tested -o name").ok().says("event/one.1")
    c.kubectl("get events --field-selector involvedObject.name=other -o name").ok().says("")

"""Custom resources by kubectl, from their definition to their end, and definitions as operators ship them."""
import copy
import json
import threading

from .checks import Suite, equal, eventually, true

CASES = Suite(namespace="t-custom")

SCHEMA = {
    "description": "A job that runs by the clock.", "type": "object", "required": ["spec"],
    "properties": {
        "spec": {
            "description": "What is wanted.", "type": "object", "required": ["cronSpec"],
            "properties": {
                "cronSpec": {"type": "string", "description": "When it runs, as cron writes it.", "pattern": r"^(\d+|\*)(/\d+)?(\s+(\d+|\*)(/\d+)?){4}$"},
                "image": {"type": "string"},
                "replicas": {"type": "integer", "minimum": 1, "maximum": 10, "default": 1},
                "policy": {"type": "string", "enum": ["Allow", "Forbid"]},
                "port": {"x-kubernetes-int-or-string": True},
                "address": {"type": "string", "format": "ipv4"},
                "note": {"type": "string", "nullable": True},
                "raw": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "steps": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                          "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "after": {"type": "string", "default": "nothing"}}}}}},
        "status": {
            "type": "object",
            "properties": {
                "replicas": {"type": "integer"}, "selector": {"type": "string"},
                "conditions": {"type": "array", "items": {"type": "object", "required": ["type", "status"], "properties": {"type": {"type": "string"}, "status": {"type": "string"}}}}}}}}

VERSION = {
    "name": "v1", "served": True, "storage": True,
    "schema": {"openAPIV3Schema": SCHEMA},
    "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas", "labelSelectorPath": ".status.selector"}},
    "selectableFields": [{"jsonPath": ".spec.image"}],
    "additionalPrinterColumns": [
        {"name": "Spec", "type": "string", "jsonPath": ".spec.cronSpec", "description": "When it runs"},
        {"name": "Replicas", "type": "integer", "jsonPath": ".spec.replicas"},
        {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
        {"name": "Image", "type": "string", "priority": 1, "jsonPath": ".spec.image"},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}],
}

CRD = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "crontabs.stable.example.com"},
    "spec": {"group": "stable.example.com", "scope": "Namespaced",
             "names": {"plural": "crontabs", "singular": "crontab", "kind": "CronTab", "shortNames": ["ct"], "categories": ["all"]},
             "versions": [VERSION]},
}


def tab(name="mine", version="v1", **spec):
    return {"apiVersion": f"stable.example.com/{version}", "kind": "CronTab", "metadata": {"name": name}, "spec": {"cronSpec": "* * * * */5", **spec}}


def define(c, crd):
    c.apply(crd).ok()
    c.kubectl(f"wait --for=condition=Established crd/{crd['metadata']['name']} --timeout=20s", namespace=None).ok()


@CASES.case("a definition is established", essential=True)
def established(c):
    define(c, CRD)
    conditions = {each["type"]: each for each in c.kubectl_json("get crd crontabs.stable.example.com")["status"]["conditions"]}
    equal(conditions["NamesAccepted"]["reason"], "NoConflicts", "NamesAccepted")
    equal(conditions["Established"]["reason"], "InitialNamesAccepted", "Established")
    c.kubectl("get crd").ok().shows("NAME CREATED AT", "crontabs.stable.example.com 20")


@CASES.case("discovery shows it, with short names, categories and subresources")
def discovery(c):
    c.kubectl("api-resources --api-group=stable.example.com -o wide").ok().shows("crontabs ct stable.example.com/v1 true CronTab")
    c.kubectl("api-versions").ok().has("stable.example.com/v1")
    listed = c.request("GET", "/apis/stable.example.com/v1").json()
    equal([each["name"] for each in listed["resources"]], ["crontabs", "crontabs/status", "crontabs/scale"], "the resources")


@CASES.case("create, get, change, delete")
def crud(c):
    c.apply(tab(image="busybox", replicas=3)).ok().says("crontab.stable.example.com/mine created")
    c.apply(tab(image="busybox", replicas=3)).ok().says("crontab.stable.example.com/mine unchanged")
    c.apply(tab(image="alpine", replicas=3)).ok().says("crontab.stable.example.com/mine configured")
    got = c.kubectl_json("get ct mine")
    equal((got["spec"]["image"], got["metadata"]["generation"]), ("alpine", 2), "image and generation")
    c.kubectl("label crontab mine a=b").ok()
    equal(c.kubectl_json("get ct mine")["metadata"]["generation"], 2, "the generation after a label")
    c.kubectl(["patch", "ct", "mine", "--type=merge", "-p", '{"spec":{"replicas":4}}']).ok()
    c.kubectl(["patch", "ct", "mine", "--type=json", "-p", '[{"op":"replace","path":"/spec/policy","value":"Allow"}]']).fails(1)
    c.kubectl(["patch", "ct", "mine", "--type=json", "-p", '[{"op":"add","path":"/spec/policy","value":"Allow"}]']).ok()
    c.kubectl(["patch", "ct", "mine", "--type=strategic", "-p", '{"spec":{"replicas":5}}']).fails(1).err_has("application/strategic-merge-patch+json is not supported by stable.example.com/v1, Kind=CronTab")
    c.kubectl("get ct -l a=b").ok().has("mine")
    c.kubectl("get ct -l a=c").ok().err_has("No resources found")
    c.kubectl("get ct --field-selector spec.image=alpine").ok().has("mine")
    c.kubectl("get ct --field-selector spec.image=busybox").ok().err_has("No resources found")
    c.kubectl("get ct --field-selector spec.policy=Allow").fails(1).err_has("field label not supported: spec.policy")
    c.kubectl("get all").ok().has("crontab.stable.example.com/mine")
    c.kubectl("delete ct mine").ok().has('crontab.stable.example.com "mine" deleted')


@CASES.case("the columns of kubectl get")
def columns(c):
    c.apply(tab("wide", image="busybox", replicas=2)).ok()
    c.kubectl("get ct").ok().shows("NAME SPEC REPLICAS READY AGE", "wide * * * * */5 2")
    c.kubectl(["patch", "ct", "wide", "--subresource=status", "--type=merge", "-p", '{"status":{"conditions":[{"type":"Ready","status":"True"}]}}']).ok()
    c.kubectl("get ct wide -o wide").ok().shows("NAME SPEC REPLICAS READY IMAGE AGE", "2 True busybox")
    c.kubectl("get ct wide --no-headers -o custom-columns=I:.spec.image").ok().says("busybox")


@CASES.case("status is written apart")
def status(c):
    c.apply(tab("wide", image="busybox", replicas=2)).ok()
    c.kubectl(["patch", "ct", "wide", "--type=merge", "-p", '{"status":{"replicas":7}}']).ok()
    true("replicas" not in c.kubectl_json("get ct wide")["status"], "the object itself does not take a status")
    c.kubectl(["patch", "ct", "wide", "--subresource=status", "--type=merge", "-p", '{"status":{"replicas":7,"selector":"a=b"},"spec":{"image":"other"}}']).ok()
    got = c.kubectl_json("get ct wide")
    equal((got["status"]["replicas"], got["spec"]["image"]), (7, "busybox"), "status and spec")


@CASES.case("scale")
def scale(c):
    c.kubectl("scale ct/wide --replicas=5").ok()
    equal(c.kubectl_json("get ct wide")["spec"]["replicas"], 5, "spec.replicas")
    got = c.request("GET", f"/apis/stable.example.com/v1/namespaces/{c.namespace}/crontabs/wide/scale").json()
    equal((got["kind"], got["spec"]["replicas"], got["status"]), ("Scale", 5, {"replicas": 7, "selector": "a=b"}), "the Scale")
    c.kubectl("scale ct/wide --replicas=50").fails(1).err_has("spec.replicas in body should be less than or equal to 10")


@CASES.case("defaults and pruning")
def defaults(c):
    # By create: apply leaves nulls out of what it sends.
    c.apply(tab("small", steps=[{"name": "one"}], note=None, raw={"any": {"thing": [1]}}), "create --save-config -f -").ok()
    spec = c.kubectl_json("get ct small")["spec"]
    equal(spec, {"cronSpec": "* * * * */5", "replicas": 1, "steps": [{"name": "one", "after": "nothing"}], "note": None, "raw": {"any": {"thing": [1]}}}, "the spec")
    c.apply(tab("strict", unknown=1)).fails(1).err_has('unknown field "spec.unknown"')
    c.apply(tab("strict", unknown=1), "apply --validate=ignore -f -").ok()
    true("unknown" not in c.kubectl_json("get ct strict")["spec"], "it is not stored")


@CASES.case("what is wrong is said as Kubernetes says it")
def invalid(c):
    def wrong(text, **spec):
        c.apply(tab("wrong", **spec), "create --validate=false -f -").fails(1).err_has('The CronTab "wrong" is invalid', text)

    wrong("spec.replicas: Invalid value: \"string\": spec.replicas in body must be of type integer: \"string\"", replicas="three")
    wrong("spec.replicas: Invalid value: 0: spec.replicas in body should be greater than or equal to 1", replicas=0)
    wrong("spec.policy: Unsupported value: \"Maybe\": supported values: \"Allow\", \"Forbid\"", policy="Maybe")
    wrong("spec.address: Invalid value: \"10.0\": spec.address in body must be of type ipv4: \"10.0\"", address="10.0")
    wrong("spec.port: Invalid value: \"boolean\": spec.port in body must be of type integer,string: \"boolean\"", port=True)
    wrong("spec.steps[1]: Duplicate value", steps=[{"name": "a"}, {"name": "a"}])
    wrong("spec.cronSpec in body should match", cronSpec="x")
    reply = c.request("POST", f"/apis/stable.example.com/v1/namespaces/{c.namespace}/crontabs", {**tab("wrong"), "spec": {}})
    equal((reply.status, reply.json()["details"]["causes"]), (422, [{"reason": "FieldValueRequired", "message": "Required value", "field": "spec.cronSpec"}]), "the causes")
    c.apply(tab("Wrong")).fails(1).err_has("a lowercase RFC 1123 subdomain")


@CASES.case("explain and the OpenAPI documents")
def explain(c):
    c.kubectl("explain crontab.spec").ok().has("What is wanted.", "cronSpec", "<string> -required-", "replicas", "<integer>")
    c.kubectl("explain crontab.spec.steps").ok().has("after")
    c.kubectl("explain crontab.metadata").ok().has("ownerReferences")
    document = c.request("GET", "/openapi/v3/apis/stable.example.com/v1").json()
    schema = document["components"]["schemas"]["com.example.stable.v1.CronTab"]
    equal(schema["x-kubernetes-group-version-kind"], [{"group": "stable.example.com", "kind": "CronTab", "version": "v1"}], "the kind")
    true("com.example.stable.v1.CronTabList" in document["components"]["schemas"], "the list is there")
    v2 = c.request("GET", "/openapi/v2").json()
    true("/apis/stable.example.com/v1/namespaces/{namespace}/crontabs/{name}/scale" in v2["paths"], "v2 has its paths")


@CASES.case("dry run changes nothing")
def dry_run(c):
    c.apply(tab("dry"), "apply --dry-run=server -f -").ok().has("created (server dry run)")
    c.kubectl("get ct dry").fails(1).err_has('crontabs.stable.example.com "dry" not found')
    c.apply(tab("dry", replicas=50), "apply --dry-run=server -f -").fails(1)
    c.apply(tab("small", replicas=9), "diff -f -").fails(1).has("+  replicas: 9")


@CASES.case("server-side forms: YAML, metadata alone, no protobuf")
def forms(c):
    path = f"/apis/stable.example.com/v1/namespaces/{c.namespace}/crontabs/small"
    reply = c.request("GET", path, headers={"Accept": "application/vnd.kubernetes.protobuf,application/json"})
    equal({name.lower(): value for name, value in reply.headers.items()}["content-type"], "application/json", "the content type")
    equal(c.request("GET", path, headers={"Accept": "application/vnd.kubernetes.protobuf"}).status, 406, "protobuf alone")
    partial = c.request("GET", path, headers={"Accept": "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}).json()
    equal((partial["kind"], partial["metadata"]["name"]), ("PartialObjectMetadata", "small"), "the metadata")
    equal(c.request("POST", path.rsplit("/", 1)[0], b"k8s\0", content_type="application/vnd.kubernetes.protobuf").status, 415, "a body in protobuf")


@CASES.case("RBAC")
def rbac(c):
    c.kubectl("create role tabs --verb=get,list --resource=crontabs.stable.example.com").ok()
    c.kubectl("create rolebinding tabs --role=tabs --user=jane").ok()
    c.kubectl("get ct small --as=jane").ok()
    c.kubectl("delete ct small --as=jane").fails(1).err_has('cannot delete resource "crontabs" in API group "stable.example.com"')
    c.kubectl("auth can-i list crontabs.stable.example.com --as=jane").ok().says("yes")


@CASES.case("garbage collection by owner references")
def garbage(c):
    c.apply(tab("owner")).ok()
    uid = c.kubectl_json("get ct owner")["metadata"]["uid"]
    reference = {"apiVersion": "stable.example.com/v1", "kind": "CronTab", "name": "owner", "uid": uid}
    c.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owned", "ownerReferences": [reference]}}).ok()
    child = tab("child")
    child["metadata"]["ownerReferences"] = [reference]
    c.apply(child).ok()
    c.kubectl("delete ct owner").ok()
    c.wait_gone("cm owned")
    c.wait_gone("ct child")
    c.kubectl("get ct small").ok()


@CASES.case("a definition changes under a watch")
def live_change(c):
    seen = []

    def follow():
        connection = c.connect(timeout=20)
        connection.request("GET", f"/apis/stable.example.com/v1/namespaces/{c.namespace}/crontabs?watch=1&timeoutSeconds=15")
        reply = connection.getresponse()
        for line in reply:
            event = json.loads(line)
            seen.append((event["type"], event["object"]["metadata"]["name"], event["object"]["spec"].get("timeZone")))
            if event["object"]["spec"].get("timeZone") == "CET":
                return

    watcher = threading.Thread(target=follow, daemon=True)
    watcher.start()
    eventually(lambda: true(("ADDED", "small", None) in seen, f"the watch has begun: {seen}"))
    changed = copy.deepcopy(CRD)
    changed["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["timeZone"] = {"type": "string", "default": "UTC"}
    c.apply(changed).ok()
    eventually(lambda: equal(c.kubectl_json("get ct small")["spec"].get("timeZone"), "UTC", "the new default"))
    c.kubectl(["patch", "ct", "small", "--type=merge", "-p", '{"spec":{"timeZone":"CET"}}']).ok()
    watcher.join(10)
    true(("MODIFIED", "small", "CET") in seen, f"the same watch shows the new field: {seen}")


@CASES.case("several versions")
def versions(c):
    changed = copy.deepcopy(CRD)
    old = copy.deepcopy(VERSION)
    old.update(name="v1beta1", storage=False, deprecated=True)
    changed["spec"]["versions"].append(old)
    c.apply(changed).ok()
    eventually(lambda: c.kubectl("get crontabs.v1beta1.stable.example.com small").ok().err_has("stable.example.com/v1beta1 CronTab is deprecated"))
    equal(c.kubectl_json("get crontabs.v1beta1.stable.example.com small")["apiVersion"], "stable.example.com/v1beta1", "the version")
    c.apply(tab("older", "v1beta1", image="busybox")).ok()
    equal(c.kubectl_json("get ct older")["apiVersion"], "stable.example.com/v1", "the preferred version")
    # The storage version moves; what is stored in the old one is still read.
    changed["spec"]["versions"][0]["storage"], changed["spec"]["versions"][1]["storage"] = False, True
    c.apply(changed).ok()
    eventually(lambda: equal(c.kubectl_json("get crd crontabs.stable.example.com")["status"]["storedVersions"], ["v1", "v1beta1"], "storedVersions"))
    equal(c.kubectl_json("get ct older")["spec"]["image"], "busybox", "the object")
    del changed["spec"]["versions"][0]
    c.apply(changed).fails(1).err_has("status.storedVersions[0]: Invalid value: \"v1\": missing from spec.versions; v1 was previously a storage version")


@CASES.case("definitions that are wrong")
def wrong_definitions(c):
    def wrong(edit, *texts):
        crd = copy.deepcopy(CRD)
        crd["metadata"]["name"], crd["spec"]["names"] = "others.stable.example.com", {"plural": "others", "kind": "Other"}
        edit(crd["spec"])
        c.apply(crd, "create --validate=false -f -").fails(1).err_has('The CustomResourceDefinition "others.stable.example.com" is invalid', *texts)

    def schema(**members):
        return lambda spec: spec["versions"][0]["schema"]["openAPIV3Schema"]["properties"].update(members)

    at = "spec.versions[0].schema.openAPIV3Schema.properties[x]"
    wrong(schema(x={}), f"{at}.type: Required value: must not be empty for specified object fields")
    wrong(schema(x={"type": "array"}), f"{at}.items: Required value: must be specified")
    wrong(schema(x={"type": "wrong"}), f'{at}.type: Unsupported value: "wrong": supported values: "array", "boolean", "integer", "number", "object", "string"')
    wrong(schema(x={"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "string"}}), "additionalProperties and properties are mutual exclusive")
    wrong(schema(x={"type": "string", "anyOf": [{"type": "string"}]}), f"{at}.anyOf[0].type: Forbidden: must be empty to be structural")
    wrong(schema(x={"type": "integer", "default": "one"}), f"{at}.default: Invalid value: \"string\":  in body must be of type integer: \"string\"")
    wrong(schema(x={"type": "string", "pattern": "("}), f"{at}.pattern: Invalid value: \"(\": must be a valid regular expression")
    wrong(lambda spec: spec.update(group="stable"), 'metadata.name: Invalid value: "others.stable.example.com": must be spec.names.plural+"."+spec.group', "should be a domain with at least one dot")
    wrong(lambda spec: spec["versions"][0].update(storage=False), "must have exactly one version marked as storage version")
    wrong(lambda spec: spec["versions"][0]["subresources"]["scale"].update(specReplicasPath=".status.x"), "should be a json path under .spec")


@CASES.case("names that another has are not accepted")
def names(c):
    other = copy.deepcopy(CRD)
    other["metadata"]["name"], other["spec"]["names"] = "others.stable.example.com", {"plural": "others", "kind": "Other", "shortNames": ["ct"]}
    c.apply(other).ok()
    eventually(lambda: c.kubectl("get crd others.stable.example.com -o jsonpath={.status.conditions[*].message}").ok().has('"ct" is already in use', "not all names are accepted"))
    c.kubectl("delete crd others.stable.example.com").ok()


@CASES.case("rules in CEL are stored, with a warning")
def cel(c):
    ruled = copy.deepcopy(CRD)
    ruled["metadata"]["name"], ruled["spec"]["names"] = "ruled.stable.example.com", {"plural": "ruled", "kind": "Ruled"}
    ruled["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["x-kubernetes-validations"] = [{"rule": "self.replicas < 5", "message": "too many"}]
    c.apply(ruled).ok().err_has("x-kubernetes-validations")
    c.kubectl("delete crd ruled.stable.example.com").ok()


@CASES.case("a cluster-scoped resource with embedded objects")
def cluster_scoped(c):
    define(c, {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "bundles.stable.example.com"},
               "spec": {"group": "stable.example.com", "scope": "Cluster", "names": {"plural": "bundles", "kind": "Bundle"},
                        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                            "objects": {"type": "array", "items": {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True}}}}}}]}})
    bundle = {"apiVersion": "stable.example.com/v1", "kind": "Bundle", "metadata": {"name": "one"},
              "objects": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "b"}}]}
    c.apply(bundle).ok()
    equal(c.kubectl_json("get bundle one")["objects"], bundle["objects"], "the objects")
    c.kubectl("get bundles").ok().shows("NAME AGE", "one")
    del bundle["objects"][0]["kind"]
    c.apply(bundle).fails(1).err_has("objects[0].kind: Required value: must not be empty")


@CASES.case("a namespace takes its custom resources along")
def namespace(c):
    c.kubectl("create namespace t-custom-2", namespace=None).ok()
    c.kubectl("apply -f -", stdin=json.dumps(tab("there", "v1beta1")), namespace="t-custom-2").ok()
    c.kubectl("delete namespace t-custom-2 --timeout=40s", namespace=None, timeout=60).ok()
    c.kubectl("create namespace t-custom-2", namespace=None).ok()
    c.kubectl("get ct", namespace="t-custom-2").ok().err_has("No resources found")
    c.kubectl("delete namespace t-custom-2 --wait=false", namespace=None).ok()


@CASES.case("deletecollection")
def collection(c):
    c.kubectl("delete ct older strict").ok()
    equal(c.request("DELETE", f"/apis/stable.example.com/v1/namespaces/{c.namespace}/crontabs?labelSelector=none").status, 200, "the reply")
    c.kubectl("get ct small").ok()
    c.kubectl("delete ct --all").ok()
    c.kubectl("get ct").ok().err_has("No resources found")


@CASES.case("a definition goes after its objects")
def gone(c):
    c.apply(tab("last", "v1beta1")).ok()
    c.kubectl("delete crd crontabs.stable.example.com bundles.stable.example.com --timeout=30s", namespace=None).ok()
    c.kubectl("get crontabs").fails(1)
    equal(c.request("GET", "/apis/stable.example.com/v1").status, 404, "the group")
    define(c, CRD)
    c.kubectl("get ct").ok().err_has("No resources found")
    c.kubectl("delete crd crontabs.stable.example.com --timeout=30s", namespace=None).ok()


def operator_crd(fields):
    """As large as those that operators generate from Go types: a pod's template in each of its parts."""
    container = {"type": "object", "required": ["name"], "properties": {
        "name": {"type": "string"}, "image": {"type": "string"}, "command": {"type": "array", "items": {"type": "string"}},
        "env": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "value": {"type": "string"}}}},
        "resources": {"type": "object", "properties": {half: {"type": "object", "additionalProperties": {
            "anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": True,
            "pattern": r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"}}
            for half in ("limits", "requests")}},
        "ports": {"type": "array", "items": {"type": "object", "properties": {"containerPort": {"type": "integer", "format": "int32"}, "protocol": {"type": "string", "default": "TCP"}}}}}}
    part = {"type": "object", "properties": {"containers": {"type": "array", "items": container}, "nodeSelector": {"type": "object", "additionalProperties": {"type": "string"}},
                                             "mode": {"type": "string", "oneOf": [{"enum": ["fast"]}, {"pattern": "^slow"}]}}}
    spec = {"type": "object", "properties": {f"part{i}": {**copy.deepcopy(part), "description": "One of many. " * 20} for i in range(fields)}}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "stacks.operators.example.com", "annotations": {"controller-gen.kubebuilder.io/version": "v0.16.0"}},
            "spec": {"group": "operators.example.com", "scope": "Namespaced", "names": {"plural": "stacks", "singular": "stack", "kind": "Stack", "listKind": "StackList"},
                     "versions": [{"name": "v1alpha1", "served": True, "storage": True, "subresources": {"status": {}},
                                   "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                                       "apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}, "spec": spec,
                                       "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}}}]}}


@CASES.case("a large definition as operators ship it")
def large(c):
    crd = operator_crd(300)
    true(len(json.dumps(crd)) > 400_000, "it is large")
    c.apply(crd, "create -f -").ok()
    c.kubectl("wait --for=condition=Established crd/stacks.operators.example.com --timeout=20s", namespace=None).ok()
    stack = {"apiVersion": "operators.example.com/v1alpha1", "kind": "Stack", "metadata": {"name": "big"},
             "spec": {f"part{i}": {"mode": "fast", "containers": [{"name": "a", "resources": {"limits": {"cpu": 1, "memory": "1Gi"}}, "ports": [{"containerPort": 80}]}]} for i in range(100)}}
    c.apply(stack, "create -f -").ok()
    got = c.kubectl_json("get stack big")
    equal(got["spec"]["part7"]["containers"][0]["ports"], [{"containerPort": 80, "protocol": "TCP"}], "the default in a list")
    stack["metadata"]["name"], stack["spec"]["part3"]["containers"][0]["resources"]["limits"]["cpu"] = "bad", "much"
    c.apply(stack, "create -f -").fails(1).err_has("spec.part3.containers[0].resources.limits.cpu in body should match")
    c.kubectl("explain stack.spec.part299.containers.resources").ok().has("limits")
    c.kubectl("delete crd stacks.operators.example.com --timeout=30s", namespace=None).ok()

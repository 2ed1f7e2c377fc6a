"""Server-side apply with kubectl: who owns what, conflicts, take-over from client-side apply, status and scale."""
import json

from .checks import Suite, equal, eventually, true

CASES = Suite(namespace="t-ssa")

CONFIG = """
apiVersion: v1
kind: ConfigMap
metadata: {name: app, labels: {tier: web}}
data: {a: "1", b: "2"}
"""

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "charon.local/nginx:1", ports: [{containerPort: 80}]}
"""


def owners(c, what):
    """The entries of managedFields by "operation manager subresource"."""
    object = json.loads(c.kubectl(f"get {what} --show-managed-fields -o json").ok().out)
    return {" ".join(filter(None, [entry["operation"], entry["manager"], entry.get("subresource", "")])): entry["fieldsV1"]
            for entry in object["metadata"].get("managedFields", [])}


def version(c, what):
    return c.kubectl_json(f"get {what}")["metadata"]["resourceVersion"]


@CASES.case("apply --server-side creates, and owns what it names", essential=True)
def create(c):
    c.apply(CONFIG, "apply --server-side -f -").ok().says("configmap/app serverside-applied")
    equal(owners(c, "cm app"), {"Apply kubectl": {"f:data": {"f:a": {}, "f:b": {}}, "f:metadata": {"f:labels": {"f:tier": {}}}}}, "the owners")


@CASES.case("get hides managedFields but for --show-managed-fields")
def hidden(c):
    c.kubectl("get cm app -o yaml").ok().lacks("managedFields")
    c.kubectl("get cm app -o yaml --show-managed-fields").ok().has("managedFields", "f:tier: {}", "operation: Apply")


@CASES.case("applying the same again makes no new version")
def again(c):
    before = version(c, "cm app")
    c.apply(CONFIG, "apply --server-side -f -").ok()
    equal(version(c, "cm app"), before, "the resourceVersion")


@CASES.case("what the file no longer names is removed, what others set stays")
def removed(c):
    c.kubectl(["patch", "cm", "app", "--type=merge", "-p", '{"data":{"other":"kept"}}']).ok()
    c.apply(CONFIG.replace(', b: "2"', ""), "apply --server-side -f -").ok()
    equal(c.kubectl_json("get cm app")["data"], {"a": "1", "other": "kept"}, "the data")
    equal(owners(c, "cm app")["Update kubectl-patch"], {"f:data": {"f:other": {}}}, "what the patch owns")


@CASES.case("conflicts name the field and its owner; --force-conflicts takes it")
def conflicts(c):
    other = CONFIG.replace('a: "1"', 'a: "9"')
    c.apply(other, "apply --server-side --field-manager=other -f -").fails(1).err_has(
        'Apply failed with 1 conflict: conflict with "kubectl": .data.a')
    c.apply(other, "apply --server-side --field-manager=other --force-conflicts -f -").ok()
    equal(c.kubectl_json("get cm app")["data"]["a"], "9", "the data")
    true("f:a" not in json.dumps(owners(c, "cm app")["Apply kubectl"]), "kubectl lost the field")


@CASES.case("diff --server-side shows what would change, and changes nothing")
def diff(c):
    before = version(c, "cm app")
    c.apply(CONFIG.replace('a: "1"', 'a: "10"'), "diff --server-side --force-conflicts -f -").fails(1).has('-  a: "9"', '+  a: "10"')
    equal(version(c, "cm app"), before, "the resourceVersion")


@CASES.case("apply --server-side --dry-run=server creates nothing")
def dry_run(c):
    c.apply(CONFIG.replace("name: app", "name: dry"), "apply --server-side --dry-run=server -f -").ok()
    c.kubectl("get cm dry").fails(1)


@CASES.case("create --field-manager names the owner")
def create_as(c):
    c.kubectl("create configmap made --from-literal=k=v --field-manager=me").ok()
    equal(owners(c, "cm made"), {"Update me": {"f:data": {".": {}, "f:k": {}}}}, "the owners")


@CASES.case("objects of client-side apply are taken over")
def take_over(c):
    c.apply(CONFIG.replace("name: app", "name: moved")).ok()
    true("Update kubectl-client-side-apply" in owners(c, "cm moved"), "client-side apply is an updater")
    c.apply(CONFIG.replace("name: app", "name: moved").replace('a: "1"', 'a: "5"').replace(', b: "2"', ""), "apply --server-side -f -").ok()
    equal(c.kubectl_json("get cm moved")["data"], {"a": "5"}, "the data")
    # kubectl keeps the annotation of client-side apply up to date, by an owner of its own.
    equal(sorted(owners(c, "cm moved")), ["Apply kubectl", "Apply kubectl-last-applied"], "the owners")


@CASES.case("a Deployment: the controller's status has an entry of its own; lists join by key")
def deployment(c):
    c.apply(WEB, "apply --server-side -f -").ok()
    eventually(lambda: true("Update kube-controller-manager status" in owners(c, "deploy web"), "the controller's entry"))
    c.apply("""
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
      - {name: web, ports: [{containerPort: 80, protocol: UDP}]}
      - {name: side, image: "charon.local/busybox:1"}
""", "apply --server-side --field-manager=sidecar --validate=false -f -").ok()
    containers = c.kubectl_json("get deploy web")["spec"]["template"]["spec"]["containers"]
    equal([one["name"] for one in containers], ["web", "side"], "the containers")
    equal([one["protocol"] for one in containers[0]["ports"]], ["TCP", "UDP"], "the protocols")
    true('k:{"containerPort":80,"protocol":"UDP"}' in json.dumps(owners(c, "deploy web")["Apply sidecar"]).replace('\\"', '"'), "the port's key")


@CASES.case("kubectl scale owns the replicas through /scale, and conflicts with the applier")
def scale(c):
    c.kubectl("scale deploy web --replicas=1").ok()
    equal(owners(c, "deploy web")["Update kubectl scale"], {"f:spec": {"f:replicas": {}}}, "what scale owns")
    c.apply(WEB, "apply --server-side -f -").fails(1).err_has('conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas')
    c.apply(WEB.replace("  replicas: 0\n", ""), "apply --server-side -f -").ok()
    equal(c.kubectl_json("get deploy web")["spec"]["replicas"], 1, "the replicas")
    c.kubectl("scale deploy web --replicas=0").ok()


def apply_path(c, resource, query):
    return f"/apis/apps/v1/namespaces/{c.namespace}/{resource}?{query}"


@CASES.case("apply through /scale and /status")
def subresources(c):
    scale = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "web"}, "spec": {"replicas": 0}}
    reply = c.request("PATCH", apply_path(c, "deployments/web/scale", "fieldManager=scaler&force=true"), scale, content_type="application/apply-patch+yaml")
    equal((reply.status, reply.json()["kind"], reply.json()["spec"]), (200, "Scale", {"replicas": 0} if reply.json()["spec"] else {}), "the answer")
    equal(owners(c, "deploy web")["Apply scaler scale"], {"f:spec": {"f:replicas": {}}}, "what the scaler owns")
    status = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 7},
              "status": {"conditions": [{"type": "Seen", "status": "True"}]}}
    reply = c.request("PATCH", apply_path(c, "deployments/web/status", "fieldManager=seer"), status, content_type="application/apply-patch+yaml")
    equal((reply.status, reply.json()["spec"]["replicas"]), (200, 0), "the answer")
    true("f:spec" not in owners(c, "deploy web")["Apply seer status"], "spec is reset")


@CASES.case("what apply refuses, in Kubernetes' words")
def refused(c):
    path = f"/api/v1/namespaces/{c.namespace}/configmaps/app"
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app"}}

    def apply(query, body, kind="apply-patch+yaml"):
        return c.request("PATCH", f"{path}?{query}", body, content_type=f"application/{kind}")
    reply = apply("", config)
    equal((reply.status, reply.json()["message"]),
          (422, 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'), "no manager")
    reply = apply("force=true", config, "merge-patch+json")
    equal((reply.status, reply.json()["message"]),
          (422, 'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch'), "force of another patch")
    equal(apply("fieldManager=m", config, "apply-patch+cbor").status, 415, "the status of CBOR")
    reply = apply("fieldManager=m", {**config, "kind": "Secret"})
    equal((reply.status, reply.json()["message"]), (400, "invalid object type: /v1, Kind=Secret"), "another kind")
    reply = apply("fieldManager=m", {**config, "nonsense": 1})
    equal(reply.status, 500, "the status of an unknown field")
    true(".nonsense: field not declared in schema" in reply.json()["message"], "the message")
    equal(apply("fieldManager=m", "{]").status, 400, "the status of what is no YAML")
    reply = apply("fieldManager=m", {**config, "metadata": {"name": "app", "resourceVersion": "1"}})
    equal((reply.status, reply.json()["reason"]), (409, "Conflict"), "a stale version")


@CASES.case("one empty entry resets managedFields; the next apply meets before-first-apply")
def reset(c):
    c.kubectl(["patch", "cm", "app", "--type=merge", "-p", '{"metadata":{"managedFields":[{}]}}']).ok()
    equal(owners(c, "cm app"), {}, "the owners")
    c.apply(CONFIG, "apply --server-side --field-manager=late -f -").fails(1).err_has('conflict with "before-first-apply" using v1: .data.a')


@CASES.case("pods: the agent's status, the creator's spec")
def pods(c):
    c.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "charon.local/busybox:1", "command": ["sleep", "60"]}],
             "terminationGracePeriodSeconds": 0}}, "apply --server-side -f -").ok()
    c.wait_ready("p")
    found = owners(c, "pod p")
    true("Apply kubectl" in found and "Update kubelet status" in found, f"the owners: {list(found)}")
    true("f:nodeName" not in json.dumps(found), "the binding is nobody's")
    c.kubectl("delete pod p").ok()

"""What single kinds, and single fields of metadata, do that users rely on."""
import json

from .checks import Suite, equal, eventually, true

CASES = Suite(namespace="t-rules")


def path(c, resource, name="", group="api/v1"):
    return f"/{group}/namespaces/{c.namespace}/{resource}" + ("/" + name if name else "")


def created(c, resource, body, group="api/v1"):
    reply = c.request("POST", path(c, resource, group=group), body)
    equal(reply.status, 201, f"the creation: {reply.body[:300]!r}")
    return reply


def refused(reply, code, *texts):
    equal(reply.status, code, f"the answer: {reply.body[:300]!r}")
    for text in texts:
        true(text in reply.json()["message"], f"the message names {text!r}: {reply.json()['message']!r}")


@CASES.case("the Service kubernetes and its endpoints come back when they are deleted")
def kubernetes_service(c):
    before = c.kubectl_json("get service kubernetes", namespace="default")
    c.kubectl("delete service,endpoints,endpointslice kubernetes", namespace="default").ok()

    def is_back():
        after = c.kubectl_json("get service kubernetes", namespace="default")
        equal(after["spec"]["clusterIP"], before["spec"]["clusterIP"], "the address")
        true(after["metadata"]["uid"] != before["metadata"]["uid"], "it is a new one")
        true(c.kubectl_json("get endpointslice kubernetes", namespace="default")["endpoints"], "the slice has endpoints")
        true(c.kubectl_json("get endpoints kubernetes", namespace="default")["subsets"], "the Endpoints have addresses")
    eventually(is_back, 15)


@CASES.case("who gives stringData owns the data")
def string_data(c):
    created(c, "secrets", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "plain"}, "stringData": {"a": "1"}})
    fields = c.kubectl_json("get secret plain --show-managed-fields")["metadata"]["managedFields"][0]["fieldsV1"]
    equal(sorted(fields), ["f:data", "f:type"], "the fields of the creator")
    other = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "plain"}, "data": {"a": "Mg=="}}
    reply = c.request("PATCH", path(c, "secrets", "plain") + "?fieldManager=other", json.dumps(other), "application/apply-patch+yaml")
    refused(reply, 409, ".data.a")


@CASES.case("the pods of a job that is deleted without more stay, with a warning")
def job_orphans(c):
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "leaves"}, "spec": {"suspend": True, "template": {"spec": {
        "restartPolicy": "Never", "containers": [{"name": "main", "image": "charon.local/busybox:1"}]}}}}
    uid = created(c, "jobs", job, "apis/batch/v1").json()["metadata"]["uid"]
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "leaves", "uid": uid}
    created(c, "configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "left", "ownerReferences": [owner]}})
    reply = c.request("DELETE", path(c, "jobs", "leaves", "apis/batch/v1"))
    true("child pods are preserved by default when jobs are deleted" in reply.headers.get("Warning", reply.headers.get("warning", "")), f"the warning: {reply.headers}")
    c.wait_gone("job/leaves")
    true("ownerReferences" not in c.kubectl_json("get cm left")["metadata"], "the dependent has no owner any more")


@CASES.case("claims and volumes begin as Pending")
def pending(c):
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "new"}, "spec": {
        "accessModes": ["ReadWriteOnce"], "storageClassName": "none-such", "resources": {"requests": {"storage": "1Gi"}}}}
    equal(created(c, "persistentvolumeclaims", claim).json()["status"]["phase"], "Pending", "the phase")
    c.kubectl("get pvc new").ok().shows("new Pending")


@CASES.case("the system's priority classes cannot be deleted")
def priority_class(c):
    c.kubectl("delete priorityclass system-node-critical", namespace=None).fails(1).err_has("this is a system priority class and cannot be deleted")


@CASES.case("POST bindings binds the pod that it names, and keeps nothing")
def bindings(c):
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "waits"}, "spec": {"schedulerName": "nobody", "terminationGracePeriodSeconds": 0, "containers": [
        {"name": "main", "image": "charon.local/none:1", "imagePullPolicy": "Never"}]}}
    created(c, "pods", pod)
    binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "waits"}, "target": {"kind": "Node", "name": "no-such-node"}}
    equal(created(c, "bindings", binding).json()["kind"], "Status", "the answer")
    equal(c.kubectl_json("get pod waits")["spec"]["nodeName"], "no-such-node", "the node")
    refused(c.request("POST", path(c, "bindings"), binding), 409, "already assigned to node")
    c.kubectl("delete pod waits --force --grace-period=0").ok()


@CASES.case("metadata: annotation keys, finalizers, owners")
def metadata(c):
    created(c, "configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "upper", "annotations": {"Example.COM/Key": "x"}}})
    both = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "both", "finalizers": ["orphan", "foregroundDeletion"]}}
    refused(c.request("POST", path(c, "configmaps"), both), 422, "cannot be both set")
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "upper", "uid": c.kubectl_json("get cm upper")["metadata"]["uid"]}
    reply = created(c, "configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "twice", "ownerReferences": [owner, owner]}})
    equal(len(reply.json()["metadata"]["ownerReferences"]), 1, "the owners")
    true("duplicate entries" in reply.headers.get("Warning", reply.headers.get("warning", "")), "the warning")


@CASES.case("rules of secrets, quotas, ingresses and jobs")
def kind_rules(c):
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": "bm8ganNvbg=="}}
    refused(c.request("POST", path(c, "secrets"), secret), 422, "data[.dockerconfigjson]")
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"services": "1"}, "scopes": ["BestEffort"]}}
    refused(c.request("POST", path(c, "resourcequotas"), quota), 422, "unsupported scope applied to resource")
    quota["spec"] = {"hard": {"pods": "1"}, "scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In"}]}}
    refused(c.request("POST", path(c, "resourcequotas"), quota), 422, "must be at least one value")
    ingress = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "i", "annotations": {"kubernetes.io/ingress.class": "a"}}, "spec": {
        "ingressClassName": "b", "defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}}}
    refused(c.request("POST", path(c, "ingresses", group="apis/networking.k8s.io/v1"), ingress), 422, "can not be set when the class field is also set")
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "asleep"}, "spec": {"suspend": True, "manualSelector": False, "template": {"spec": {
        "restartPolicy": "Never", "containers": [{"name": "main", "image": "one"}]}}}}
    selector = created(c, "jobs", job, "apis/batch/v1").json()["spec"]["selector"]
    true("batch.kubernetes.io/controller-uid" in selector["matchLabels"], "the selector is made")
    for change, code in (({"nodeSelector": {"disk": "ssd"}}, 200), ({"containers": [{"name": "main", "image": "two"}]}, 422)):
        reply = c.request("PATCH", path(c, "jobs", "asleep", "apis/batch/v1"), {"spec": {"template": {"spec": change}}}, "application/strategic-merge-patch+json")
        equal(reply.status, code, f"a change of {list(change)}: {reply.body[:200]!r}")


@CASES.case("numbers of custom resources: multiples of a fraction")
def multiples(c):
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"step": {"type": "number", "multipleOf": 0.1}}}}}
    definition = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "steps.rules.test"}, "spec": {
        "group": "rules.test", "scope": "Namespaced", "names": {"plural": "steps", "singular": "step", "kind": "Step", "listKind": "StepList"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}]}}
    c.apply(definition).ok()
    c.kubectl("wait --for=condition=Established crd/steps.rules.test", namespace=None).ok()
    step = {"apiVersion": "rules.test/v1", "kind": "Step", "metadata": {"name": "s"}, "spec": {"step": 0.3}}
    created(c, "steps", step, "apis/rules.test/v1")
    step.update(metadata={"name": "t"}, spec={"step": 0.35})
    refused(c.request("POST", path(c, "steps", group="apis/rules.test/v1"), step), 422, "should be a multiple of 0.1")
    c.kubectl("delete crd steps.rules.test", namespace=None).ok()

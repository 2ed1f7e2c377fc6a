"""kubectl apply: creates, merges three ways, prunes what left the file."""
import json
import subprocess

from .checks import Suite, equal, true

CASES = Suite(namespace="t-apply")

TWO = """
apiVersion: v1
kind: ConfigMap
metadata:
  name: app
  labels: {tier: web}
data:
  a: "1"
  b: "2"
---
apiVersion: v1
kind: Service
metadata:
  name: app
spec:
  selector: {app: app}
  ports:
  - {name: http, port: 80, targetPort: 8080}
"""


@CASES.case("apply creates", essential=True)
def create(c):
    c.apply(TWO).ok().has("configmap/app created", "service/app created")


@CASES.case("apply again changes nothing")
def again(c):
    c.apply(TWO).ok().has("configmap/app unchanged", "service/app unchanged")


@CASES.case("diff of what is applied is empty, with exit code 0")
def diff_empty(c):
    c.apply(TWO, "diff -f -").ok().says("")


@CASES.case("diff of a change, with exit code 1")
def diff(c):
    c.apply(TWO.replace('a: "1"', 'a: "9"'), "diff -f -").fails(1).has('-  a: "1"', '+  a: "9"')


@CASES.case("apply changes a field, removes what left the file, keeps what others set")
def merge(c):
    c.kubectl(["patch", "cm", "app", "--type=merge", "-p", '{"data":{"other":"kept"}}']).ok()
    c.apply(TWO.replace('a: "1"', 'a: "9"').replace('  b: "2"\n', "")).ok().has("configmap/app configured")
    equal(c.kubectl_json("get cm app")["data"], {"a": "9", "other": "kept"}, "the data")


@CASES.case("apply merges the ports of a Service by their key")
def ports(c):
    c.apply(TWO.replace("  - {name: http, port: 80, targetPort: 8080}", "  - {name: http, port: 80, targetPort: 9090}\n  - {name: s, port: 443}")).ok()
    ports = c.kubectl_json("get service app")["spec"]["ports"]
    equal([(port["name"], port["port"], port["targetPort"], port["protocol"]) for port in ports],
          [("http", 80, 9090, "TCP"), ("s", 443, 443, "TCP")], "the ports")


@CASES.case("apply view-last-applied and set-last-applied")
def last_applied(c):
    c.kubectl("apply view-last-applied cm/app").ok().has("tier: web")


@CASES.case("expose and create service")
def services(c):
    c.kubectl("create deployment web --image=charon.local/nginx:1 --replicas=0").ok()
    c.kubectl("expose deployment web --port=80 --target-port=8080").ok().says("service/web exposed")
    equal(c.kubectl_json("get svc web")["spec"]["selector"], {"app": "web"}, "the selector")
    c.kubectl("create service clusterip made --tcp=80:8080").ok()
    c.kubectl("get svc made").ok().has("ClusterIP", "80/TCP")


@CASES.case("create of the other kinds that kubectl makes")
def creates(c):
    c.kubectl("create quota q --hard=pods=10").ok()
    if c.since(1, 21):
        c.kubectl("create poddisruptionbudget pdb --selector=app=x --min-available=1").ok()
    else:  # it makes one of v1beta1, which is gone
        c.apply({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "pdb"}, "spec": {"minAvailable": 1}}).ok()
    c.kubectl("create priorityclass t-apply --value=10").ok()
    c.kubectl("create ingress i --rule=example.com/=app:80").ok().err_has("Warning:", "no controller acts on them yet")
    c.kubectl("create job j --image=charon.local/busybox:1").ok()
    c.kubectl("create cronjob cj --image=charon.local/busybox:1 --schedule='* * * * *'").ok()
    c.kubectl("get quota,pdb,ingress,job,cronjob").ok().has("q ", "pdb", "example.com", "job.batch/j", "* * * * *")
    c.kubectl("delete quota/q pdb/pdb ingress/i job/j cronjob/cj priorityclass/t-apply").ok()


@CASES.case("kinds that would promise what is not kept are refused with a clear error")
def refused(c):
    c.apply("""
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: nothing}
spec: {validations: [{expression: "true"}]}
""").fails(1).err_has("does not act on validatingadmissionpolicies.admissionregistration.k8s.io yet")


@CASES.case("delete -f deletes what the file names")
def delete(c):
    c.apply(TWO, "delete -f -").ok().has('configmap "app" deleted', 'service "app" deleted')
    c.apply(TWO, "delete -f -").fails(1).err_has("NotFound")


@CASES.case("a List applies each of its items")
def lists(c):
    items = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"l{i}"}} for i in range(3)]
    c.apply({"apiVersion": "v1", "kind": "List", "items": items}).ok().has("configmap/l0 created", "configmap/l2 created")


@CASES.case("apply --prune by selector deletes what left the files")
def prune(c):
    def config(name):
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"set": "p"}}}
    c.apply({"apiVersion": "v1", "kind": "List", "items": [config("p1"), config("p2")]}, "apply -f -").ok()
    c.apply(config("p1"), f"apply --prune -l set=p --prune-{'allowlist' if c.since(1, 26) else 'whitelist'}=core/v1/ConfigMap -f -").ok().has("configmap/p2 pruned")
    true(c.kubectl("get cm -l set=p -o name").ok().out.split() == ["configmap/p1"], "p1 alone is left")


@CASES.case("charon convert rewrites YAML to JSON to protobuf and back without a server")
def convert(c):
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    wire = subprocess.run([c.charon, "convert", "-f", "-", "-o", "protobuf"], input=json.dumps(pod).encode(), capture_output=True, check=True).stdout
    equal(wire[:4], b"k8s\0", "the first bytes")
    back = subprocess.run([c.charon, "convert", "-f", "-", "-o", "json"], input=wire, capture_output=True, check=True).stdout
    main = json.loads(back)["spec"]["containers"][0]
    equal((main["name"], main["image"]), ("c", "i"), "the container")
    yaml = c.run([c.charon, "convert", "-f", "-", "-o", "yaml"], stdin=json.dumps(pod)).ok()
    yaml.has("kind: Pod", "image: i")

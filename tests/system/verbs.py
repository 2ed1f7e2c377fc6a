"""What people do with kubectl, once through: the cases that each version of it must pass."""
import json
import subprocess
import time

from .checks import Failure, equal, eventually, true

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: nginx
        image: charon.local/nginx:1
        ports: [{containerPort: 80}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
"""


def add_verbs(cases):
    """All of them, in the order in which they build on each other."""
    for add in (add_discovery, add_objects, add_rollouts, add_pods, add_nodes, add_end):
        add(cases)


def rolled_out(c):
    c.kubectl("rollout status deployment/web --timeout=60s", timeout=75).ok().has("successfully rolled out")


def live_pods(c):
    return [pod for pod in c.kubectl_json("get pods -l app=web")["items"] if "deletionTimestamp" not in pod["metadata"]]


def images(c):
    return {pod["spec"]["containers"][0]["image"] for pod in live_pods(c)}


def lines_of(c, arguments, wanted, timeout=20):
    """The first lines of a kubectl that goes on by itself."""
    process = subprocess.Popen(["kubectl", "--kubeconfig", c.kubeconfig, "-n", c.namespace, *arguments.split()], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    killer = subprocess.Popen(["sh", "-c", f"sleep {timeout}; kill {process.pid}"])
    try:
        return [process.stdout.readline() for _ in range(wanted)]
    finally:
        killer.kill()
        killer.wait()
        process.kill()
        process.wait()


def add_discovery(cases):
    @cases.case("version tells both sides'")
    def version(c):
        versions = json.loads(c.kubectl("version -o json").ok().out)
        true(versions["serverVersion"]["gitVersion"].startswith("v1.36"), f"the server's: {versions['serverVersion']}")

    @cases.case("api-resources, api-versions, cluster-info")
    def discovery(c):
        c.kubectl("api-resources").ok().shows("deployments deploy apps/v1 true Deployment", "nodes no v1 false Node")
        c.kubectl("api-resources --namespaced=false --verbs=list -o name").ok().has("namespaces", "clusterroles.rbac.authorization.k8s.io")
        c.kubectl("api-versions").ok().has("apps/v1\n", "rbac.authorization.k8s.io/v1\n")
        c.kubectl("cluster-info").ok().has("is running at")

    @cases.case("explain")
    def explain(c):
        c.kubectl("explain deployment").ok().has("KIND:", "Deployment", "VERSION:", "apps", "spec")
        c.kubectl("explain pods.spec.containers.livenessProbe.httpGet").ok().has("httpGet", "port", "scheme")
        c.kubectl("explain svc.spec --recursive").ok().has("clusterIP", "targetPort", "sessionAffinityConfig")
        c.kubectl("explain pod.spec.nothing").fails(1).err_has('field "nothing" does not exist')

    @cases.case("auth can-i; top's error; get --raw")
    def other(c):
        c.kubectl("auth can-i create deployments.apps").ok().has("yes")
        c.kubectl("auth can-i --list").ok().has("*.*")
        c.kubectl("get pods --as=nobody").fails(1).err_has("(Forbidden)", 'User "nobody" cannot list resource "pods"')
        c.kubectl("top nodes").fails(1).err_has("etrics")
        c.kubectl("get --raw /readyz").ok().says("ok")

    @cases.case("auth whoami", since=(1, 27))
    def whoami(c):
        c.kubectl("auth whoami").ok().has("kubernetes-admin", "system:masters")


def add_objects(cases):
    @cases.case("apply creates, and changes nothing the second time", essential=True)
    def apply(c):
        c.apply(WEB).ok().has("deployment.apps/web created", "service/web created")
        c.apply(WEB).ok().has("deployment.apps/web unchanged", "service/web unchanged")

    @cases.case("diff shows a change, and apply makes it")
    def diff(c):
        changed = WEB.replace("port: 80}]}\n", "port: 80, targetPort: 8080}]}\n", 1)
        c.apply(WEB, "diff -f -").ok().says("")
        c.apply(changed, "diff -f -").fails(1).has("-    targetPort: 80\n", "+    targetPort: 8080\n")
        c.apply(changed, "apply --dry-run=server -f -").ok().has("service/web configured (server dry run)")
        c.apply(changed).ok().has("deployment.apps/web unchanged", "service/web configured")
        c.apply(WEB).ok().has("service/web configured")

    @cases.case("fields that do not exist or have a wrong type are refused")
    def validation(c):
        c.apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndatum: {a: b}\n").fails(1).err_has("unknown field", "datum")
        c.apply("apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {ports: {port: 80}}\n").fails(1)
        c.apply("apiVersion: v1\nkind: Nothing\nmetadata: {name: x}\n").fails(1).err_has('no matches for kind "Nothing" in version "v1"')
        c.kubectl("get cm x").fails(1).err_has("NotFound")

    @cases.case("create, get in all forms, describe")
    def get(c):
        c.kubectl("create configmap one --from-literal=a=1").ok().says("configmap/one created")
        c.kubectl("create configmap one").fails(1).err_has('configmaps "one" already exists')
        lines = c.kubectl("get cm one").ok().out.splitlines()
        equal((lines[0].split(), lines[1].split()[:2]), (["NAME", "DATA", "AGE"], ["one", "1"]), "the table")
        c.kubectl("get cm one -o wide").ok().has("one")
        c.kubectl("get cm one -o yaml").ok().has("kind: ConfigMap", 'a: "1"')
        c.kubectl("get cm one -o name").ok().says("configmap/one")
        c.kubectl("get cm one -o jsonpath={.data.a}").ok().says("1")
        c.kubectl("get cm -A --sort-by=.metadata.name -o custom-columns=N:.metadata.name").ok().has("one\n")
        c.kubectl("get deployment,svc,rs").ok().has("deployment.apps/web", "service/web", "replicaset.apps/web-")
        c.kubectl("get all").ok().has("pod/web-")
        c.kubectl("describe cm one").ok().has("Name:", "one")
        c.kubectl("describe service web").ok().shows("Name: web", "80/TCP")

    @cases.case("label, annotate, patch, edit, replace")
    def change(c):
        c.kubectl("label cm one tier=web").ok()
        c.kubectl("get cm -l tier=web -o name").ok().says("configmap/one")
        c.kubectl("label cm one tier=db").fails(1).err_has("--overwrite is false")
        c.kubectl("annotate cm one note=x").ok()
        c.kubectl(["patch", "cm", "one", "--type=merge", "-p", '{"data":{"b":"2"}}']).ok().says("configmap/one patched")
        c.kubectl(["patch", "cm", "one", "--type=json", "-p", '[{"op":"remove","path":"/data/a"}]']).ok()
        c.kubectl("edit cm one", env={"KUBE_EDITOR": 'sed -i "s/b: .*/b: three/"'}).ok().has("configmap/one edited")
        one = c.kubectl_json("get cm one")
        equal((one["data"], one["metadata"]["annotations"]["note"]), ({"b": "three"}, "x"), "what became of it")
        c.kubectl("label cm one tier-").ok()
        c.apply(one, "replace -f -").fails(1).err_has("(Conflict)", "the object has been modified")

    @cases.case("get --watch")
    def watch(c):
        seen = subprocess.Popen(["kubectl", "--kubeconfig", c.kubeconfig, "-n", c.namespace, "get", "cm", "--watch", "--output-watch-events", "--field-selector=metadata.name=w",
                                 "-o", "custom-columns=E:.type,V:.object.data.v"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            time.sleep(1)
            c.kubectl("create cm w --from-literal=v=1").ok()
            c.kubectl(["patch", "cm", "w", "-p", '{"data":{"v":"2"}}']).ok()
            c.kubectl("delete cm w").ok()
            time.sleep(0.5)
        finally:
            seen.kill()
        equal([line.split() for line in seen.communicate()[0].splitlines()[1:]], [["ADDED", "1"], ["MODIFIED", "2"], ["DELETED", "2"]], "the events")

    @cases.case("--subresource and wait --for=create", since=(1, 31))
    def subresource(c):
        true("status" in c.kubectl_json("get deployment web --subresource=status"), "the status is read")
        c.kubectl("wait --for=create cm/one --timeout=5s").ok()

    @cases.case("create token", since=(1, 24))
    def token(c):
        true(c.kubectl("create token default").ok().out.count(".") == 2, "it is a JWT")


def add_rollouts(cases):
    @cases.case("rollout status; wait for a condition", essential=True)
    def status(c):
        rolled_out(c)
        c.kubectl("wait --for=condition=Available deployment/web --timeout=10s").ok().says("deployment.apps/web condition met")
        lines = c.kubectl("get deployment web -o wide").ok().out.splitlines()
        equal(lines[1].split()[:4], ["web", "2/2", "2", "2"], "the cells")
        c.kubectl("describe deployment web").ok().shows("Replicas: 2 desired | 2 updated | 2 total | 2 available")

    @cases.case("scale")
    def scale(c):
        c.kubectl("scale deployment web --replicas=1").ok().says("deployment.apps/web scaled")
        eventually(lambda: equal(len(live_pods(c)), 1, "the pods"), 20)
        c.kubectl("scale deployment web --replicas=2 --current-replicas=1").ok()
        rolled_out(c)

    @cases.case("set image, rollout history, undo, restart, pause and resume")
    def rollout(c):
        c.kubectl("set image deployment/web nginx=charon.local/nginx:2").ok().has("image updated")
        eventually(lambda: true("charon.local/nginx:2" in images(c), "a pod with the new image"), 20)
        c.kubectl("rollout history deployment/web").ok().has("REVISION", "1 ", "2 ")
        c.kubectl("rollout history deployment/web --revision=2").ok().has("charon.local/nginx:2")
        c.kubectl("rollout undo deployment/web").ok().has("rolled back")
        rolled_out(c)
        eventually(lambda: equal(images(c), {"charon.local/nginx:1"}, "the images"), 20)
        c.kubectl("rollout restart deployment/web").ok().has("restarted")
        rolled_out(c)
        c.kubectl("rollout pause deployment/web").ok().has("paused")
        c.kubectl("rollout resume deployment/web").ok().has("resumed")
        c.kubectl("set env deployment/web A=b").ok()
        rolled_out(c)


def add_pods(cases):
    @cases.case("run, wait, describe, events", essential=True)
    def run(c):
        c.kubectl("run shell --image=charon.local/busybox:1 --image-pull-policy=Never --restart=Never -- sh -c 'i=0; while true; do i=$((i+1)); echo line $i; sleep 0.2; done'").ok()
        c.wait_ready("shell")
        c.kubectl("get pod shell -o wide").ok().has("Running", "IP", "NODE")
        eventually(lambda: c.kubectl("describe pod shell").ok().shows("Name: shell", "Status: Running", "Successfully assigned", "Started"))
        eventually(lambda: c.kubectl("get events --field-selector involvedObject.name=shell").ok().has("Scheduled", "pod/shell"))

    @cases.case("kubectl events", since=(1, 26))
    def events(c):
        eventually(lambda: c.kubectl("events --for pod/shell").ok().has("Scheduled", "Started"))

    @cases.case("logs, logs -f")
    def logs(c):
        c.kubectl("logs shell").ok().has("line 1\n")
        equal(len(c.kubectl("logs shell --tail=2 --timestamps").ok().out.splitlines()), 2, "the lines")
        numbers = [int(line.split()[1]) for line in lines_of(c, "logs -f shell --tail=1", 4)]
        equal(numbers, list(range(numbers[0], numbers[0] + 4)), "the numbers")
        c.kubectl("logs deployment/web").ok()
        c.kubectl("logs -l app=web --tail=1").ok()

    @cases.case("exec: output, exit code, stdin, terminal")
    def execute(c):
        c.kubectl("exec shell -- echo hello").ok().says("hello")
        c.kubectl(["exec", "shell", "--", "sh", "-c", "echo err >&2; exit 3"]).fails(3).err_has("err\n")
        c.kubectl("exec -i shell -- cat", stdin="x" * 200_000).ok().says("x" * 200_000)
        c.kubectl("exec shell -- /no/such").fails()
        c.kubectl("exec nopod -- true").fails(1).err_has('pods "nopod" not found')
        c.run(["script", "-qec", f"kubectl --kubeconfig {c.kubeconfig} -n {c.namespace} exec -it shell -- tty", "/dev/null"], timeout=20).ok().has("/dev/pts/")

    @cases.case("attach and cp")
    def attach(c):
        lines = lines_of(c, "attach shell", 5)
        true(any(line.startswith("line ") for line in lines), f"a line comes: {lines}")
        there, back = c.data_dir + "/verbs-there", c.data_dir + "/verbs-back"
        with open(there, "w") as file:
            file.write("carried\n" * 1000)
        c.kubectl(f"cp {there} shell:/tmp/there").ok()
        c.kubectl(f"cp shell:/tmp/there {back}").ok()
        with open(back) as file:
            equal(file.read(), "carried\n" * 1000, "what came back")

    @cases.case("port-forward")
    def forward(c):
        pod = live_pods(c)[0]["metadata"]["name"]
        process = subprocess.Popen(["kubectl", "--kubeconfig", c.kubeconfig, "-n", c.namespace, "port-forward", f"pod/{pod}", ":80"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            line = process.stdout.readline()
            if "127.0.0.1:" not in line:
                raise Failure(f"it says {line!r}")
            for _ in range(3):
                c.run(f"curl -sS --fail --max-time 5 http://127.0.0.1:{line.split('127.0.0.1:')[1].split()[0]}/").ok().has("Charon is up")
        finally:
            process.kill()


def add_nodes(cases):
    @cases.case("get, describe, cordon, taint, drain, uncordon of the node")
    def nodes(c):
        node = c.kubectl_json("get nodes")["items"][0]["metadata"]["name"]
        c.kubectl("get nodes -o wide").ok().has("Ready", "containerd://")
        c.kubectl(f"describe node {node}").ok().shows("Name: " + node, "Allocated resources:")
        c.kubectl(f"taint node {node} a=b:PreferNoSchedule").ok().has("tainted")
        c.kubectl(f"taint node {node} a-").ok().has("untainted")
        try:
            c.kubectl(f"drain {node} --ignore-daemonsets --force --pod-selector=app=web --timeout=40s", timeout=50).ok().has(f"node/{node} " + ("drained" if c.since(1, 22) else "evicted"))
            c.kubectl(f"get node {node}").ok().has("Ready,SchedulingDisabled")
        finally:
            c.kubectl(f"uncordon {node}").ok().has("uncordoned")
        rolled_out(c)


def add_end(cases):
    @cases.case("delete by name, selector and file")
    def delete(c):
        c.kubectl("delete pod shell --grace-period=1").ok().has('pod "shell"', "deleted")
        c.kubectl("delete cm -l tier=none").ok()
        c.kubectl("delete cm one").ok()
        c.apply(WEB, "delete -f -").ok().has('deployment.apps "web"', 'service "web"')
        c.wait_gone("deployment web")
        eventually(lambda: c.kubectl("get pods,rs -o name").ok().says(""), 30)
        c.kubectl("delete cm one").fails(1).err_has("NotFound")

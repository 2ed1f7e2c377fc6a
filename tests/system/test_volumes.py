"""Volumes that need no driver."""
from .checks import Suite, equal, eventually, true

CASES = Suite(namespace="t-volumes")
SHELL = "charon.local/busybox:1"


def pod(name, volumes, mounts, script="sleep 1000", **container):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"a": "b"}}, "spec": {"terminationGracePeriodSeconds": 0, "volumes": volumes,
            "containers": [{"name": "main", "image": SHELL, "command": ["sh", "-c", script], "volumeMounts": mounts, **container}]}}


@CASES.case("ConfigMap and Secret as files and as environment")
def config(c):
    c.kubectl("create cm conf --from-literal=key=value --from-literal=other=2").ok()
    c.kubectl("create secret generic sec --from-literal=pass=word").ok()
    c.apply(pod("config", [{"name": "conf", "configMap": {"name": "conf"}}, {"name": "sec", "secret": {"secretName": "sec", "defaultMode": 0o400}}],
                [{"name": "conf", "mountPath": "/conf"}, {"name": "sec", "mountPath": "/sec"}],
                env=[{"name": "P", "valueFrom": {"secretKeyRef": {"name": "sec", "key": "pass"}}}], envFrom=[{"configMapRef": {"name": "conf"}, "prefix": "C_"}])).ok()
    c.wait_ready("config")
    c.kubectl("exec config -- cat /conf/key /sec/pass").ok().says("valueword")
    c.kubectl(["exec", "config", "--", "sh", "-c", "echo $P $C_key $C_other"]).ok().says("word value 2")
    c.kubectl("exec config -- stat -L -c %a /sec/pass").ok().says("400")


@CASES.case("what comes from API objects lies in memory and cannot be written to")
def in_memory(c):
    for folder in ("/conf", "/sec", "/var/run/secrets/kubernetes.io/serviceaccount"):
        c.kubectl(f"exec config -- stat -f -c %T {folder}").ok().says("tmpfs")
        c.kubectl(f"exec config -- touch {folder}/mine").fails(1).err_has("Read-only file system")
    uid = c.kubectl_json("get pod config")["metadata"]["uid"]
    c.run(["find", c.data_dir, "-xdev", "-path", f"*{uid}*", "-name", "pass"]).ok().says("")


@CASES.case("a changed ConfigMap reaches the files")
def change(c):
    c.kubectl(["patch", "cm", "conf", "--type=merge", "-p", '{"data":{"key":"changed"}}']).ok()
    eventually(lambda: c.kubectl("exec config -- cat /conf/key").ok().says("changed"), 90, every=1)


@CASES.case("a missing ConfigMap holds the pod, with an event, until it comes")
def missing(c):
    c.apply(pod("missing", [{"name": "v", "configMap": {"name": "later"}}], [{"name": "v", "mountPath": "/v"}])).ok()
    eventually(lambda: c.kubectl("get events --field-selector involvedObject.name=missing").ok().has("FailedMount", 'configmap "later" not found'), 20)
    c.kubectl("get pod missing").ok().has("ContainerCreating")
    c.kubectl("create cm later --from-literal=a=b").ok()
    c.wait_ready("missing", 60)


@CASES.case("a missing key of the environment: CreateContainerConfigError")
def missing_key(c):
    c.apply(pod("nokey", [], [], env=[{"name": "X", "valueFrom": {"configMapKeyRef": {"name": "conf", "key": "none"}}}])).ok()
    eventually(lambda: c.kubectl("get pod nokey").ok().has("CreateContainerConfigError"), 20)


@CASES.case("emptyDir, also in memory, and subPath")
def empty(c):
    c.apply(pod("empty", [{"name": "disk", "emptyDir": {}}, {"name": "memory", "emptyDir": {"medium": "Memory"}}],
                [{"name": "disk", "mountPath": "/disk"}, {"name": "memory", "mountPath": "/memory"}, {"name": "disk", "mountPath": "/sub", "subPath": "inner"}])).ok()
    c.wait_ready("empty")
    c.kubectl("exec empty -- sh -c 'echo x > /sub/file; cat /disk/inner/file'").ok().says("x")
    c.kubectl("exec empty -- sh -c 'grep \" /memory \" /proc/mounts'").ok().has("tmpfs")


@CASES.case("a subPath leads nobody out of its volume")
def escape(c):
    escaping = pod("escape", [{"name": "v", "emptyDir": {}}], [{"name": "v", "mountPath": "/v", "subPath": "out/etc"}])
    escaping["spec"]["initContainers"] = [{"name": "link", "image": SHELL, "command": ["ln", "-s", "/", "/v/out"], "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]
    c.apply(escaping).ok()
    eventually(lambda: c.kubectl("get pod escape").ok().has("CreateContainerConfigError"), 20)
    c.kubectl("delete pod escape").ok()


@CASES.case("hostPath")
def host_path(c):
    c.apply(pod("host", [{"name": "h", "hostPath": {"path": "/etc/debian_version", "type": "File"}}], [{"name": "h", "mountPath": "/h", "readOnly": True}])).ok()
    c.wait_ready("host")
    with open("/etc/debian_version") as file:
        c.kubectl("exec host -- cat /h").ok().says(file.read().strip())


@CASES.case("downward API and projected volumes")
def projected(c):
    c.apply(pod("projected", [{"name": "p", "projected": {"sources": [
        {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
        {"configMap": {"name": "conf", "items": [{"key": "other", "path": "deep/other"}]}}]}}], [{"name": "p", "mountPath": "/p"}])).ok()
    c.wait_ready("projected")
    c.kubectl("exec projected -- cat /p/labels").ok().says('a="b"')
    c.kubectl("exec projected -- cat /p/deep/other").ok().says("2")


@CASES.case("the account's token is mounted and lets a pod speak to the API")
def token(c):
    c.apply(pod("token", [], [])).ok()
    c.wait_ready("token")
    folder = "/var/run/secrets/kubernetes.io/serviceaccount"
    c.kubectl(f"exec token -- cat {folder}/namespace").ok().says("t-volumes")
    c.kubectl(f"exec token -- cat {folder}/ca.crt").ok().has("BEGIN CERTIFICATE")
    true(len(c.kubectl(f"exec token -- cat {folder}/token").ok().out.split(".")) == 3, "the token is a JWT")


@CASES.case("a claim that a pod uses stays until the pod is gone")
def claim(c):
    c.apply({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
             "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}}).ok()
    equal(c.kubectl_json("get pvc data")["metadata"]["finalizers"], ["kubernetes.io/pvc-protection"], "its finalizers")
    user = pod("user", [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}], [{"name": "v", "mountPath": "/v"}])
    user["spec"]["nodeName"] = c.kubectl_json("get nodes")["items"][0]["metadata"]["name"]
    c.apply(user).ok()
    c.kubectl("delete pvc data --wait=false").ok()
    c.kubectl("wait --for=jsonpath={.metadata.deletionTimestamp} pvc/data --timeout=2s").ok()
    c.kubectl("get pvc data").ok().has("Terminating")
    c.kubectl("delete pod user --timeout=30s").ok()
    c.wait_gone("pvc data")


@CASES.case("a volume that is bound stays until it is not")
def volume(c):
    c.apply({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "t-volumes-disk"},
             "spec": {"storageClassName": "t-volumes", "capacity": {"storage": "1Mi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/tmp"}}}).ok()
    equal(c.kubectl_json("get pv t-volumes-disk")["metadata"]["finalizers"], ["kubernetes.io/pv-protection"], "its finalizers")
    c.apply({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "disk"},
             "spec": {"storageClassName": "t-volumes", "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}}).ok()
    eventually(lambda: equal(c.kubectl_json("get pvc disk")["status"]["phase"], "Bound", "the phase of the claim"))
    c.kubectl("delete pv t-volumes-disk --wait=false", namespace=None).ok()
    c.kubectl("get pv t-volumes-disk", namespace=None).ok().has("Terminating")
    c.kubectl("delete pvc disk").ok()
    c.wait_gone("pv t-volumes-disk")


@CASES.case("what a pod wrote is gone from the node after it")
def cleaned(c):
    uid = c.kubectl_json("get pod empty")["metadata"]["uid"]
    c.kubectl("delete pods --all --timeout=60s", timeout=75).ok()
    eventually(lambda: equal(c.run(["find", c.data_dir, "-path", f"*{uid}*", "-print", "-quit"]).out.strip(), "", "what is left"), 20)

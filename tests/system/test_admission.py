"""Admission: webhooks on loopback and in a pod, quotas, limit ranges, pod security."""
import json
import os

from .checks import Suite, equal, eventually, true
from .webhook import WebhookServer

CASES = Suite(namespace="t-admission")
HOOKS = {}
PRIVILEGED = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "mighty"}, "spec": {"containers": [
    {"name": "main", "image": "charon.local/busybox:1", "command": ["sleep", "1000"], "securityContext": {"privileged": True}}]}}


def hook(name, path, **more):
    rules = [{"operations": ["CREATE", "UPDATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}]
    return {"name": f"{name}.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"], "rules": rules,
            "clientConfig": HOOKS["server"].client(path),
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "t-admission"}}, **more}


def configure(c, sort, name, *hooks):
    return c.apply({"apiVersion": "admissionregistration.k8s.io/v1", "kind": f"{sort}WebhookConfiguration",
                    "metadata": {"name": name}, "webhooks": list(hooks)}).ok()


def clear(c):
    c.kubectl("delete mutatingwebhookconfigurations,validatingwebhookconfigurations --all", namespace=None).ok()


def calls(path):
    return HOOKS["server"].calls(path)


@CASES.case("a webhook server with a certificate of its own", essential=True)
def serve(c):
    HOOKS["server"] = WebhookServer(c, "IP:127.0.0.1,DNS:hook.t-admission.svc")


@CASES.case("a mutating webhook changes what is created")
def mutate(c):
    configure(c, "Mutating", "change", hook("change", "/mutate"))
    c.kubectl("create configmap one --from-literal=a=1").ok()
    equal(c.kubectl_json("get configmap one")["metadata"]["labels"], {"mutated": "yes"}, "the labels")
    call = calls("/mutate")[0]
    equal((call["operation"], call["name"], call["kind"], call["old"]), ("CREATE", "one", "ConfigMap", False), "the call")
    clear(c)


@CASES.case("what webhooks do, and what they have to note, is in the audit log")
def annotations(c):
    configure(c, "Mutating", "change", hook("change", "/mutate"))
    configure(c, "Validating", "note", hook("note", "/annotate"), hook("gone", "/", failurePolicy="Ignore", clientConfig={
        "url": "https://127.0.0.1:1/"}))
    c.kubectl("create configmap noted").ok()

    def note():
        with open(os.path.join(c.data_dir, "audit", "audit.log")) as file:
            found = [event for event in map(json.loads, file) if event["objectRef"].get("name") == "noted"]
        equal(len(found), 1, "events")
        return found[0]["annotations"]
    notes = eventually(note, 5)
    equal(json.loads(notes["mutation.webhook.admission.k8s.io/round_0_index_0"]),
          {"configuration": "change", "webhook": "change.example.com", "mutated": True}, "the note of the mutation")
    equal(notes["note.example.com/seen"], "yes", "the webhook's own note")
    equal(notes["failed-open.validating.webhook.admission.k8s.io/round_0_index_1"], "gone.example.com", "who failed")
    true(not any("not a key" in key for key in notes), "what is no key is dropped")
    clear(c)


@CASES.case("a webhook is called again when a later one changed the object")
def reinvoke(c):
    configure(c, "Mutating", "a-first", hook("first", "/see-late", reinvocationPolicy="IfNeeded"))
    configure(c, "Mutating", "b-second", hook("second", "/late"))
    c.kubectl("create configmap two --from-literal=a=1").ok()
    equal(c.kubectl_json("get configmap two")["data"], {"a": "1", "late": "yes", "seen": "yes"}, "the data")
    equal(len(calls("/see-late")), 2, "the calls of the first")
    clear(c)


@CASES.case("a webhook cannot make an object another")
def rename(c):
    c.kubectl("create configmap named --from-literal=a=1").ok()
    before = c.kubectl_json("get configmap named")["metadata"]
    configure(c, "Mutating", "change", hook("change", "/rename"))
    c.kubectl(["patch", "configmap", "named", "-p", '{"data":{"a":"2"}}']).fails(1).err_has('metadata.name: Invalid value: "other": field is immutable')
    equal(c.kubectl_json("get configmap named")["data"], {"a": "1"}, "the data")
    clear(c)
    for path, refused in (("/move", "the namespace of the provided object does not match the namespace sent on the request"),
                          ("/new-uid", "field is immutable")):
        configure(c, "Mutating", "change", hook("change", path))
        c.kubectl(["patch", "configmap", "named", "-p", json.dumps({"data": {"a": path}})]).fails(1).err_has(refused)
        equal(len(calls(path)), 1, "calls")
        clear(c)
    after = c.kubectl_json("get configmap named")["metadata"]
    equal((after["uid"], after["namespace"]), (before["uid"], "t-admission"), "uid and namespace")
    c.kubectl("get configmap other").fails(1).err_has("NotFound")
    c.kubectl("get configmap named", namespace="default").fails(1).err_has("NotFound")


@CASES.case("a validating webhook denies, in its own words")
def deny(c):
    configure(c, "Validating", "deny", hook("deny", "/deny"))
    c.kubectl("create configmap three").fails(1).err_has(
        'admission webhook "deny.example.com" denied the request: the word is not said')
    c.kubectl("create configmap three --dry-run=server").fails(1).err_has("the word is not said")
    true(any(call["dryRun"] for call in calls("/deny")), "the webhook is told of the dry run")
    clear(c)
    c.kubectl("create configmap three").ok()


@CASES.case("warnings of a webhook reach kubectl")
def warn(c):
    configure(c, "Validating", "warn", hook("warn", "/warn"))
    c.kubectl("create configmap four").ok().err_has("Warning: this is discouraged")
    clear(c)


@CASES.case("deletes are shown with the old object, and can be denied")
def delete(c):
    rules = [{"operations": ["DELETE"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["configmaps"]}]
    configure(c, "Validating", "keep", hook("keep", "/deny", rules=rules))
    c.kubectl("delete configmap four").fails(1).err_has('admission webhook "keep.example.com" denied the request')
    true([call for call in calls("/deny") if call["operation"] == "DELETE" and call["old"]], "the old object is shown")
    clear(c)
    c.kubectl("delete configmap four").ok()


@CASES.case("exec is a CONNECT that a webhook can deny")
def connect(c):
    c.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shell"}, "spec": {"terminationGracePeriodSeconds": 0, "containers": [
        {"name": "main", "image": "charon.local/busybox:1", "command": ["sleep", "1000"]}]}}).ok()
    c.wait_ready("shell")
    rules = [{"operations": ["CONNECT"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods/exec"]}]
    configure(c, "Validating", "no-exec", hook("no-exec", "/deny", rules=rules))
    c.kubectl("exec shell -- echo hello").fails(1).err_has("the word is not said")
    equal([call["kind"] for call in calls("/deny") if call["operation"] == "CONNECT"][0], "PodExecOptions", "the kind")
    clear(c)
    c.kubectl("exec shell -- echo hello").ok().says("hello")


@CASES.case("a scale is shown as a Scale, to webhooks whose rules name it")
def scale(c):
    c.kubectl("create deployment grown --image=charon.local/none:1 --replicas=0").ok()
    rules = [{"operations": ["UPDATE"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/scale"]}]
    configure(c, "Validating", "no-scale", hook("no-scale", "/deny", rules=rules))
    c.kubectl("scale deployment grown --replicas=2").fails(1).err_has("the word is not said")
    call = calls("/deny")[-1]
    equal((call["kind"], call["subresource"], call["name"], call["old"]), ("Scale", "scale", "grown", True), "the call")
    c.kubectl("annotate deployment grown by=hand").ok()
    clear(c)
    c.kubectl("scale deployment grown --replicas=1").ok()
    c.kubectl("delete deployment grown").ok()


@CASES.case("a webhook that is too slow: failurePolicy Fail and Ignore")
def slow(c):
    configure(c, "Validating", "slow", hook("slow", "/slow", timeoutSeconds=1))
    c.kubectl("create configmap five").fails(1).err_has(
        'Internal error occurred: failed calling webhook "slow.example.com": failed to call webhook: Post '
        f'"https://127.0.0.1:{HOOKS["server"].port}/slow?timeout=1s": context deadline exceeded')
    configure(c, "Validating", "slow", hook("slow", "/slow", timeoutSeconds=1, failurePolicy="Ignore"))
    c.kubectl("create configmap five").ok()
    clear(c)


@CASES.case("a webhook that nobody serves: failurePolicy Fail and Ignore")
def absent(c):
    nobody = {"url": "https://127.0.0.1:1/x", "caBundle": HOOKS["server"].ca}
    configure(c, "Mutating", "gone", hook("gone", "/x", clientConfig=nobody))
    c.kubectl("create configmap six").fails(1).err_has('failed calling webhook "gone.example.com"', "connection refused")
    configure(c, "Mutating", "gone", hook("gone", "/x", clientConfig=nobody, failurePolicy="Ignore"))
    c.kubectl("create configmap six").ok()
    clear(c)


@CASES.case("matchConditions are taken with a warning")
def conditions(c):
    configure(c, "Validating", "cel", hook("cel", "/warn", matchConditions=[{"name": "m", "expression": "true"}])).err_has(
        "Warning: webhooks[0].matchConditions: this server does not evaluate CEL yet")
    clear(c)


@CASES.case("a configuration that says nonsense is refused")
def nonsense(c):
    c.apply({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "odd"},
             "webhooks": [hook("odd", "/x", clientConfig={"url": "http://here"}, sideEffects="Some")]}).fails(1).err_has(
        "webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme", 'webhooks[0].sideEffects: Unsupported value: "Some"')


@CASES.case("a webhook behind a Service, in a pod")
def service(c):
    config = """events {}
http { access_log off; server { listen 8443 ssl; ssl_certificate /tls/tls.crt; ssl_certificate_key /tls/tls.key; default_type application/json;
location / { return 200 '{"response":{"allowed":false,"status":{"message":"from the pod"}}}'; } } }
"""
    c.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "hook"}, "data": {"nginx.conf": config}}).ok()
    c.kubectl(["create", "secret", "tls", "hook", f"--cert={HOOKS['server'].certificate}", f"--key={HOOKS['server'].key}"]).ok()
    c.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "hook", "labels": {"app": "hook"}}, "spec": {
        "terminationGracePeriodSeconds": 1,
        "volumes": [{"name": "conf", "configMap": {"name": "hook"}}, {"name": "tls", "secret": {"secretName": "hook"}}],
        "containers": [{"name": "nginx", "image": "charon.local/nginx:1", "command": ["nginx", "-c", "/conf/nginx.conf", "-g", "daemon off;"],
                        "volumeMounts": [{"name": "conf", "mountPath": "/conf"}, {"name": "tls", "mountPath": "/tls"}]}]}}).ok()
    c.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "hook"},
             "spec": {"selector": {"app": "hook"}, "ports": [{"port": 443, "targetPort": 8443}]}}).ok()
    c.wait_ready("hook")
    # It answers the same to everybody and so cannot echo a uid: that is v1beta1.
    target = {"service": {"namespace": "t-admission", "name": "hook", "path": "/check"}, "caBundle": HOOKS["server"].ca}
    configure(c, "Validating", "in-pod", hook("in-pod", "/x", clientConfig=target, admissionReviewVersions=["v1beta1"]))
    eventually(lambda: c.kubectl("create configmap seven").fails(1).err_has(
        'admission webhook "in-pod.example.com" denied the request: from the pod'))
    clear(c)


@CASES.case("the metrics of webhooks")
def metrics(c):
    text = c.kubectl("get --raw /metrics", namespace=None).ok().out
    true('apiserver_admission_webhook_rejection_count{name="deny.example.com"' in text, "rejections are counted")
    true('apiserver_admission_webhook_fail_open_count{name="slow.example.com",type="validating"}' in text, "ignored failures are counted")


@CASES.case("a quota is not exceeded, and what is gone is free again")
def quota(c):
    c.kubectl("create quota few --hard=count/secrets=3").ok()
    eventually(lambda: c.kubectl("get quota few -o jsonpath={.status.used}").ok().has("count/secrets"))
    used = int(c.kubectl_json("get quota few")["status"]["used"]["count/secrets"])
    for number in range(used, 3):
        c.kubectl(f"create secret generic s{number}").ok()
    c.kubectl("create secret generic more").fails(1).err_has(
        'secrets "more" is forbidden: exceeded quota: few, requested: count/secrets=1, '
        'used: count/secrets=3, limited: count/secrets=3')
    c.kubectl("delete secret s2").ok()
    eventually(lambda: c.kubectl("create secret generic more").ok())
    c.kubectl("describe quota few").ok().shows("count/secrets 3 3")
    c.kubectl("delete quota few").ok()


@CASES.case("a limit range gives defaults and bounds")
def limits(c):
    c.apply({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "range"}, "spec": {"limits": [
        {"type": "Container", "default": {"memory": "64Mi"}, "defaultRequest": {"memory": "32Mi"}, "max": {"memory": "128Mi"}}]}}).ok()
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "small"}, "spec": {"terminationGracePeriodSeconds": 0, "containers": [
        {"name": "main", "image": "charon.local/busybox:1", "command": ["sleep", "1000"]}]}}
    c.apply(pod).ok()
    equal(c.kubectl_json("get pod small")["spec"]["containers"][0]["resources"],
          {"limits": {"memory": "64Mi"}, "requests": {"memory": "32Mi"}}, "the resources")
    pod["metadata"]["name"] = "large"
    pod["spec"]["containers"][0]["resources"] = {"limits": {"memory": "1Gi"}}
    c.apply(pod).fails(1).err_has('pods "large" is forbidden: maximum memory usage per Container is 128Mi, but limit is 1Gi')
    c.kubectl("delete limitrange range").ok()


@CASES.case("pod security refuses a privileged pod and warns about workloads")
def security(c):
    c.kubectl("label namespace t-admission pod-security.kubernetes.io/enforce=baseline", namespace=None).ok()
    c.apply(PRIVILEGED).fails(1).err_has(
        'Error from server (Forbidden): error when creating "STDIN": pods "mighty" is forbidden: violates PodSecurity "baseline:latest": '
        'privileged (container "main" must not set securityContext.privileged=true)')
    c.kubectl("create deployment rooted --image=charon.local/busybox:1 --dry-run=server").ok()
    c.kubectl("label namespace t-admission pod-security.kubernetes.io/warn=restricted", namespace=None).ok()
    c.kubectl("create deployment rooted --image=charon.local/busybox:1 --dry-run=server").ok().err_has(
        'Warning: would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "busybox" must set '
        'securityContext.allowPrivilegeEscalation=false)')
    c.kubectl("label namespace t-admission pod-security.kubernetes.io/enforce-", namespace=None).ok()
    c.apply(PRIVILEGED).ok().err_has('Warning: would violate PodSecurity "restricted:latest": privileged')
    c.kubectl("label namespace t-admission --overwrite pod-security.kubernetes.io/enforce=baseline", namespace=None).ok().err_has(
        'Warning: existing pods in namespace "t-admission" violate the new PodSecurity enforce level "baseline:latest"', "Warning: mighty: privileged")


@CASES.case("the webhook server ends")
def stop(c):
    clear(c)
    HOOKS["server"].remove()

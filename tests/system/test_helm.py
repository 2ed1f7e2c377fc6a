"""Helm 4 with a small chart of ours (tests/charts/web): its releases are Secrets, its hooks Pods and a ConfigMap."""
import json
import os

from .checks import Suite, equal, eventually, true

CASES = Suite(namespace="t-helm")

# On the server, as Helm 4 does by itself for a new release.
APPLY = "--server-side=true"


def helm(c, arguments, timeout=120):
    homes = {name: os.path.join(c.data_dir, "helm") for name in ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME")}
    return c.run(f"{c.root}/build/clients/helm-4 -n {c.namespace} {arguments}", timeout=timeout, env=homes)


def chart(c):
    return f"{c.root}/tests/charts/web"


def page(c):
    return c.kubectl_json("get cm site-page")["data"]


def releases(c):
    return sorted(item["metadata"]["name"] for item in c.kubectl_json("get secrets -l owner=helm")["items"])


@CASES.case("helm-4 is fetched", essential=True)
def fetch(c):
    c.fetch_client("helm-4")
    helm(c, "version").ok().has("v4.")


@CASES.case("install waits for hooks and for the deployment", essential=True)
def install(c):
    helm(c, f"install site {chart(c)} {APPLY} --wait --timeout 60s").ok().has("STATUS: deployed", "REVISION: 1", "site says first on Kubernetes v1.36")
    equal(c.kubectl_json("get deployment site")["status"].get("readyReplicas"), 1, "the ready pods")
    c.kubectl("logs site-before").ok().says("before")
    equal(page(c), {"message": "first", "revision": "1"}, "the page")
    c.kubectl("get sa site-capable").ok()
    c.kubectl("logs site-after").ok().says("after 1")
    c.kubectl("get pod site-parting site-gone").fails(1).err_has('"site-parting" not found', '"site-gone" not found')


@CASES.case("the chart's definitions come before its objects of them")
def definitions(c):
    c.kubectl("wait --for=condition=Established crd/notes.charts.example.com --timeout=5s", namespace=None).ok()
    equal(c.kubectl_json("get note site")["spec"], {"text": "first"}, "the Note")


@CASES.case("helm test runs the chart's test")
def test(c):
    helm(c, "test site --logs --timeout 60s").ok().has("Phase:          Succeeded", "the page says first")


@CASES.case("install of a name that is taken fails")
def taken(c):
    helm(c, f"install site {chart(c)} {APPLY}").fails().err_has("a name that is still in use")


@CASES.case("the release is a Secret of Helm's type, found by its labels")
def storage(c):
    equal(releases(c), ["sh.helm.release.v1.site.v1"], "the Secrets")
    secret = c.kubectl_json("get secret sh.helm.release.v1.site.v1")
    equal((secret["type"], secret["metadata"]["labels"]["status"]), ("helm.sh/release.v1", "deployed"), "type and status")


@CASES.case("list, status, get, history")
def read(c):
    helm(c, "list").ok().shows("site t-helm 1", "deployed web-0.1.0 1")
    equal([one["name"] for one in json.loads(helm(c, "list -A -o json").ok().out)], ["site"], "the releases")
    helm(c, "status site").ok().has("STATUS: deployed")
    helm(c, "get manifest site").ok().has("kind: Deployment", "kind: Service")
    helm(c, "get values site --all").ok().has("message: first")
    helm(c, "get hooks site").ok().has("kind: Pod", "helm.sh/hook: pre-install,pre-upgrade")
    helm(c, "get notes site").ok().has("site says first")
    helm(c, "history site").ok().shows("1", "Install complete")


@CASES.case("upgrade runs its hooks anew and changes what differs")
def upgrade(c):
    before = c.kubectl_json("get service site")["metadata"]["resourceVersion"]
    helm(c, f"upgrade site {chart(c)} {APPLY} --set message=second,replicas=2 --wait --timeout 60s").ok().has("REVISION: 2", "site says second")
    equal(page(c), {"message": "second", "revision": "2"}, "the page")
    equal(c.kubectl_json("get deployment site")["status"].get("readyReplicas"), 2, "the ready pods")
    equal(c.kubectl_json("get cm site-hook")["data"]["revision"], "2", "the hook's revision")
    c.kubectl("logs site-after").ok().says("after 2")
    equal(c.kubectl_json("get note site")["spec"], {"text": "second"}, "the Note")
    equal(c.kubectl_json("get service site")["metadata"]["resourceVersion"], before, "the Service, which does not differ")


@CASES.case("what was changed by hand stays when the chart does not name it")
def by_hand(c):
    c.kubectl("annotate deployment site by=hand").ok()
    helm(c, f"upgrade site {chart(c)} {APPLY} --set message=third --wait --timeout 60s").ok()
    equal(c.kubectl_json("get deployment site")["metadata"]["annotations"].get("by"), "hand", "the annotation")
    eventually(lambda: equal(c.kubectl_json("get deployment site")["spec"]["replicas"], 1, "the replicas"), 10)


@CASES.case("a hook that fails makes the upgrade fail, and rollback goes back")
def rollback(c):
    helm(c, f"upgrade site {chart(c)} {APPLY} --set-json 'hookCommand=[\"false\"]' --set message=bad --timeout 30s").fails().err_has("pre-upgrade hooks failed")
    equal(page(c)["message"], "third", "the page")
    helm(c, "status site").ok().has("STATUS: failed")
    helm(c, f"rollback site 2 {APPLY} --wait --timeout 60s").ok().has("Rollback was a success")
    equal((page(c), c.kubectl_json("get deployment site")["spec"]["replicas"]), ({"message": "second", "revision": "2"}, 2), "page and replicas")
    equal(helm(c, "history site").ok().out.count("\n"), 6, "the lines of the history")


@CASES.case("upgrade --install --rollback-on-failure takes back what does not become ready")
def rollback_on_failure(c):
    helm(c, f"upgrade --install site {chart(c)} {APPLY} --set image=charon.local/none:1 --rollback-on-failure --timeout 6s").fails()
    eventually(lambda: helm(c, "status site").ok().has("STATUS: deployed"), 10)
    equal(c.kubectl_json("get deployment site")["spec"]["template"]["spec"]["containers"][0]["image"], "charon.local/nginx:1", "the image")


@CASES.case("template and dry runs store nothing")
def dry(c):
    before = releases(c)
    helm(c, f"template other {chart(c)}").ok().has("name: other")
    helm(c, f"install other {chart(c)} {APPLY} --dry-run=server").ok().has("STATUS: pending-install")
    equal(releases(c), before, "the releases")
    c.kubectl("get deployment other").fails(1)


@CASES.case("an object of somebody else is not taken over")
def foreign(c):
    c.kubectl("create cm theirs-page").ok()
    helm(c, f"install theirs {chart(c)} {APPLY}").fails().err_has("invalid ownership metadata")
    c.kubectl("get deployment theirs").fails(1)


@CASES.case("uninstall removes what it made, with hooks before and after, and hooks and definitions stay")
def uninstall(c):
    helm(c, "uninstall site --wait --timeout 60s").ok().has('release "site" uninstalled')
    equal(c.kubectl("get deployment,svc,cm,note site site-page --ignore-not-found -o name").ok().out.strip(), "", "what is left")
    c.kubectl("get pod site-before").ok()
    revision = c.kubectl("logs site-parting").ok().out.split()[-1]
    c.kubectl("logs site-gone").ok().says(f"gone {revision}")
    c.kubectl("delete crd notes.charts.example.com", namespace=None).ok()
    true(not [name for name in releases(c) if ".site." in name], "its Secrets are gone")
    helm(c, "status site").fails().err_has("release: not found")

"""Namespaces and what every one gets."""
import json

from .checks import Suite, equal, eventually, true

CASES = Suite()


@CASES.case("create namespace", essential=True)
def create(c):
    c.kubectl("create namespace t-ns", namespace=None).ok().says("namespace/t-ns created")
    c.kubectl("get ns t-ns", namespace=None).ok().has("Active")


@CASES.case("it gets the account default and the ConfigMap kube-root-ca.crt")
def gets(c):
    eventually(lambda: c.kubectl("get sa default", namespace="t-ns").ok(), 5)
    ca = eventually(lambda: c.kubectl("get cm kube-root-ca.crt -o json", namespace="t-ns").ok(), 5)
    true("BEGIN CERTIFICATE" in json.loads(ca.out)["data"]["ca.crt"], "it holds a certificate")


@CASES.case("what was deleted of them comes back")
def comes_back(c):
    c.kubectl("delete sa default", namespace="t-ns").ok()
    c.kubectl("delete cm kube-root-ca.crt", namespace="t-ns").ok()
    eventually(lambda: c.kubectl("get sa/default cm/kube-root-ca.crt", namespace="t-ns").ok(), 5)


@CASES.case("describe namespace")
def describe(c):
    c.kubectl("describe ns t-ns", namespace=None).ok().shows("Name: t-ns", "Status: Active")


@CASES.case("delete namespace empties and ends it")
def delete(c):
    c.kubectl("create cm a", namespace="t-ns").ok()
    c.kubectl("create deployment d --image=charon.local/nginx:1", namespace="t-ns").ok()
    c.kubectl("delete ns t-ns --timeout=60s", namespace=None, timeout=75).ok().has('namespace "t-ns" deleted')
    c.kubectl("get ns t-ns", namespace=None).fails(1).err_has("NotFound")
    for kind in ("cm", "deployments", "pods", "rs", "sa"):
        equal(c.kubectl_json(f"get {kind}", namespace="t-ns")["items"], [], f"what is left of {kind}")


@CASES.case("create in a namespace that is ending: Forbidden")
def ending(c):
    c.kubectl("create ns t-ending", namespace=None).ok()
    held = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", "finalizers": ["example.com/hold"]}}
    c.kubectl("create -f -", namespace="t-ending", stdin=json.dumps(held)).ok()
    c.kubectl("delete ns t-ending --wait=false", namespace=None).ok()
    eventually(lambda: c.kubectl("get ns t-ending", namespace=None).ok().has("Terminating"), 5)
    c.kubectl("create cm b", namespace="t-ending").fails(1).err_has("forbidden: unable to create new content in namespace t-ending because it is being terminated")
    c.kubectl(["patch", "cm", "held", "--type=merge", "-p", '{"metadata":{"finalizers":null}}'], namespace="t-ending").ok()
    c.wait_gone("ns t-ending", namespace=None)


@CASES.case("the namespace default may not be deleted")
def default(c):
    c.kubectl("delete ns default --wait=false", namespace=None).fails(1).err_has("(Forbidden)", "this namespace may not be deleted")

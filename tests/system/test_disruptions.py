"""Budgets and drains, volumes and their claims, autoscalers, leadership."""
from .checks import Suite, equal, eventually, true
from .test_nodes import name

CASES = Suite(namespace="t-disruptions")


def running(c, app):
    pods = c.kubectl_json(f"get pods -l app={app} --field-selector status.phase=Running")["items"]
    return [p["metadata"]["name"] for p in pods if "deletionTimestamp" not in p["metadata"]]


def allowed(c):
    return c.kubectl_json("get pdb guarded")["status"].get("disruptionsAllowed")


@CASES.case("a drain keeps to a budget")
def drain(c):
    drain = f"drain {name(c)} --ignore-daemonsets --force --delete-emptydir-data --pod-selector=app=guarded"
    c.kubectl("create deployment guarded --image=charon.local/nginx:1 --replicas=2").ok()
    c.kubectl("rollout status deployment/guarded --timeout=40s").ok()
    c.kubectl("create poddisruptionbudget guarded --selector=app=guarded --min-available=2").ok()
    try:
        eventually(lambda: c.kubectl("get pdb guarded").ok().shows("guarded 2 N/A 0"))
        c.kubectl("describe pdb guarded").ok().shows("Min available: 2", "Allowed disruptions: 0", "Current: 2", "Desired: 2", "Total: 2")
        before = running(c, "guarded")
        c.kubectl(drain + " --timeout=7s").fails(1).err_has("Cannot evict pod as it would violate the pod's disruption budget.")
        equal(running(c, "guarded"), before, "all pods stay")
        # One may go; the one in its place finds no node, so the other stays.
        c.kubectl("""patch pdb guarded --type=merge -p '{"spec":{"minAvailable":1}}'""").ok()
        eventually(lambda: equal(allowed(c), 1, "allowed disruptions"))
        c.kubectl(drain + " --timeout=9s").fails(1).err_has("Cannot evict pod")
        left = running(c, "guarded")
        true(len(left) == 1 and left[0] in before, f"one of {before} stays: {left}")
        c.kubectl("delete pdb guarded").ok()
        c.kubectl(drain + " --timeout=40s").ok().has("drained")
    finally:
        c.kubectl(f"uncordon {name(c)}").ok()
        c.kubectl("delete deployment guarded").ok()


VOLUME = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "t-disk"},
          "spec": {"capacity": {"storage": "2Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/tmp/charon-t-disk"}, "storageClassName": "t-manual"}}
CLAIM = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "disk"},
         "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": "t-manual"}}


@CASES.case("a claim is bound to a volume, which is released after it")
def bind(c):
    c.apply(CLAIM).ok()
    eventually(lambda: c.kubectl("get pvc disk").ok().has("Pending"))
    eventually(lambda: c.kubectl("describe pvc disk").ok().has("ProvisioningFailed", '"t-manual" not found'))
    c.apply(VOLUME).ok()
    try:
        eventually(lambda: c.kubectl("get pvc disk").ok().shows("disk Bound t-disk 2Gi RWO t-manual"))
        c.kubectl("get pv t-disk").ok().shows("t-disk 2Gi RWO Retain Bound t-disruptions/disk t-manual")
        c.kubectl("delete pvc disk").ok()
        eventually(lambda: c.kubectl("get pv t-disk").ok().has("Released"))
    finally:
        c.kubectl("delete pv t-disk").ok()


@CASES.case("an autoscaler keeps its bounds, and says that there are no metrics")
def autoscale(c):
    c.kubectl("create deployment scaled --image=charon.local/busybox:1 --replicas=4 -- sleep 1000").ok()
    c.kubectl("autoscale deployment scaled --min=1 --max=2 --cpu-percent=50").ok().has("autoscaled")
    eventually(lambda: equal(c.kubectl_json("get deployment scaled")["spec"]["replicas"], 2, "the replicas"))
    eventually(lambda: c.kubectl("describe hpa scaled").ok().has(
        "SuccessfulRescale", "Current number of replicas above Spec.MaxReplicas", "FailedGetResourceMetric",
        "the server could not find the requested resource (get pods.metrics.k8s.io)"), 40)
    c.kubectl("get hpa scaled").ok().shows("Deployment/scaled cpu: <unknown>/50% 1 2 2")
    c.kubectl("delete hpa,deployment scaled").ok()


@CASES.case("controllers and scheduler hold their leases")
def leases(c):
    for lease in ("kube-controller-manager", "kube-scheduler"):
        spec = c.kubectl_json(f"get lease {lease}", namespace="kube-system")["spec"]
        true(spec["holderIdentity"].startswith(name(c) + "_"), f"the holder of {lease}: {spec}")
        equal(spec["leaseDurationSeconds"], 15, "its duration")

        def renewed(lease=lease, before=spec["renewTime"]):
            true(c.kubectl_json(f"get lease {lease}", namespace="kube-system")["spec"]["renewTime"] != before, "it is renewed")
        eventually(renewed, 6)
    c.kubectl("get --raw /metrics").ok().has('leader_election_master_status{name="kube-scheduler"} 1')
